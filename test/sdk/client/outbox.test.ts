import { expect } from "chai";
import { InvalidInput, LinkError, OmemoError, StanzaError } from "../../../sdk/mod.js";
import type { MessageId } from "../../../src/ids.js";
import { writeSubmitted } from "../../../src/mailbox-submit.js";
import { until } from "../../support/until.js";
import { failure } from "../connection/support.js";
import { acceptAll, PEER, PEER_JID, receipt, type Submitted } from "./fake-service.js";
import { Stage } from "./stage.js";

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

describe("Outbox", () => {
  let stage: Stage;
  beforeEach(() => {
    stage = new Stage();
  });
  afterEach(() => stage.clear());

  const refuse =
    (error: StanzaError) =>
    ({ messages }: Submitted): string =>
      writeSubmitted(messages.map(({ id }) => ({ id, error })));

  it("puts what waits into one submit", async () => {
    const { client } = await stage.enter();
    const handles = await Promise.all(["a", "b", "c"].map((text) => client.send(PEER, text)));
    await Promise.all(handles.map((handle) => handle.until("accepted")));
    expect(stage.service.submits.map(({ messages }) => messages.length)).to.deep.equal([3]);
    expect(handles.map(({ state }) => state)).to.deep.equal(["accepted", "accepted", "accepted"]);
  });

  it("splits what is more than a submit takes, in order", async () => {
    const { client } = await stage.enter();
    const handles = await Promise.all(
      Array.from({ length: 250 }, (_, index) => client.send(PEER, `line ${index}`)),
    );
    await handles.at(-1)?.until("accepted");
    expect(Math.max(...stage.service.submits.map(({ messages }) => messages.length))).to.be.at.most(100);
    expect(stage.service.messages.map(({ id }) => id)).to.deep.equal(handles.map(({ id }) => id));
  });

  it("sends the very same bytes under the same id when an answer was lost", async () => {
    const { client } = await stage.enter();
    stage.service.answer = () => {
      stage.service.answer = acceptAll;
      return new LinkError("timeout", "no answer");
    };
    const handle = await client.send(PEER, "But soft");
    await handle.until("accepted");
    expect(stage.service.attaches).to.have.lengthOf(2);
    const [first, second] = stage.service.submits;
    expect(second?.raw).to.equal(first?.raw);
  });

  it("does not send the next of a conversation before the one before was answered", async () => {
    const { client } = await stage.enter();
    const { promise: mayAnswer, resolve: answerFirst } = deferred();
    stage.service.answer = (submit) => {
      stage.service.answer = acceptAll;
      return mayAnswer.then(() => acceptAll(submit));
    };
    await client.send(PEER, "one");
    await until("the first", () => stage.service.submits.length === 1);
    const second = await client.send(PEER, "two");
    await client.send("+15551230003", "to somebody else");
    await until("the other conversation", () => stage.service.submits.length === 2);
    expect(stage.service.submits[1]?.messages.map(({ to }) => to.local)).to.deep.equal(["+15551230003"]);
    answerFirst();
    await second.until("accepted");
  });

  it("ends a send that is refused for good, with the service's error, and goes on with the others", async () => {
    const person = await stage.enter();
    stage.service.answer = ({ messages }) =>
      writeSubmitted(
        messages.map(({ id, to }) =>
          to.local === PEER
            ? { id, acceptedAt: 1, isDuplicate: false }
            : { id, error: new StanzaError("item-not-found", "nobody there") },
        ),
      );
    const [good, bad] = await Promise.all([
      person.client.send(PEER, "hello"),
      person.client.send("+15559999999", "hello"),
    ]);
    await good.until("accepted");
    const error = await failure(bad.until("accepted"));
    expect(error).to.be.instanceOf(StanzaError).that.includes({ condition: "item-not-found" });
    expect(bad.state).to.equal("failed");
    expect(person.told.failed?.map(({ handle }) => handle.id)).to.deep.equal([bad.id]);
    expect(good.state).to.equal("accepted");
  });

  it("tries again what is refused for the moment, and ends it within 30 s of an open mailbox", async () => {
    const { client } = await stage.enter();
    stage.service.answer = refuse(new StanzaError("resource-constraint", "the mailbox is full"));
    const handle = await client.send(PEER, "hello");
    const ended = failure(handle.until("accepted"));
    const startedAt = stage.clock.now();
    await until("the first attempt", () => stage.service.submits.length === 1);
    let endedAfterMs = 0;
    while (handle.state === "queued") {
      stage.clock.advance(250);
      endedAfterMs = stage.clock.now() - startedAt;
      await new Promise((resolve) => void setImmediate(() => setImmediate(resolve)));
      expect(endedAfterMs).to.be.below(31_000);
    }
    expect(await ended).to.include({ condition: "resource-constraint" });
    expect(stage.service.submits.length).to.be.above(2);
    expect(new Set(stage.service.submits.map(({ raw }) => raw))).to.have.lengthOf(1);
  });

  it("keeps a message queued for as long as the mailbox is closed", async () => {
    const { client } = await stage.enter();
    stage.service.connection.cut();
    const handle = await client.send(PEER, "hello");
    stage.clock.advance(3_600_000);
    expect(handle.state).to.equal("queued");
    const waiting = failure(handle.until("accepted", { timeoutMs: 1_000 }));
    stage.clock.advance(1_000);
    expect(await waiting).to.include({ code: "timeout" });
    stage.service.connection.login();
    await handle.until("accepted");
  });

  it("attaches again when the service says that the mailbox is not open, and loses nothing", async () => {
    const { client } = await stage.enter();
    const notAttached = new StanzaError("not-authorized", "attach first", {
      applicationCondition: "not-attached",
    });
    stage.service.answer = () => {
      stage.service.answer = acceptAll;
      return notAttached;
    };
    const handle = await client.send(PEER, "hello");
    await handle.until("accepted");
    expect(stage.service.attaches).to.have.lengthOf(2);
    expect(new Set(stage.service.messages.map(({ id }) => id))).to.have.lengthOf(1);
  });

  it("finds the one message that spoils a batch, and sends the others", async () => {
    const { client } = await stage.enter();
    let spoilt: MessageId | undefined;
    stage.service.answer = (submit) =>
      submit.messages.some(({ id }) => id === spoilt)
        ? new StanzaError("bad-request", "no")
        : acceptAll(submit);
    const sends = ["a", "b", "c"].map((text, index) => client.send(PEER, text, { id: `m${index}` }));
    spoilt = "m1" as MessageId;
    const handles = await Promise.all(sends);
    await handles[2]?.until("accepted");
    await failure(handles[1]?.until("accepted") as Promise<void>);
    expect(handles.map(({ state }) => state)).to.deep.equal(["accepted", "failed", "accepted"]);
  });

  it("sends once what is sent again under the same id, and refuses another text under it", async () => {
    const { client } = await stage.enter();
    const first = await client.send(PEER, "hello", { id: "mine" });
    const again = await client.send(PEER, "hello", { id: "mine" });
    await again.until("accepted");
    expect(first.id).to.equal(again.id);
    expect(stage.service.messages).to.have.lengthOf(1);
    expect(await failure(client.send(PEER, "other", { id: "mine" }))).to.be.instanceOf(InvalidInput);
  });

  it("fetches devices once more when encrypting asks for it", async () => {
    const { client } = await stage.enter();
    stage.omemo.sealError = new OmemoError("not-prepared", "a bundle is missing");
    const handle = await client.send(PEER, "hello");
    await until("the failed attempt", () => stage.omemo.sealError === undefined);
    await until("the wait", () => {
      stage.clock.advance(1_000);
      return handle.state === "accepted";
    });
    expect(stage.omemo.prepared).to.equal(2);
  });

  it("ends a send at once when content may go to no identity of the recipient", async () => {
    const { client } = await stage.enter();
    stage.omemo.prepareError = new OmemoError("untrusted-identity", "changed");
    const handle = await client.send(PEER, "hello");
    expect(await failure(handle.until("accepted"))).to.include({ code: "untrusted-identity" });
    expect(stage.service.messages).to.deep.equal([]);
  });

  it("iterates receipts device by device, from where they are, until the client stops", async () => {
    const { client } = await stage.enter();
    const handle = await client.send(PEER, "hello");
    await handle.until("accepted");
    stage.service.deliver(receipt(1, [handle.id], "delivered"));
    const told: string[] = [];
    for await (const { device, state } of handle.receipts()) {
      told.push(`${device} ${state}`);
      if (state === "delivered") stage.service.deliver(receipt(2, [handle.id], "read"));
      else void client.stop();
    }
    expect(told).to.deep.equal(["7 delivered", "7 read"]);
  });

  it("submits a displayed marker for a message that was read", async () => {
    const { client } = await stage.enter();
    await client.markRead({ id: "m1" as MessageId, from: PEER as never });
    await until("the marker", () => stage.service.messages.length === 1);
    const [marker] = stage.service.messages;
    expect(marker).to.include({ displayed: "m1" });
    expect(marker?.to.toString()).to.equal(PEER_JID);
  });

  it("refuses malformed numbers, empty and overlong texts, and a client that has stopped", async () => {
    const { client } = await stage.enter();
    for (const send of [
      client.send("555", "hello"),
      client.send(PEER, ""),
      client.send(PEER, "x".repeat(65_537)),
      client.send(PEER, "hello", { id: "two words" }),
    ])
      expect(await failure(send)).to.be.instanceOf(InvalidInput);
    await client.stop();
    expect(await failure(client.send(PEER, "late"))).to.include({ code: "stopped" });
  });

  it("goes from failed to delivered when a receipt shows that it was accepted after all", async () => {
    const { client } = await stage.enter();
    stage.service.answer = refuse(new StanzaError("not-acceptable", "no"));
    const handle = await client.send(PEER, "hello");
    await failure(handle.until("accepted"));
    stage.service.deliver(receipt(1, [handle.id], "delivered"));
    await until("the receipt", () => handle.state === "delivered");
    expect(handle.failure).to.equal(undefined);
  });
});
