import { expect } from "chai";
import { submitElement } from "../../src/data-form.js";
import { StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import { RawApp } from "../support/raw-app.js";
import { RawDevice } from "../support/raw-device.js";
import { until } from "../support/until.js";
import { useWorld, type World } from "../support/world.js";

/** The condition with which something is refused. */
async function condition(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: unknown) => {
      if (error instanceof StanzaError) return error.condition;
      throw error;
    },
  );
}

let lastNumber = 15_551_230_000;

/** Somebody with a number and an app that is online. */
async function appOf(world: World, localpart: string, features: readonly string[] = []) {
  const number = `+${++lastNumber}`;
  const credentials = await world.person(number, localpart);
  const app = await RawApp.online(credentials, `secret-${localpart}`, features);
  return { app, credentials, number, jid: `${number}@${credentials.numberDomain}` };
}

type Person = Awaited<ReturnType<typeof appOf>>;

async function subscribe(one: Person, other: Person): Promise<void> {
  await one.app.send(`<presence type='subscribe' to='${other.jid}'/>`);
  await other.app.presence(one.jid, "subscribe");
  await other.app.send(`<presence type='subscribed' to='${one.jid}'/>`);
  await one.app.presence(other.jid, "subscribed");
  await one.app.presence(other.jid, undefined);
}

async function choose(person: Person, values: Record<string, string>): Promise<void> {
  const node = "urn:twotick:privacy";
  const form = submitElement(node, values);
  const command = xml("command", { xmlns: NS.commands, node, action: "execute" }, form);
  await person.app.ask("set", person.credentials.numberDomain, command);
}

async function block(person: Person, jid: string, name: "block" | "unblock" = "block"): Promise<void> {
  const request = xml(name, { xmlns: NS.blocking }, xml("item", { jid }));
  await person.app.ask("set", person.credentials.numberDomain, request);
}

const infoQuery = (node?: string): Element => xml("query", { xmlns: NS.discoInfo, node });

