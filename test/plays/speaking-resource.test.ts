import { expect } from "chai";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import { RawDevice } from "../support/raw-device.js";
import { StockApp } from "../support/stock-app.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

// RFC 6121 §5.1, XEP-0296 §3: an app writes to the resource that it heard last, as long as that is there
describe("the resource that a number speaks from", () => {
  const world = useWorld();
  let romeo: StockApp;
  let juliet: StockApp;
  const presences: Element[] = [];
  const isSeen = (jid: string): Promise<void> =>
    until(`a presence from ${jid}`, () => presences.some((one) => attribute(one, "from") === jid));
  before(async () => {
    romeo = await StockApp.online(await world().appPerson("+15551230001"), { resource: "orchard" });
    juliet = await StockApp.online(await world().appPerson("+15551230002"), { resource: "balcony" });
    juliet.connection.on("stanza", (stanza) => {
      if (stanza.name === "presence") presences.push(stanza);
    });
  });
  after(() => Promise.all([romeo.stop(), juliet.stop()]));

  const speaker = (): string => attribute(juliet.messages.at(-1) as Element, "from") ?? "";

  it("is that of the app's presence, of its disco and of its chat states, and tells nothing of it", async () => {
    await juliet.connection.send(`<presence type='subscribe' to='${romeo.numberJid}'/>`);
    await romeo.connection.send(`<presence type='subscribed' to='${juliet.numberJid}'/>`);
    await romeo.say(juliet.numberJid, "But soft");
    await juliet.heard(1);
    expect(speaker())
      .to.match(/\/[\w-]{16}$/)
      .and.not.include("orchard");
    await isSeen(speaker());
    const query = xml("query", { xmlns: NS.discoInfo });
    const iq = xml("iq", { type: "get", id: newId(), to: speaker() }, query);
    const info = await juliet.connection.request(iq, { timeoutMs: 10_000 });
    const features = info.getChild("query", NS.discoInfo)?.getChildren("feature") ?? [];
    expect(features.map((one) => attribute(one, "var"))).to.include(NS.receipts);
    await romeo.send(juliet.numberJid, "<composing xmlns='http://jabber.org/protocol/chatstates'/>");
    const state = await juliet.got("the chat state", (one) => one.getChild("composing") !== undefined);
    expect(attribute(state, "from")).to.equal(speaker());
  });

  it("takes receipts, markers and messages as the number does", async () => {
    const id = await romeo.say(juliet.numberJid, "what light");
    await juliet.heard(2);
    // The app gives its receipts to the full JID that asked for them
    await romeo.tick("received", id);
    await juliet.markRead(speaker(), id);
    await romeo.tick("displayed", id);
    await juliet.say(speaker(), "Ay me");
    expect(await romeo.heard(1)).to.deep.equal(["Ay me"]);
  });

  it("takes messages for the number when its app has gone", async () => {
    await romeo.stop();
    await juliet.say(speaker(), "wherefore");
    const another = await StockApp.online(romeo.credentials, { resource: "friar" });
    expect(await another.heard(1)).to.deep.equal(["wherefore"]);
    await another.stop();
  });

  it("is one for each app and each device of a person", async () => {
    const credentials = await world().person("+15551230003");
    const device = await RawDevice.online(credentials);
    const app = await StockApp.online(credentials);
    const before = juliet.messages.length;
    await device.say(juliet.numberJid, "one");
    await app.say(juliet.numberJid, "two");
    await device.say(juliet.numberJid, "three");
    await juliet.heard(before + 3);
    const from = (text: string): string | undefined =>
      attribute(juliet.messages[juliet.texts.indexOf(text)] as Element, "from");
    expect(from("one")).to.equal(from("three")).and.not.equal(from("two"));
    await Promise.all([device.stop(), app.stop()]);
  });
});
