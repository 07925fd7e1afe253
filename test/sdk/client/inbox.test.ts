import { expect } from "chai";
import { openMemoryStorage, StorageError, type Storage } from "../../../sdk/mod.js";
import type { MessageId, Seq } from "../../../src/ids.js";
import { writeDeliver, writeEntry } from "../../../src/mailbox-deliver.js";
import { NS } from "../../../src/namespaces.js";
import { until } from "../../support/until.js";
import { DOMAIN, message, OWN, PEER, receipt } from "./fake-service.js";
import { Stage } from "./stage.js";

describe("Inbox", () => {
  let stage: Stage;
  beforeEach(() => {
    stage = new Stage();
  });
  afterEach(() => stage.clear());

  const lastAck = (): number | undefined => stage.service.acks.at(-1)?.seq;

  it("shows what is delivered and acknowledges it in one number", async () => {
    const person = await stage.enter();
    stage.service.deliver(message(1, "one"), message(2, "two"));
    stage.service.deliver(message(3, "three"));
    await until("the acknowledgement", () => lastAck() === 3);
    expect(person.texts()).to.deep.equal(["one", "two", "three"]);
    expect(stage.service.acks).to.have.lengthOf.below(4);
    expect(person.messages[0]).to.include({ from: PEER, isEncrypted: true, device: 7, to: OWN });
  });

  it("stores before it acknowledges", async () => {
    const storage = openMemoryStorage();
    const stored: boolean[] = [];
    await stage.enter(storage);
    const take = stage.service.take.bind(stage.service);
    stage.service.take = (stanza) => {
      if (stanza.getChild("ack")?.attrs.seq === "1")
        stored.push(storage.read((view) => view.scan("inbox/").length === 1));
      take(stanza);
    };
    stage.service.deliver(message(1, "one"));
    await until("the acknowledgement", () => lastAck() === 1);
    expect(stored).to.deep.equal([true]);
  });

  it("neither shows nor acknowledges what the store could not keep", async () => {
    const storage = openMemoryStorage();
    let isFull = false;
    const limited: Storage = {
      ...storage,
      transaction(work) {
        if (isFull) throw new StorageError("disk-full", "full");
        return storage.transaction(work);
      },
    };
    const person = await stage.enter(limited);
    await until("the attach to be stored", () => lastAck() === 0);
    isFull = true;
    stage.service.deliver(message(1, "one"));
    await until("the error", () => (person.told.error?.length ?? 0) > 0);
    isFull = false;
    expect(person.messages).to.deep.equal([]);
    expect(lastAck()).to.equal(0);
    stage.service.deliver(message(1, "one"));
    await until("the acknowledgement", () => lastAck() === 1);
    expect(person.texts()).to.deep.equal(["one"]);
  });

  it("acknowledges again, and does not show again, what comes again", async () => {
    const person = await stage.enter();
    stage.service.deliver(message(1, "one"));
    await until("the acknowledgement", () => lastAck() === 1);
    const before = stage.service.acks.length;
    stage.service.deliver(message(1, "one", { isRedelivery: true }), message(2, "two"));
    await until("another acknowledgement", () => stage.service.acks.length > before && lastAck() === 2);
    expect(person.texts()).to.deep.equal(["one", "two"]);
  });

  it("shows a message once when it comes under two places of the mailbox", async () => {
    const person = await stage.enter();
    stage.service.deliver(message(1, "one", { id: "same" as MessageId }));
    stage.service.deliver(message(2, "one", { id: "same" as MessageId }));
    await until("the acknowledgement", () => lastAck() === 2);
    expect(person.texts()).to.deep.equal(["one"]);
    expect(stage.service.acks.at(-1)?.undecryptable).to.deep.equal([]);
  });

  it("passes over entries that are no good, reports them, and takes the others in", async () => {
    const person = await stage.enter();
    const malformed = writeEntry(message(2, "x")).replace("id='message-2'", "id=''");
    stage.service.say(
      writeDeliver([
        writeEntry(message(1, "one")),
        malformed,
        writeEntry(message(3, "poison")),
        writeEntry(message(4, "four")),
      ]),
    );
    await until("the acknowledgement", () => lastAck() === 4);
    expect(person.texts()).to.deep.equal(["one", "four"]);
    expect(person.told.error).to.have.lengthOf(2);
    // Nor is the sender of one that could not even be read told that it was delivered
    expect(stage.service.acks.at(-1)).to.deep.equal({ seq: 4, undecryptable: [2, 3] });
  });

  it("reports what it cannot decrypt, with the reason, and says so until that was answered", async () => {
    const storage = openMemoryStorage();
    const person = await stage.enter(storage);
    stage.service.answer = () => new Promise<string>(() => {});
    stage.service.deliver(message(1, "one"), message(2, "bad"), message(3, "three"));
    await until("the report", () => stage.service.acks.at(-1)?.undecryptable.length === 1);
    await until("the event", () => person.told.undecryptable?.length === 1);
    expect(person.told.undecryptable?.[0]).to.include({ from: PEER, reason: "bad-mac", id: "message-2" });
    // The report was never answered: the next attach must not acknowledge the entry as delivered
    stage.crash(person);
    const next = new Stage();
    await next.enter(storage);
    expect(next.service.attaches[0]?.last).to.equal(1);
    await until("the report", () => next.service.submits.length === 1);
    expect(next.service.acks.at(-1)).to.deep.equal({ seq: 3, undecryptable: [2] });
    await next.clear();
    const third = new Stage();
    await third.enter(storage);
    expect(third.service.attaches[0]?.last).to.equal(3);
    await third.clear();
  });

  it("opens the mailbox again when entries are missing, and acknowledges nothing behind the gap", async () => {
    const person = await stage.enter();
    stage.service.deliver(message(1, "one"));
    await until("the acknowledgement", () => lastAck() === 1);
    stage.service.deliver(message(3, "three"));
    await until("another attach", () => stage.service.attaches.length === 2);
    expect(stage.service.attaches[1]?.last).to.equal(1);
    expect(lastAck()).to.equal(1);
    stage.service.deliver(message(2, "two"), message(3, "three"));
    await until("the rest", () => lastAck() === 3);
    expect(person.texts()).to.deep.equal(["one", "two", "three"]);
  });

  it("takes a gap behind an attach for what it is: entries that have expired", async () => {
    const person = await stage.enter();
    stage.service.deliver(message(5, "five"));
    await until("the acknowledgement", () => lastAck() === 5);
    expect(person.texts()).to.deep.equal(["five"]);
    expect(stage.service.attaches).to.have.lengthOf(1);
  });

  it("believes nobody but the service itself", async () => {
    const person = await stage.enter();
    const forged = writeDeliver([writeEntry(message(1, "forged"))]);
    for (const from of [`${PEER}@${DOMAIN}`, `${DOMAIN}/x`, "example.org", "juliet@example.org/phone"])
      stage.service.say(forged, from);
    stage.service.deliver(message(1, "true"));
    await until("the acknowledgement", () => lastAck() === 1);
    expect(person.texts()).to.deep.equal(["true"]);
  });

  it("shows a message that was not encrypted as what it is", async () => {
    const person = await stage.enter();
    stage.service.deliver(message(1, "", { payload: "<body xmlns='jabber:client'>open</body>" }));
    await until("the message", () => person.messages.length === 1);
    expect(person.messages[0]).to.include({ text: "open", isEncrypted: false, device: undefined });
  });

  it("tells what another own device sent apart from messages", async () => {
    const person = await stage.enter();
    stage.service.deliver(message(1, "mine", { from: `${OWN}@${DOMAIN}`, to: `${PEER}@${DOMAIN}` }));
    await until("the event", () => person.told["sent-elsewhere"]?.length === 1);
    expect(person.told["sent-elsewhere"]?.[0]).to.include({ text: "mine", to: PEER });
    expect(person.messages).to.deep.equal([]);
  });

  it("raises receipts, never lowers them, and takes them from the recipient alone", async () => {
    const person = await stage.enter();
    const handle = await person.client.send(PEER, "hello");
    await handle.until("accepted");
    stage.service.deliver(receipt(1, [handle.id], "read", `+15551230003@${DOMAIN}`));
    await until("the acknowledgement", () => {
      stage.clock.advance(100);
      return lastAck() === 1;
    });
    expect(handle.state).to.equal("accepted");
    stage.service.deliver(receipt(2, [handle.id], "read"), receipt(3, [handle.id], "delivered"));
    await handle.until("read");
    await until("all entries", () => person.client.state === "attached" && handle.state === "read");
    stage.service.deliver(message(4, "end"));
    await until("the acknowledgement", () => lastAck() === 4);
    expect(handle.state).to.equal("read");
    expect(person.told.receipt?.map(({ state }) => state)).to.deep.equal(["read"]);
  });

  it("lets receipts wait for company, but not for long", async () => {
    await stage.enter();
    await until("the attach", () => lastAck() === 0);
    stage.service.deliver(receipt(1, ["unknown"], "delivered"));
    await until("a timer", () => {
      stage.clock.advance(100);
      return lastAck() === 1;
    });
  });

  it("puts the acknowledgement that waits into a submit", async () => {
    const { client } = await stage.enter();
    await until("the attach", () => lastAck() === 0);
    stage.service.deliver(receipt(1, ["unknown"], "delivered"));
    const handle = await client.send(PEER, "hello");
    await handle.until("accepted");
    await until("the acknowledgement", () => lastAck() === 1);
    expect(stage.service.submits[0]?.acknowledgement).to.deep.equal({ seq: 1 as Seq, undecryptable: [] });
  });

  it("iterates messages in order, and shows again after a restart what was not acknowledged", async () => {
    const storage = openMemoryStorage();
    const first = await stage.enter(storage);
    stage.service.deliver(message(1, "one"), message(2, "two"), message(3, "three"));
    const shown: string[] = [];
    for await (const { text, acknowledge } of wrap(first.client.messages())) {
      shown.push(text);
      if (text === "two") break;
      await acknowledge();
    }
    expect(shown).to.deep.equal(["one", "two"]);
    await stage.clear();
    const next = await stage.enter(storage);
    const again: string[] = [];
    for await (const { text, acknowledge } of wrap(next.client.messages())) {
      again.push(text);
      await acknowledge();
      if (text === "three") break;
    }
    expect(again).to.deep.equal(["two", "three"]);
    expect(storage.read((view) => view.scan("inbox/"))).to.deep.equal([]);
  });

  it("does not take chat states and the like for messages", async () => {
    const person = await stage.enter();
    stage.service.deliver(
      message(1, "", { payload: `<composing xmlns='http://jabber.org/protocol/chatstates'/>` }),
      message(2, "", { payload: `<displayed xmlns='${NS.chatMarkers}' id='x'/>` }),
      message(3, "three"),
    );
    await until("the acknowledgement", () => lastAck() === 3);
    expect(person.texts()).to.deep.equal(["three"]);
  });
});

async function* wrap<Message extends { text: string; acknowledge(): Promise<void> }>(
  messages: AsyncIterable<Message>,
): AsyncGenerator<{ text: string; acknowledge: () => Promise<void> }> {
  for await (const one of messages) yield { text: one.text, acknowledge: () => one.acknowledge() };
}
