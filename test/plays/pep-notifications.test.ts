import { expect } from "chai";
import { newId } from "../../src/ids.js";
import { NS, OMEMO2_DEVICE_LIST_NODE, OMEMO_DEVICE_LIST_NODE } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import { CapsApp, type CapsAppOptions } from "../support/caps-app.js";
import { freePort } from "../../prosody/prosody.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { until } from "../support/until.js";
import { useWorld, World } from "../support/world.js";

const NOTIFY = [OMEMO_DEVICE_LIST_NODE, OMEMO2_DEVICE_LIST_NODE].map((node) => `${node}+notify`);

function list(...ids: readonly number[]): Element {
  return xml("list", { xmlns: NS.omemo }, ...ids.map((id) => xml("device", { id })));
}

function devices(...ids: readonly number[]): Element {
  return xml(
    "devices",
    { xmlns: NS.omemo2 },
    ...ids.map((id) => xml("device", { id, label: `Device ${id}` })),
  );
}

/** The device ids that an event tells, and the id of its item. */
function told(event: Element | undefined): { item: string | undefined; ids: (string | undefined)[] } {
  const item = event?.getChild("items")?.getChild("item");
  const payload = item?.getChildElements()[0];
  return {
    item: item && attribute(item, "id"),
    ids: payload?.getChildren("device").map((device) => attribute(device, "id")) ?? [],
  };
}

