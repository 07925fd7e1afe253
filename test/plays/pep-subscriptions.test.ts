import { expect } from "chai";
import type { StanzaError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import { NS, OMEMO_DEVICE_LIST_NODE } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import { CapsApp } from "../support/caps-app.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

const node = OMEMO_DEVICE_LIST_NODE;

function list(...ids: readonly number[]): Element {
  return xml("list", { xmlns: NS.omemo }, ...ids.map((id) => xml("device", { id })));
}

describe("subscriptions to a node of a number (XEP-0060 §6.1)", () => {
  const world = useWorld();
  const open: CapsApp[] = [];
  let next = 15551230000;
  const app = async (): Promise<CapsApp> => {
    const one = await CapsApp.online(await world().person(`+${++next}`, `opaque-${newId()}`));
    open.push(one);
    return one;
  };
  const accountOf = ({ credentials }: CapsApp): string => `${credentials.username}@${credentials.domain}`;
  const ask = (what: CapsApp, name: string, by: string, attributes: Record<string, string> = {}) => {
    const element = xml(name, { node, jid: accountOf(what), ...attributes });
    return what.ask("set", xml("pubsub", { xmlns: NS.pubsub }, element), by);
  };
  const isTold = (what: CapsApp, by: string, ids: string): Promise<void> =>
    until(`the list ${ids}`, () => {
      const devices = what
        .eventsFrom(by, node)
        .at(-1)
        ?.getChild("items")
        ?.getChild("item")
        ?.getChild("list", NS.omemo)
        ?.getChildren("device");
      return devices?.map((device) => attribute(device, "id")).join() === ids;
    });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.stop()));
  });

  it("tell an app that announces nothing and shows itself to no number, until it has enough", async () => {
    const [romeo, nurse, juliet] = [await app(), await app(), await app()];
    await juliet.publish(node, list(7));
    for (const one of [romeo, nurse]) {
      const answer = await ask(one, "subscribe", juliet.numberJid);
      expect(answer.getChild("subscription")?.attrs).to.include({
        node,
        jid: accountOf(one),
        subscription: "subscribed",
      });
      await isTold(one, juliet.numberJid, "7");
    }
    // What it announces does not end what it asked for
    await romeo.show(juliet.numberJid);
    await romeo.settled();
    await juliet.publish(node, list(7, 8));
    for (const one of [romeo, nurse]) await isTold(one, juliet.numberJid, "7,8");
    await ask(nurse, "unsubscribe", juliet.numberJid);
    await juliet.publish(node, list(9));
    await isTold(romeo, juliet.numberJid, "9");
    await nurse.settled();
    expect(nurse.eventsFrom(juliet.numberJid)).to.have.length(2);
  });

  it("tell nothing to whom the person has blocked, who is not told that either", async () => {
    const [romeo, juliet] = [await app(), await app()];
    const item = xml("item", { jid: romeo.numberJid });
    await juliet.ask("set", xml("block", { xmlns: NS.blocking }, item), juliet.credentials.numberDomain);
    await juliet.publish(node, list(7));
    const answer = await ask(romeo, "subscribe", juliet.numberJid);
    expect(answer.getChild("subscription")?.attrs["subscription"]).to.equal("subscribed");
    await romeo.settled();
    expect(romeo.eventsFrom(juliet.numberJid)).to.deep.equal([]);
  });

  for (const [what, attributes, condition] of [
    ["of somebody else", { jid: "juliet@example.org" }, "bad-request"],
    ["to what is not told of", { node: "urn:xmpp:bookmarks:1" }, "not-allowed"],
  ] as const)
    it(`${what} are refused`, async () => {
      const [romeo, juliet] = [await app(), await app()];
      const refusal: unknown = await ask(romeo, "subscribe", juliet.numberJid, attributes).catch(
        (error: unknown) => error,
      );
      expect((refusal as StanzaError).condition).to.equal(condition);
    });

  it("need somebody behind the number, and an app that is there", async () => {
    const romeo = await app();
    const condition = (work: Promise<unknown>): Promise<string> =>
      work.then(
        () => "none",
        (error: unknown) => (error as StanzaError).condition,
      );
    const nobody = `+15550000000@${romeo.credentials.numberDomain}`;
    expect(await condition(ask(romeo, "subscribe", nobody))).to.equal("item-not-found");
    const hidden = new CapsApp(romeo.credentials);
    open.push(hidden);
    await hidden.connection.start();
    expect(await condition(ask(hidden, "subscribe", romeo.numberJid))).to.equal("not-authorized");
  });
});
