import { expect } from "chai";
import { type MessageContent, openMemoryStorage } from "../../sdk/mod.js";
import { type Omemo, openOmemo } from "../../sdk/omemo/mod.js";
import { systemClock } from "../../src/clock.js";
import { newDeviceId, newId, messageId, type MessageId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import { attribute, type Element } from "../../src/xml.js";
import { freshNumber, People, type Person } from "../sdk/client/people.js";
import { StockApp } from "../support/stock-app.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

describe("what a message says beside a text, between an ordinary app and a client of the SDK", function () {
  this.timeout(60_000);
  const world = useWorld();
  const people = new People(world);
  const storage = openMemoryStorage();
  let romeo: StockApp;
  let juliet: Person;
  let to = "";
  let omemo: Omemo | undefined;
  /** The id of Juliet's message and the id of Romeo's, which both have. */
  let [hers, his] = ["" as MessageId, "" as MessageId];
  before(async () => {
    romeo = await StockApp.online(await world().appPerson(freshNumber()));
    juliet = await people.arrive();
    to = `${juliet.client.number as string}@${romeo.credentials.numberDomain}`;
  });
  after(async () => {
    omemo?.close();
    await Promise.all([romeo.stop(), people.leave()]);
  });
  const say = async (content: string | MessageContent): Promise<MessageId> => {
    const handle = await juliet.client.send(romeo.credentials.number, content);
    await handle.until("delivered");
    return handle.id;
  };
  /** What the app finds when it opens the message of an id: the text, if there is one, and the elements beside it. */
  const read = async (id: string): Promise<{ text: string | undefined; elements: readonly Element[] }> => {
    const message = await romeo.got(id, (one) => attribute(one, "id") === id);
    const incoming = { from: Jid.parse(to), to: Jid.parse(romeo.numberJid), at: systemClock.now() };
    const opened = storage.transaction((transaction) => omemo?.open(transaction, incoming, message));
    if (opened?.kind === "plaintext") return { text: opened.plaintext, elements: opened.elements };
    if (opened?.kind === "content") return { text: undefined, elements: opened.elements };
    throw new Error(`${id} cannot be read: ${JSON.stringify(opened)}`);
  };
  const find = (elements: readonly Element[], name: string, namespace: string): Element | undefined =>
    elements.find((one) => one.is(name, namespace));

  it("reaches no app without keys in clear: the send fails", async () => {
    const nurse = await StockApp.online(await world().appPerson(freshNumber()));
    const handle = await juliet.client.send(nurse.credentials.number, "too soon");
    const outcome = await handle.until("accepted").then(
      () => "accepted",
      () => handle.failure?.code,
    );
    expect(outcome).to.equal("no-devices");
    await nurse.handled();
    expect(nurse.arrived).to.deep.equal([]);
    await nurse.stop();
  });

  it("reaches the app as the elements of its XEPs, which it has to decrypt", async () => {
    const { connection, credentials } = romeo;
    const account = Jid.parse(`${credentials.username}@${credentials.domain}`);
    omemo = openOmemo({
      storage,
      connection,
      account,
      number: Jid.parse(romeo.numberJid),
      device: newDeviceId(),
    });
    await omemo.announce();
    hers = await say("Thou knowest");
    his = messageId(await romeo.say(to, "teh rose"));
    const quote = { id: his, author: romeo.numberJid, text: "teh rose" };
    const ids = [
      await say({ kind: "text", text: "Thou know'st", replaces: hers }),
      await say({ kind: "text", text: "by any other name", quote }),
      await say({ kind: "reaction", of: his, emojis: ["🌹"] }),
      await say({ kind: "retraction", of: hers }),
    ];
    expect((await read(hers)).text).to.equal("Thou knowest");
    const [corrected, answered, reacted, retracted] = await Promise.all(ids.map((id) => read(id)));
    expect(corrected?.text).to.equal("Thou know'st");
    expect(find(corrected?.elements ?? [], "replace", NS.correction)?.attrs["id"]).to.equal(hers);
    expect(answered?.text).to.equal("> teh rose\nby any other name");
    expect(find(answered?.elements ?? [], "reply", NS.replies)?.attrs).to.include({
      id: his,
      to: romeo.numberJid,
    });
    const reactions = find(reacted?.elements ?? [], "reactions", NS.reactions);
    expect([reactions?.attrs["id"], reactions?.getChildText("reaction")]).to.deep.equal([his, "🌹"]);
    expect(find(retracted?.elements ?? [], "retract", NS.retraction)?.attrs["id"]).to.equal(hers);
  });

  it("reaches the client, in clear as the app says it: a correction, a reply, a reaction, a retraction", async () => {
    const replace = `<replace xmlns='${NS.correction}' id='${his}'/>`;
    const corrected = await romeo.say(to, "the rose", newId(), replace);
    const reply =
      `<reply xmlns='${NS.replies}' to='${romeo.numberJid}' id='${his}'/>` +
      `<fallback xmlns='${NS.fallback}' for='${NS.replies}'><body start='0' end='11'/></fallback>`;
    const answered = await romeo.say(to, "&gt; the rose\nsmells as sweet", newId(), reply);
    const reactions = "<reaction>🌹</reaction><reaction>👃</reaction>";
    await romeo.send(to, `<reactions xmlns='${NS.reactions}' id='${hers}'>${reactions}</reactions>`);
    // XEP-0424 §4: the body is there for apps that do not know better
    const retract = `<retract xmlns='${NS.retraction}' id='${his}'/><fallback xmlns='${NS.fallback}' for='${NS.retraction}'/>`;
    await romeo.say(to, "This was taken back", newId(), retract);
    await until("the retraction", () => juliet.told.retraction !== undefined);
    const [first, second, third, ...more] = juliet.messages;
    expect(first).to.include({ id: his, text: "teh rose", isEncrypted: false });
    expect([first?.replaces, first?.quote]).to.deep.equal([undefined, undefined]);
    expect(second).to.include({ id: corrected, text: "the rose", replaces: his });
    expect(third).to.include({ id: answered, text: "smells as sweet" });
    expect(third?.quote).to.deep.equal({ id: his, author: romeo.numberJid, text: "the rose" });
    expect(more).to.deep.equal([]);
    const from = romeo.credentials.number;
    const ofReaction = juliet.told.reaction?.map((one) => ({
      from: one.from,
      of: one.of,
      emojis: one.emojis,
    }));
    expect(ofReaction).to.deep.equal([{ from, of: hers, emojis: ["🌹", "👃"] }]);
    expect(juliet.told.retraction?.map((one) => ({ from: one.from, of: one.of }))).to.deep.equal([
      { from, of: his },
    ]);
  });
});