describe("OMEMO device lists of a number", () => {
  let road: TcpProxy;
  let made: World;
  const world = (): World => made;
  before(async () => {
    const componentPort = await freePort("127.0.0.1");
    road = await TcpProxy.start(componentPort);
    const link = { port: road.port, maxRetrySeconds: 0.1 };
    made = await World.start({ config: { link }, prosody: { componentPort } });
  });
  after(async () => {
    await made.stop();
    await road.close();
  });
  const open: CapsApp[] = [];
  let next = 15551230000;
  const app = async (options: CapsAppOptions = {}): Promise<CapsApp> => {
    const one = await CapsApp.online(await world().person(`+${++next}`, `opaque-${newId()}`), options);
    open.push(one);
    return one;
  };
  const isTold = async (what: CapsApp, by: string, ids: readonly string[], node = OMEMO_DEVICE_LIST_NODE) =>
    until(
      `the list ${String(ids)}`,
      () => told(what.eventsFrom(by, node).at(-1)).ids.join() === ids.join(),
      10_000,
    );
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.stop()));
  });

  it("are told to an app that asked for it by caps, when it shows itself and at each change", async () => {
    const [romeo, juliet] = [await app({ features: NOTIFY }), await app()];
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(7));
    await romeo.show(juliet.numberJid);
    const [first] = await romeo.events(juliet.numberJid, 1);
    expect(told(first)).to.deep.equal({ item: "current", ids: ["7"] });
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(7, 8));
    await isTold(romeo, juliet.numberJid, ["7", "8"]);
  });

  it("are told under the ids that were published, in both versions, and name no account", async () => {
    const [romeo, juliet] = [await app({ features: NOTIFY }), await app()];
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(2147483647), "an id of its own");
    await juliet.publish(OMEMO2_DEVICE_LIST_NODE, devices(1, 23));
    await romeo.show(juliet.numberJid);
    await isTold(romeo, juliet.numberJid, ["2147483647"]);
    await isTold(romeo, juliet.numberJid, ["1", "23"], OMEMO2_DEVICE_LIST_NODE);
    expect(told(romeo.eventsFrom(juliet.numberJid, OMEMO_DEVICE_LIST_NODE)[0]).item).to.equal(
      "an id of its own",
    );
    const [two] = romeo.eventsFrom(juliet.numberJid, OMEMO2_DEVICE_LIST_NODE);
    expect(String(two)).to.contain("Device 23");
    const messages = romeo.stanzas.filter((one) => attribute(one, "from") === juliet.numberJid);
    expect(messages.map(({ attrs }) => attrs["type"])).to.include("headline");
    expect(romeo.stanzas.map(String).join("")).not.to.contain(juliet.credentials.username);
  });

  it("are told while nobody of the number is online", async () => {
    const [romeo, juliet] = [await app({ features: NOTIFY }), await app()];
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(5));
    await juliet.stop();
    await romeo.show(juliet.numberJid);
    await isTold(romeo, juliet.numberJid, ["5"]);
  });

  it("are told once a login, not at each presence", async () => {
    const [romeo, juliet] = [await app({ features: NOTIFY }), await app()];
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(7));
    await romeo.show(juliet.numberJid);
    await isTold(romeo, juliet.numberJid, ["7"]);
    await romeo.show(juliet.numberJid, xml("show", {}, "away"));
    await romeo.settled();
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(9));
    await isTold(romeo, juliet.numberJid, ["9"]);
    expect(romeo.eventsFrom(juliet.numberJid)).to.have.length(2);
  });

  it("are not told to an app that did not ask, that asked somebody else, or that has gone", async () => {
    const [without, elsewhere, gone, romeo, juliet] = [
      await app(),
      await app({ features: NOTIFY }),
      await app({ features: NOTIFY }),
      await app({ features: NOTIFY }),
      await app(),
    ];
    await without.show(juliet.numberJid);
    await elsewhere.show(romeo.numberJid);
    await gone.show(juliet.numberJid);
    await romeo.show(juliet.numberJid);
    await gone.connection.send(`<presence type='unavailable' to='${juliet.numberJid}'/>`);
    for (const one of [without, elsewhere, gone]) await one.settled();
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(7));
    await isTold(romeo, juliet.numberJid, ["7"]);
    for (const one of [without, elsewhere, gone]) {
      await one.settled();
      expect(one.eventsFrom(juliet.numberJid)).to.deep.equal([]);
    }
  });

  it("are told one version only to an app that asked for one", async () => {
    const [romeo, juliet] = [await app({ features: [`${OMEMO2_DEVICE_LIST_NODE}+notify`] }), await app()];
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(7));
    await juliet.publish(OMEMO2_DEVICE_LIST_NODE, devices(8));
    await romeo.show(juliet.numberJid);
    await isTold(romeo, juliet.numberJid, ["8"], OMEMO2_DEVICE_LIST_NODE);
    expect(romeo.eventsFrom(juliet.numberJid, OMEMO_DEVICE_LIST_NODE)).to.deep.equal([]);
  });

  it("are not made up by an app that writes an event of its own, and other events are not passed on", async () => {
    const [romeo, juliet] = [
      await app({ features: [...NOTIFY, "urn:xmpp:avatar:metadata+notify"] }),
      await app(),
    ];
    await romeo.show(juliet.numberJid);
    const items = xml("items", { node: OMEMO_DEVICE_LIST_NODE }, xml("item", { id: "current" }, list(666)));
    const event = xml("event", { xmlns: NS.pubsubEvent }, items);
    await juliet.connection.send(
      xml("message", { type: "headline", to: juliet.credentials.numberDomain, id: newId() }, event),
    );
    await juliet.publish("urn:xmpp:avatar:metadata", xml("metadata", { xmlns: "urn:xmpp:avatar:metadata" }));
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(7));
    await isTold(romeo, juliet.numberJid, ["7"]);
    expect(romeo.eventsFrom(juliet.numberJid)).to.have.length(1);
  });

  it("are not told to whom the person has blocked, before or after, until that ends", async () => {
    const [before, after, nurse, juliet] = [
      await app({ features: NOTIFY }),
      await app({ features: NOTIFY }),
      await app({ features: NOTIFY }),
      await app(),
    ];
    const service = juliet.credentials.numberDomain;
    const items = [before, after].map((one) => xml("item", { jid: one.numberJid }));
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(7));
    for (const one of [after, nurse]) {
      await one.show(juliet.numberJid);
      await isTold(one, juliet.numberJid, ["7"]);
    }
    await juliet.ask("set", xml("block", { xmlns: NS.blocking }, ...items), service);
    await before.show(juliet.numberJid);
    await before.settled();
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(8));
    await isTold(nurse, juliet.numberJid, ["8"]);
    for (const one of [before, after]) await one.settled();
    expect(before.eventsFrom(juliet.numberJid)).to.deep.equal([]);
    expect(after.eventsFrom(juliet.numberJid)).to.have.length(1);
    await juliet.ask("set", xml("unblock", { xmlns: NS.blocking }), service);
    await before.show(juliet.numberJid);
    await isTold(before, juliet.numberJid, ["8"]);
  });

  it("are told after a restart of the component to an app that was there all along", async () => {
    const [romeo, juliet] = [await app({ features: NOTIFY }), await app()];
    const isAsked = (one: Element): boolean => attribute(one, "type") === "subscribe";
    await juliet.connection.send(`<presence type='subscribe' to='${romeo.numberJid}'/>`);
    await until("the question", () => romeo.stanzas.some(isAsked), 10_000);
    await romeo.connection.send(`<presence type='subscribed' to='${juliet.numberJid}'/>`);
    await romeo.settled();
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(7));
    await isTold(romeo, juliet.numberJid, ["7"]);
    await world().stopComponent();
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(8));
    await world().startComponent();
    await isTold(romeo, juliet.numberJid, ["8"]);
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(9));
    await isTold(romeo, juliet.numberJid, ["9"]);
  });

  it("of somebody who publishes without end reach others once a second, the last one surely", async () => {
    const [romeo, juliet] = [await app({ features: NOTIFY }), await app()];
    await romeo.show(juliet.numberJid);
    const begun = performance.now();
    for (let id = 1; id <= 50; id += 1) await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(id));
    await isTold(romeo, juliet.numberJid, ["50"]);
    const seconds = (performance.now() - begun) / 1000;
    expect(romeo.eventsFrom(juliet.numberJid).length).to.be.at.most(2 + Math.ceil(seconds));
  });

  it("are told as retracted, emptied or deleted", async () => {
    const [romeo, juliet] = [await app({ features: NOTIFY }), await app()];
    await romeo.show(juliet.numberJid);
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(7));
    await isTold(romeo, juliet.numberJid, ["7"]);
    const remove = xml("delete", { node: OMEMO_DEVICE_LIST_NODE });
    await juliet.ask("set", xml("pubsub", { xmlns: NS.pubsubOwner }, remove));
    await until("the deletion", () =>
      romeo.eventsFrom(juliet.numberJid).some((event) => event.getChild("delete") !== undefined),
    );
  });

  it("that changed while the link was down are told when it is up again, and the others are not told again", async () => {
    const [romeo, juliet, nurse] = [await app({ features: NOTIFY }), await app(), await app()];
    for (const [who, id] of [
      [juliet, 7],
      [nurse, 70],
    ] as const) {
      await who.publish(OMEMO_DEVICE_LIST_NODE, list(id));
      await romeo.show(who.numberJid);
      await isTold(romeo, who.numberJid, [String(id)]);
    }
    road.stall();
    road.cut();
    await juliet.publish(OMEMO_DEVICE_LIST_NODE, list(8));
    road.heal();
    await isTold(romeo, juliet.numberJid, ["8"]);
    await nurse.publish(OMEMO_DEVICE_LIST_NODE, list(71));
    await isTold(romeo, nurse.numberJid, ["71"]);
    expect(romeo.eventsFrom(nurse.numberJid)).to.have.length(2);
  });
});

describe("what a number says of itself", () => {
  const world = useWorld();

  it("is what makes apps look for keys: a registered account with a personal pubsub service", async () => {
    const romeo = await CapsApp.online(await world().person("+15551230001"));
    const info = await romeo.ask("get", xml("query", { xmlns: NS.discoInfo }), romeo.numberJid);
    const identities = info
      .getChildren("identity")
      .map(({ attrs }) => `${attrs["category"]}/${attrs["type"]}`);
    expect(identities).to.have.members(["account/registered", "pubsub/pep"]);
    const features = info.getChildren("feature").map(({ attrs }) => String(attrs["var"]));
    expect(features).to.include.members([
      NS.pubsub,
      `${NS.pubsub}#retrieve-items`,
      `${NS.pubsub}#auto-subscribe`,
      `${NS.pubsub}#last-published`,
    ]);
    await romeo.stop();
  });
});
