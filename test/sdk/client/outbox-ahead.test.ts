import { expect } from "chai";
import { openMemoryStorage, type Storage } from "../../../sdk/mod.js";
import type { SealedAhead } from "../../../sdk/omemo/mod.js";
import { Jid } from "../../../src/jid.js";
import { until } from "../../support/until.js";
import { PEER, PEER_JID } from "./fake-service.js";
import { Stage } from "./stage.js";

describe("Outbox, with messages to many devices", () => {
  let stage: Stage;
  let closed: number;
  /** Each ends the encrypting of one message. */
  let begun: (() => void)[];
  beforeEach(() => {
    stage = new Stage();
    closed = 0;
    begun = [];
    stage.omemo.sealAhead = async (to: Jid, text: string): Promise<SealedAhead | undefined> => {
      if (!text.startsWith("to many")) return undefined;
      await new Promise<void>((resolve) => begun.push(resolve));
      return {
        seal: (transaction) => stage.omemo.seal(transaction, to, text),
        close: () => void closed++,
      };
    };
  });
  afterEach(() => stage.clear());

  const textsSent = (): (string | undefined)[] =>
    stage.service.submits.flatMap(({ raw }) =>
      [...raw.matchAll(/<text>(.*?)<\/text>/g)].map(([, text]) => text),
    );

  it("keeps the order of a conversation, and lets others go on", async () => {
    const { client } = await stage.enter();
    await client.send(PEER, "to many");
    const last = await client.send(PEER, "after it");
    await until("the encrypting", () => begun.length === 1);
    const other = await client.send("+15551230003", "to somebody else");
    await other.until("accepted");
    expect(textsSent()).eql(["to somebody else"]);
    begun[0]?.();
    await last.until("accepted");
    expect(textsSent()).eql(["to somebody else", "to many", "after it"]);
    expect(closed).equal(1);
  });

  it("leaves nothing of one that was not finished, and sends it once after a restart", async () => {
    const storage = openMemoryStorage();
    const person = await stage.enter(storage);
    const { id } = await person.client.send(PEER, "to many");
    await until("the encrypting", () => begun.length === 1);
    stage.crash(person);
    expect(storage.read((view) => view.get(`fake/sent/${PEER_JID}`))).equal(undefined);
    await stage.enter(storage);
    await until("the encrypting again", () => begun.length === 2);
    begun[1]?.();
    await until("the message", () => stage.service.messages.length > 0);
    expect(stage.service.messages.map((message) => message.id)).eql([id]);
    expect(storage.read((view) => view.get(`fake/sent/${PEER_JID}`))).eql(new Uint8Array([1]));
  });

  it("encrypts for some hundred devices in a transaction, and for the rest in the next", async () => {
    const storage = openMemoryStorage();
    const counts: number[] = [];
    const counting: Storage = {
      ...storage,
      transaction: (work) => {
        counts.push(0);
        return storage.transaction(work);
      },
    };
    const seal = stage.omemo.seal.bind(stage.omemo);
    stage.omemo.seal = (...asked) => {
      counts.push((counts.pop() ?? 0) + 1);
      return { ...seal(...asked), devices: { recipient: 60, own: 4 } };
    };
    const { client } = await stage.enter(counting);
    const handles = await Promise.all(
      Array.from({ length: 10 }, (_, index) => client.send(PEER, `line ${index}`)),
    );
    await handles.at(-1)?.until("accepted");
    expect(counts.filter((count) => count > 0)).eql([4, 4, 2]);
    expect(stage.service.messages.map(({ id }) => id)).eql(handles.map(({ id }) => id));
  });
});