describe("a subscription between numbers", () => {
  const world = useWorld();
  let romeo: Person;
  let juliet: Person;
  before(async () => {
    romeo = await appOf(world(), "opaque-romeo", [NS.jingle, NS.ping, NS.commands, "jabber:iq:version"]);
    juliet = await appOf(world(), "opaque-juliet", [NS.jingle, NS.chatStates, NS.idle, NS.commands]);
  });
  after(async () => {
    await Promise.all([romeo.app.stop(), juliet.app.stop()]);
  });

  it("is asked for in the subscriber's number, and shows the presence once it is granted", async () => {
    await romeo.app.send(`<presence type='subscribe' to='${juliet.jid}'/>`);
    const asked = await juliet.app.presence(romeo.jid, "subscribe");
    expect(attribute(asked, "to")).to.equal(juliet.app.account);
    expect(
      romeo.app.presences(juliet.jid).filter((one) => attribute(one, "type") === undefined),
    ).to.deep.equal([]);
    await juliet.app.send(`<presence type='subscribed' to='${romeo.jid}'/>`);
    await romeo.app.presence(juliet.jid, "subscribed");
    await romeo.app.presence(juliet.jid, undefined);
  });

  it("shows neither the account nor the resource", () => {
    const told = romeo.app.presences(juliet.jid).map(String).join("");
    expect(told).to.include(`from="${juliet.jid}/`);
    expect(told).not.to.include("opaque-juliet");
    expect(told).not.to.include("secret-");
  });

  it("shows show and status as they change, from the same resource", async () => {
    const before = romeo.app.presences(juliet.jid).length;
    const from = attribute(await romeo.app.presence(juliet.jid, undefined), "from");
    await juliet.app.send("<presence><show>away</show><status>on the balcony</status></presence>");
    const changed = await romeo.app.presence(juliet.jid, undefined, before);
    expect(changed.getChildText("show")).to.equal("away");
    expect(changed.getChildText("status")).to.equal("on the balcony");
    expect(attribute(changed, "from")).to.equal(from);
  });

  it("announces caps that disco at that very JID answers, without what a number cannot do", async () => {
    const shown = await romeo.app.presence(juliet.jid, undefined);
    const caps = shown.getChild("c", NS.caps);
    const node = `${caps?.attrs["node"]}#${caps?.attrs["ver"]}`;
    const info = await romeo.app.ask("get", attribute(shown, "from"), infoQuery(node));
    const features = info.getChildren("feature").map((feature) => attribute(feature, "var"));
    expect(features).to.include.members([NS.jingle, NS.chatStates, NS.idle, NS.discoInfo]);
    expect(features).not.to.include(NS.commands);
    expect(String(info)).not.to.include("Secret Software");
    const wrong = romeo.app.ask("get", attribute(shown, "from"), infoQuery("urn:other#x"));
    expect(await condition(wrong)).to.equal("item-not-found");
    const nobody = romeo.app.ask("get", `${juliet.jid}/nobody`, infoQuery());
    expect(await condition(nobody)).to.equal("service-unavailable");
  });

  it("says of the number what all of its apps can do, and a stranger nothing of them", async () => {
    const tablet = await RawApp.online(juliet.credentials, "tablet", [NS.jingle, NS.correction]);
    const stranger = await appOf(world(), "opaque-paris");
    const featuresFor = async ({ app }: Person): Promise<(string | undefined)[]> => {
      const info = await app.ask("get", juliet.jid, infoQuery());
      return info.getChildren("feature").map((feature) => attribute(feature, "var"));
    };
    // Each of the two alone has another beside it
    await until("both are known", async () => !(await featuresFor(romeo)).includes(NS.chatStates), 10_000);
    const common = await featuresFor(romeo);
    expect(common).to.include(NS.jingle);
    expect(common).not.to.include(NS.correction);
    expect(await featuresFor(stranger)).not.to.include(NS.jingle);
    await Promise.all([tablet.stop(), stranger.app.stop()]);
    await until("one app is left", async () => (await featuresFor(romeo)).includes(NS.chatStates), 10_000);
  });

  it("tells who comes online anew, without waiting for a change", async () => {
    const again = await RawApp.online(romeo.credentials, "orchard");
    await again.presence(juliet.jid, undefined);
    await again.stop();
  });

  it("lasts over a restart of the component", async () => {
    await world().stopComponent();
    await world().startComponent();
    const again = await RawApp.online(romeo.credentials, "orchard");
    await again.presence(juliet.jid, undefined);
    await again.stop();
  });

  it("ends when the subscriber does not want it any more", async () => {
    const before = romeo.app.presences(juliet.jid).length;
    await romeo.app.send(`<presence type='unsubscribe' to='${juliet.jid}'/>`);
    await romeo.app.presence(juliet.jid, "unavailable", before);
    await juliet.app.presence(romeo.jid, "unsubscribe");
  });

  it("is refused to a number of nobody, and to whoever has none", async () => {
    const nobody = `+15559999999@${juliet.credentials.numberDomain}`;
    await romeo.app.send(`<presence type='subscribe' to='${nobody}'/>`);
    await romeo.app.presence(nobody, "unsubscribed");
    await world().person("+15551239999", "numberless");
    await world().withStore((store) =>
      store.of<{ unlink(jid: string): void }>("accounts").unlink(`numberless@${romeo.credentials.domain}`),
    );
    const tybalt = await RawApp.online({ ...romeo.credentials, username: "numberless" });
    await tybalt.send(`<presence type='subscribe' to='${juliet.jid}'/>`);
    const refusal = await tybalt.presence(juliet.jid, "error");
    expect(refusal.getChild("error")?.getChild("registration-required")).not.to.equal(undefined);
    await tybalt.stop();
  });
});

