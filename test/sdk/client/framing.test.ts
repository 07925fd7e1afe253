import { expect } from "chai";
import { encodeDelivery, encodeEntry } from "../../../src/frame-deliver.js";
import { encodeItem } from "../../../src/frame-cbor.js";
import { decodeSubmit, encodeAnswer, type FramedAnswer } from "../../../src/frame-submit.js";
import { frameNumber, readFrame, writeFrame } from "../../../src/frame.js";
import type { Submit } from "../../../src/mailbox-submit.js";
import { NS } from "../../../src/namespaces.js";
import type { Element } from "../../../src/xml.js";
import { until } from "../../support/until.js";
import { DOMAIN, FakeService, message, PEER } from "./fake-service.js";
import { Stage } from "./stage.js";

/** A service that speaks frames too. */
class FramedService extends FakeService {
  override agreesTo = 1;
  readonly frames: { readonly number: number; readonly submit: Submit }[] = [];
  answerFrame: (number: number, submit: Submit) => void = (number, { messages }) => {
    const outcomes = messages.map(({ id }) => ({ id, acceptedAt: 1_000, isDuplicate: false }));
    this.sayFrame([{ number, outcomes }]);
  };

  override take(stanza: Element): void {
    super.take(stanza);
    const frame = stanza.getChild("frame", NS.mailbox);
    if (!frame) return;
    const number = frameNumber(frame) ?? 0;
    const submit = decodeSubmit(readFrame(frame), DOMAIN);
    this.frames.push({ number, submit });
    if (submit.acknowledgement) this.acks.push(submit.acknowledgement);
    setImmediate(() => this.answerFrame(number, submit));
  }

  sayFrame(answers: readonly FramedAnswer[], entries: readonly Uint8Array[] = []): void {
    const encoded = answers.map((answer) => encodeAnswer(answer));
    this.say(writeFrame(encodeDelivery(encoded, entries)));
  }
}

/** A stage before a service that speaks frames. */
class FramedStage extends Stage {
  override readonly service = new FramedService();
}

describe("Framing", () => {
  let stage: FramedStage;
  beforeEach(() => {
    stage = new FramedStage();
  });
  afterEach(() => stage.clear());

  it("submits in frames, and takes answers and entries from one, when the service agrees", async () => {
    const person = await stage.enter();
    expect(stage.service.attaches[0]?.frame).to.equal(1);
    stage.service.answerFrame = (number, { messages }) => {
      const outcomes = messages.map(({ id }) => ({ id, acceptedAt: 1_000, isDuplicate: false }));
      stage.service.sayFrame([{ number, outcomes }], [encodeEntry(message(1, "But soft"), DOMAIN)]);
    };
    const handle = await person.client.send(PEER, "hello");
    await handle.until("accepted");
    await until("the message", () => person.messages.length === 1);
    expect(stage.service.submits).to.have.length(0);
    expect(stage.service.frames).to.have.length(1);
    await until("the acknowledgement", () => stage.service.acks.at(-1)?.seq === 1);
  });

  it("speaks XML when the service does not agree, or when it was told to", async () => {
    stage.service.agreesTo = 0;
    const { client } = await stage.enter();
    await (await client.send(PEER, "hello")).until("accepted");
    await stage.clear();
    stage.service.agreesTo = 1;
    const other = await stage.enter(undefined, { wantsFrames: false });
    await (await other.client.send(PEER, "hello")).until("accepted");
    expect(stage.service.attaches.map(({ frame }) => frame)).to.deep.equal([1, undefined]);
    expect(stage.service.frames).to.have.length(0);
    expect(stage.service.submits).to.have.length(2);
  });

  it("goes on in XML after a frame that it cannot read, and loses nothing", async () => {
    const person = await stage.enter();
    stage.service.say(writeFrame(Buffer.from("ff", "hex")));
    await until("another attach", () => stage.service.attaches.length === 2);
    expect(stage.service.attaches[1]?.frame).to.equal(undefined);
    stage.service.deliver(message(1, "But soft"));
    await until("the message", () => person.messages.length === 1);
    await (await person.client.send(PEER, "hello")).until("accepted");
  });

  it("takes the entries beside one that it cannot read", async () => {
    const person = await stage.enter();
    const odd = encodeItem([9, 2, false]);
    const entries = [message(1, "one"), message(3, "three")].map((entry) => encodeEntry(entry, DOMAIN));
    stage.service.sayFrame([], [entries[0] as Uint8Array, odd, entries[1] as Uint8Array]);
    await until("both messages", () => person.messages.length === 2);
    await until("the acknowledgement", () => stage.service.acks.at(-1)?.seq === 3);
  });

  it("submits again, under the same ids, what a frame was not answered to", async () => {
    const { client } = await stage.enter();
    const answer = stage.service.answerFrame;
    stage.service.answerFrame = () => {};
    const handle = await client.send(PEER, "hello");
    await until("the frame", () => stage.service.frames.length === 1);
    stage.service.answerFrame = answer;
    stage.service.say(`<detached xmlns='${NS.mailbox}'>the service was away</detached>`);
    await handle.until("accepted");
    const ids = stage.service.frames.map(({ submit }) => submit.messages.map(({ id }) => id));
    expect(ids[1]).to.deep.equal(ids[0]);
  });
});
