import { expect } from "chai";
import { submitElement } from "../../src/data-form.js";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import { CapsApp, type CapsAppOptions } from "../support/caps-app.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

const NODES = [NS.nick, NS.avatarMetadata];
const NOTIFY = NODES.map((node) => `${node}+notify`);

function nick(name: string): Element {
  return xml("nick", { xmlns: NS.nick }, name);
}

function metadata(...infos: readonly Record<string, string>[]): Element {
  return xml("metadata", { xmlns: NS.avatarMetadata }, ...infos.map((info) => xml("info", info)));
}

function picture(digit: string, more: Record<string, string> = {}): Record<string, string> {
  return { id: digit.repeat(40), type: "image/png", bytes: "9", ...more };
}

/** The payload that an event tells. */
function told(event: Element | undefined): Element | undefined {
  return event?.getChild("items")?.getChild("item")?.getChildElements()[0];
}

describe("name and picture of a number", () => {
  const world = useWorld();
  const open: CapsApp[] = [];
  let next = 15551231000;
  const app = async (options: CapsAppOptions = { features: NOTIFY }): Promise<CapsApp> => {
    const one = await CapsApp.online(await world().person(`+${++next}`, `opaque-${newId()}`), options);
    open.push(one);
    return one;
  };
  /** As apps publish them: for those who see the presence of the account. */
  const publish = (by: CapsApp, node: string, content: Element, id = "current"): Promise<Element> => {
    const item = xml("item", { id }, content);
    return by.ask("set", xml("pubsub", { xmlns: NS.pubsub }, xml("publish", { node }, item)));
  };
  const show = async (who: CapsApp, profile: string): Promise<void> => {
    const node = "urn:twotick:privacy";
    const form = submitElement(node, { profile });
    await who.ask("set", xml("command", { xmlns: NS.commands, node }, form), who.credentials.numberDomain);
  };
  const name = (who: CapsApp, of: CapsApp): string | undefined =>
    told(who.eventsFrom(of.numberJid, NS.nick).at(-1))?.getText();
  const isCalled = (who: CapsApp, of: CapsApp, wanted: string): Promise<void> =>
    until(`the name ${wanted}`, () => name(who, of) === wanted, 10_000);
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.stop()));
  });

  it("are told to an app that asked for them, when it shows itself and at each change", async () => {
    const [romeo, juliet] = [await app(), await app()];
    await show(juliet, "everyone");
    await publish(juliet, NS.nick, nick("Juliet"));
    await publish(juliet, NS.avatarMetadata, metadata(picture("a")), "a".repeat(40));
    await romeo.show(juliet.numberJid);
    await isCalled(romeo, juliet, "Juliet");
    const seen = (): string | undefined => {
      const info = told(romeo.eventsFrom(juliet.numberJid, NS.avatarMetadata).at(-1))?.getChild("info");
      return info && attribute(info, "id");
    };
    await until("the picture", () => seen() === "a".repeat(40), 10_000);
    await publish(juliet, NS.nick, nick("Jule"));
    await publish(juliet, NS.avatarMetadata, metadata(picture("b")), "b".repeat(40));
    await isCalled(romeo, juliet, "Jule");
    await until("the other picture", () => seen() === "b".repeat(40), 10_000);
    await publish(juliet, NS.avatarMetadata, metadata());
    await until("no picture", () => seen() === undefined, 10_000);
    expect(romeo.eventsFrom(juliet.numberJid)).to.have.length(5);
  });

  it("are told without the account and without addresses of pictures", async () => {
    const [romeo, juliet] = [await app(), await app()];
    await show(juliet, "everyone");
    await romeo.show(juliet.numberJid);
    const elsewhere = picture("c", { url: `https://example.org/${juliet.credentials.username}.png` });
    await publish(juliet, NS.avatarMetadata, metadata(picture("c"), elsewhere), "c".repeat(40));
    const [event] = await romeo.events(juliet.numberJid, 1);
    expect(told(event)?.getChildren("info")).to.have.length(1);
    await publish(juliet, NS.nick, nick(`I am ${juliet.credentials.username}@${juliet.credentials.domain}`));
    await publish(juliet, NS.nick, nick("Juliet"));
    await isCalled(romeo, juliet, "Juliet");
    const all = romeo.stanzas.map(String).join("").toLowerCase();
    expect(all).not.to.contain(juliet.credentials.username.toLowerCase());
    const messages = romeo.stanzas.filter((one) => attribute(one, "from") === juliet.numberJid);
    expect(messages.map(({ attrs }) => attrs["type"])).to.include("headline");
  });

  it("are told to contacts alone, unless the person decides otherwise, and at once when somebody becomes one", async () => {
    const [romeo, nurse, juliet] = [await app(), await app(), await app()];
    await publish(juliet, NS.nick, nick("Juliet"));
    for (const one of [romeo, nurse]) await one.show(juliet.numberJid);
    await romeo.connection.send(`<presence type='subscribe' to='${juliet.numberJid}'/>`);
    const isAsked = (one: Element): boolean => attribute(one, "type") === "subscribe";
    await until("the question", () => juliet.stanzas.some(isAsked), 10_000);
    await publish(juliet, NS.nick, nick("Jule"));
    expect(romeo.eventsFrom(juliet.numberJid)).to.deep.equal([]);
    await juliet.connection.send(`<presence type='subscribed' to='${romeo.numberJid}'/>`);
    await isCalled(romeo, juliet, "Jule");
    await publish(juliet, NS.nick, nick("Julia"));
    await isCalled(romeo, juliet, "Julia");
    await nurse.settled();
    expect(nurse.eventsFrom(juliet.numberJid)).to.deep.equal([]);
    expect(romeo.eventsFrom(juliet.numberJid)).to.have.length(2);
  });

  it("follow the person's settings: none to anybody, then to all who had asked", async () => {
    const [romeo, juliet] = [await app(), await app()];
    await show(juliet, "everyone");
    await publish(juliet, NS.nick, nick("Juliet"));
    await romeo.show(juliet.numberJid);
    await isCalled(romeo, juliet, "Juliet");
    await show(juliet, "nobody");
    await publish(juliet, NS.nick, nick("Jule"));
    await juliet.settled();
    await romeo.settled();
    expect(name(romeo, juliet)).to.equal("Juliet");
    await show(juliet, "everyone");
    await isCalled(romeo, juliet, "Jule");
    expect(romeo.eventsFrom(juliet.numberJid)).to.have.length(2);
  });

  it("are not told to whom the person has blocked", async () => {
    const [romeo, nurse, juliet] = [await app(), await app(), await app()];
    await show(juliet, "everyone");
    for (const one of [romeo, nurse]) await one.show(juliet.numberJid);
    const block = xml("block", { xmlns: NS.blocking }, xml("item", { jid: romeo.numberJid }));
    await juliet.ask("set", block, juliet.credentials.numberDomain);
    await publish(juliet, NS.nick, nick("Juliet"));
    await isCalled(nurse, juliet, "Juliet");
    await romeo.settled();
    expect(romeo.eventsFrom(juliet.numberJid)).to.deep.equal([]);
  });

  it("are told only where they were asked for, and nothing else of what an account publishes", async () => {
    const [romeo, juliet] = [
      await app({
        features: [`${NS.nick}+notify`, "urn:xmpp:bookmarks:1+notify", `${NS.avatarData}+notify`],
      }),
      await app(),
    ];
    await show(juliet, "everyone");
    await romeo.show(juliet.numberJid);
    await publish(juliet, NS.avatarMetadata, metadata(picture("d")), "d".repeat(40));
    await publish(
      juliet,
      NS.avatarData,
      xml("data", { xmlns: NS.avatarData }, "cGljdHVyZQ=="),
      "d".repeat(40),
    );
    await publish(juliet, "urn:xmpp:bookmarks:1", xml("conference", { xmlns: "urn:xmpp:bookmarks:1" }));
    await publish(juliet, NS.nick, nick("Juliet"));
    await isCalled(romeo, juliet, "Juliet");
    expect(romeo.eventsFrom(juliet.numberJid)).to.have.length(1);
  });
});