describe("who sees whom", () => {
  const world = useWorld();
  const people: Person[] = [];
  let arrived = 0;
  // Accounts of their own each time: whose number an account is, the component remembers for a minute
  const arrive = async (name: string, features: readonly string[] = []): Promise<Person> => {
    const person = await appOf(world(), `${name}-${++arrived}`, features);
    people.push(person);
    return person;
  };
  afterEach(async () => {
    await Promise.all(people.splice(0).map(({ app }) => app.stop()));
  });

  it("follows a change of the setting at once", async () => {
    const [romeo, juliet] = [await arrive("romeo"), await arrive("juliet")];
    await subscribe(romeo, juliet);
    let before = romeo.app.presences(juliet.jid).length;
    await choose(juliet, { presence: "nobody" });
    await romeo.app.presence(juliet.jid, "unavailable", before);
    before = romeo.app.presences(juliet.jid).length;
    await choose(juliet, { presence: "everyone" });
    await romeo.app.presence(juliet.jid, undefined, before);
  });

  it("is everyone who subscribes, when a person says so", async () => {
    const [romeo, juliet] = [await arrive("romeo"), await arrive("juliet")];
    await choose(juliet, { presence: "everyone" });
    await romeo.app.send(`<presence type='subscribe' to='${juliet.jid}'/>`);
    await romeo.app.presence(juliet.jid, "subscribed");
    await romeo.app.presence(juliet.jid, undefined);
  });

  it("is nobody on either side of a block, without a word, until it ends", async () => {
    const [romeo, juliet] = [await arrive("romeo"), await arrive("juliet")];
    await subscribe(romeo, juliet);
    let before = romeo.app.presences(juliet.jid).length;
    await block(juliet, romeo.jid);
    await romeo.app.presence(juliet.jid, "unavailable", before);
    const asked = [
      romeo.app.ask("get", juliet.jid, xml("vCard", { xmlns: NS.vcardTemp })),
      romeo.app.ask("get", juliet.jid, xml("query", { xmlns: NS.lastActivity })),
    ];
    for (const question of asked) expect(await condition(question)).to.equal("item-not-found");
    before = romeo.app.presences(juliet.jid).length;
    await block(juliet, romeo.jid, "unblock");
    await romeo.app.presence(juliet.jid, undefined, before);
  });

  it("keeps a blocked sender's messages from the mailbox, and says accepted", async () => {
    const romeo = await RawDevice.online(await world().person("+15551237001"));
    const juliet = await RawDevice.online(await world().person("+15551237002"));
    const list = xml("block", { xmlns: NS.blocking }, xml("item", { jid: romeo.numberJid }));
    await juliet.ask("set", list);
    const blocklist = await juliet.ask("get", xml("blocklist", { xmlns: NS.blocking }));
    expect(blocklist.getChildren("item").map((item) => attribute(item, "jid"))).to.deep.equal([
      romeo.numberJid,
    ]);
    const id = await romeo.say(juliet.numberJid, "but soft");
    expect((await romeo.status(id)).id).to.equal(id);
    await juliet.ask("set", xml("unblock", { xmlns: NS.blocking }, xml("item", { jid: romeo.numberJid })));
    await romeo.say(juliet.numberJid, "what light");
    expect(await juliet.texts(1)).to.deep.equal(["what light"]);
    expect(romeo.receipts.filter(({ ids }) => ids.includes(id))).to.deep.equal([]);
    await Promise.all([romeo.stop(), juliet.stop()]);
  });

  it("is nobody whom the person blocked on the host", async () => {
    const [romeo, juliet] = [await arrive("romeo"), await arrive("juliet")];
    await subscribe(romeo, juliet);
    let before = romeo.app.presences(juliet.jid).length;
    const list = (name: string): Element =>
      xml(name, { xmlns: NS.blocking }, xml("item", { jid: romeo.jid }));
    await juliet.app.ask("set", undefined, list("block"));
    await romeo.app.presence(juliet.jid, "unavailable", before);
    const isEnd = (one: Element): boolean =>
      attribute(one, "from") === juliet.jid && attribute(one, "type") === "unavailable";
    const hasGone = (): boolean => romeo.app.presences(juliet.jid).slice(before).some(isEnd);
    await until("the bare JID has gone too", hasGone, 15_000);
    before = romeo.app.presences(juliet.jid).length;
    expect(
      await condition(romeo.app.ask("get", juliet.jid, xml("query", { xmlns: NS.lastActivity }))),
    ).to.equal("item-not-found");
  });

  it("sees an app that was shown to that one alone go when it goes", async () => {
    const [romeo, juliet] = [await arrive("romeo"), await arrive("juliet")];
    await romeo.app.send(`<presence to='${juliet.jid}'/>`);
    await juliet.app.presence(romeo.jid, undefined);
    await romeo.app.stop();
    await juliet.app.presence(romeo.jid, "unavailable");
  });

  it("is each of several to whom an app was shown at once, until it goes", async () => {
    const romeo = await arrive("benvolio");
    const others = [await arrive("nurse"), await arrive("paris")];
    await Promise.all(others.map(({ jid }) => romeo.app.send(`<presence to='${jid}'/>`)));
    for (const { app } of others) await app.presence(romeo.jid, undefined);
    await romeo.app.stop();
    for (const { app } of others) await app.presence(romeo.jid, "unavailable");
  });

  it("sees an app that was shown to that one alone go when the person blocks that one", async () => {
    const [romeo, juliet] = [await arrive("mercutio"), await arrive("tybalt")];
    await romeo.app.send(`<presence to='${juliet.jid}'/>`);
    await juliet.app.presence(romeo.jid, undefined);
    await block(romeo, juliet.jid);
    await juliet.app.presence(romeo.jid, "unavailable");
  });

  it("is told that a contact is none any more when the number is given up", async () => {
    const [romeo, juliet] = [await arrive("romeo"), await arrive("juliet")];
    await subscribe(romeo, juliet);
    const before = romeo.app.presences(juliet.jid).length;
    const node = "urn:twotick:unlink";
    const command = xml(
      "command",
      { xmlns: NS.commands, node, action: "execute" },
      submitElement(node, { confirm: "1" }),
    );
    await juliet.app.ask("set", juliet.credentials.numberDomain, command);
    await romeo.app.presence(juliet.jid, "unavailable", before);
    await romeo.app.presence(juliet.jid, "unsubscribed", before);
  });
});
