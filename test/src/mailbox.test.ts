import { expect } from "chai";
import fc from "fast-check";
import { StanzaError } from "../../src/errors.js";
import type { DeviceId, MessageId, Seq } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { readAttach, readAttached, writeAttach, writeAttached } from "../../src/mailbox-attach.js";
import { readDeliver, writeDeliver, writeEntry } from "../../src/mailbox-deliver.js";
import { readStatus, writeStatus } from "../../src/mailbox-status.js";
import {
  readAcknowledgement,
  readSubmit,
  readSubmitted,
  writeAcknowledgement,
  writeSubmit,
  writeSubmitted,
} from "../../src/mailbox-submit.js";
import { NS } from "../../src/namespaces.js";
import { RECEIPT_STATES } from "../../src/receipt-state.js";
import { parseXml, xml, type Element } from "../../src/xml.js";

const RUNS = { seed: 1, numRuns: 100 };
const anId = fc.stringMatching(/^[\x21-\x7e]{1,64}$/).map((id) => id as MessageId);
const aSeq = fc.integer({ min: 0, max: 999_999_999_999_999 }).map((one) => one as Seq);
const aDevice = fc.integer({ min: 1, max: 2 ** 31 - 1 }).map((one) => one as DeviceId);
const aTime = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });
const anAddress = fc.stringMatching(/^\+[1-9]\d{6,14}$/).map((number) => `${number}@phone.example.org`);
const aText = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
  .filter((text) => !/\p{Cc}/u.test(text));
const aPayload = aText.map((text) => xml("body", { xmlns: NS.client }, text).toString());

/** Reads again what was written, as a peer does. */
const wire = (written: Element | string): Element => parseXml(written.toString());

describe("the mailbox protocol", () => {
  it("reads the <attach/> that it writes", () => {
    const bytes = (length: number) =>
      fc.uint8Array({ minLength: length, maxLength: length }).map((one) => Buffer.from(one));
    const proof = fc.oneof(
      fc.record({ token: fc.stringMatching(/^[\w-]{1,200}$/) }),
      fc.record({ nonce: fc.stringMatching(/^[\w-]{1,80}$/), publicKey: bytes(32), signature: bytes(64) }),
    );
    fc.assert(
      fc.property(fc.record({ device: aDevice, last: aSeq, proof }), (attach) => {
        expect(readAttach(wire(writeAttach(attach)))).to.deep.equal(attach);
      }),
      RUNS,
    );
  });

  it("reads the <attached/> that it writes", () => {
    fc.assert(
      fc.property(fc.record({ number: anAddress, token: aText, tokenExpiresAt: aTime }), (attached) => {
        expect(readAttached(wire(writeAttached(attached)))).to.deep.equal(attached);
      }),
      RUNS,
    );
  });

  it("reads the <submit/> that it writes", () => {
    const message = fc.record({ id: anId, to: anAddress.map((to) => Jid.parse(to)), payload: aPayload });
    const acknowledgement = fc.record({ seq: aSeq, undecryptable: fc.array(aSeq, { maxLength: 5 }) });
    const submit = fc.record(
      { messages: fc.array(message, { maxLength: 5 }), acknowledgement },
      { requiredKeys: ["messages"] },
    );
    fc.assert(
      fc.property(submit, ({ messages, acknowledgement }) => {
        const read = readSubmit(wire(writeSubmit({ messages, ...(acknowledgement && { acknowledgement }) })));
        expect(read.acknowledgement).to.deep.equal(acknowledgement);
        expect(read.messages).to.deep.equal(messages.map((one) => ({ ...one, displayed: undefined })));
      }),
      RUNS,
    );
  });

  it("reads the <submitted/> that it writes", () => {
    const accepted = fc.record({ id: anId, acceptedAt: aTime, isDuplicate: fc.boolean() });
    const refused = fc.record({
      id: anId,
      error: aText.map((text) => new StanzaError("conflict", text || "no")),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(accepted, refused)), (outcomes) => {
        const read = readSubmitted(wire(writeSubmitted(outcomes)));
        expect(read).to.have.length(outcomes.length);
        for (const [index, outcome] of outcomes.entries()) {
          if (!("error" in outcome)) expect(read[index]).to.deep.equal(outcome);
          else
            expect(read[index])
              .to.have.property("error")
              .that.includes({ condition: "conflict", message: outcome.error.message });
        }
      }),
      RUNS,
    );
  });

  it("reads the entries that it writes", () => {
    const common = { seq: aSeq, isRedelivery: fc.boolean(), from: anAddress, at: aTime };
    const message = fc.record({
      ...common,
      kind: fc.constant("message" as const),
      to: anAddress,
      id: anId,
      payload: aPayload,
    });
    const receipt = fc.record({
      ...common,
      kind: fc.constant("receipt" as const),
      state: fc.constantFrom(...RECEIPT_STATES),
      device: fc.option(aDevice, { nil: undefined }),
      ids: fc.array(anId, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(message, receipt), { maxLength: 5 }), (entries) => {
        expect(readDeliver(wire(writeDeliver(entries.map(writeEntry))))).to.deep.equal(entries);
      }),
      RUNS,
    );
  });

  it("reads the <status/> that it writes", () => {
    const recipient = fc.record({
      device: fc.option(aDevice, { nil: undefined }),
      state: fc.constantFrom(...RECEIPT_STATES),
      at: aTime,
    });
    const status = fc.record({ id: anId, to: anAddress, acceptedAt: aTime, recipients: fc.array(recipient) });
    fc.assert(
      fc.property(status, (one) => {
        expect(readStatus(wire(writeStatus(one)))).to.deep.equal(one);
      }),
      RUNS,
    );
  });

  it("reads the <ack/> that it writes", () => {
    fc.assert(
      fc.property(fc.record({ seq: aSeq, undecryptable: fc.array(aSeq) }), (ack) => {
        expect(readAcknowledgement(wire(writeAcknowledgement(ack)))).to.deep.equal(ack);
      }),
      RUNS,
    );
  });
});

const TO = "to='+15551230001@phone.example.org'";
const BODY = "<body xmlns='jabber:client'>x</body>";
const HUGE = "9".repeat(400);

/** What is malformed, who reads it, and the condition of the refusal. */
/** Reads a submit of one message; throws why it is refused, be it alone or with the whole. */
function readOneSubmission(submit: Element): unknown {
  const { messages, refused } = readSubmit(submit);
  if (refused[0]) throw refused[0].error;
  return messages[0];
}

const MALFORMED: readonly [read: (element: Element) => unknown, text: string, condition: string][] = [
  [readAttach, "<attach/>", "bad-request"],
  [readAttach, "<attach device='1'><token>t</token></attach>", "bad-request"],
  [readAttach, "<attach device='0' last='0'><token>t</token></attach>", "bad-request"],
  [readAttach, `<attach device='${HUGE}' last='0'><token>t</token></attach>`, "bad-request"],
  [readAttach, `<attach device='1' last='${HUGE}'><token>t</token></attach>`, "bad-request"],
  [readAttach, "<attach device='1' last='-1'><token>t</token></attach>", "bad-request"],
  [readAttach, "<attach device='1e2' last='0'><token>t</token></attach>", "bad-request"],
  [readAttach, "<attach device='1' last='0'/>", "bad-request"],
  [readAttach, "<attach device='1' last='0'><proof nonce='n' key='AA=='/></attach>", "bad-request"],
  [readAttach, "<attach __proto__='1' constructor='1'/>", "bad-request"],
  [readAttached, "<attached number='n' token='t' expires='soon'/>", "bad-request"],
  [readAttached, "<attached token='t' expires='2026-01-01T00:00:00Z'/>", "bad-request"],
  [readOneSubmission, `<submit><message ${TO}>${BODY}</message></submit>`, "bad-request"],
  [readOneSubmission, `<submit><message id='' ${TO}>${BODY}</message></submit>`, "bad-request"],
  [
    readOneSubmission,
    `<submit><message id='${"x".repeat(65)}' ${TO}>${BODY}</message></submit>`,
    "bad-request",
  ],
  [readOneSubmission, `<submit><message id='a b' ${TO}>${BODY}</message></submit>`, "bad-request"],
  [readOneSubmission, `<submit><message id='a'>${BODY}</message></submit>`, "jid-malformed"],
  [readOneSubmission, `<submit><message id='a' to='@'>${BODY}</message></submit>`, "jid-malformed"],
  [
    readOneSubmission,
    `<submit><message id='a' to='${"x".repeat(3000)}'>${BODY}</message></submit>`,
    "jid-malformed",
  ],
  [readOneSubmission, `<submit><message id='a' ${TO}/></submit>`, "bad-request"],
  [readOneSubmission, `<submit><message id='a' ${TO}>text alone</message></submit>`, "bad-request"],
  [readOneSubmission, `<submit><message id='a' ${TO}><body>x</body></message></submit>`, "bad-request"],
  [
    readOneSubmission,
    `<submit xmlns='${NS.mailbox}'><message id='a' ${TO}><body xmlns=''>x</body></message></submit>`,
    "bad-request",
  ],
  [
    readOneSubmission,
    `<submit><message id='a' ${TO}><entry xmlns='${NS.mailbox}'/></message></submit>`,
    "bad-request",
  ],
  [
    readOneSubmission,
    `<submit><message id='a' ${TO}><m:entry xmlns='urn:x' xmlns:m='${NS.mailbox}'/></message></submit>`,
    "bad-request",
  ],
  [
    readOneSubmission,
    `<submit><message id='a' ${TO}><displayed xmlns='${NS.chatMarkers}'/></message></submit>`,
    "bad-request",
  ],
  [
    readOneSubmission,
    `<submit><message id='a' ${TO}><displayed xmlns='${NS.chatMarkers}' id='m'/>${BODY}</message></submit>`,
    "bad-request",
  ],
  [readOneSubmission, `<submit><ack/></submit>`, "bad-request"],
  [readOneSubmission, `<submit><ack seq='${HUGE}'/></submit>`, "bad-request"],
  [
    readOneSubmission,
    `<submit>${`<message id='a' ${TO}>${BODY}</message>`.repeat(101)}</submit>`,
    "policy-violation",
  ],
  [
    readOneSubmission,
    `<submit><message id='a' ${TO}><body xmlns='jabber:client'>${"x".repeat(98_304)}</body></message></submit>`,
    "policy-violation",
  ],
  [
    readOneSubmission,
    `<submit><message id='a' ${TO}><body xmlns='jabber:client'>${"é".repeat(49_152)}</body></message></submit>`,
    "policy-violation",
  ],
  [readAcknowledgement, "<ack seq='x'/>", "bad-request"],
  [readAcknowledgement, "<ack seq='1'><undecryptable/></ack>", "bad-request"],
  [readAcknowledgement, "<ack seq='1'><undecryptable seq='-1'/></ack>", "bad-request"],
  [readDeliver, "<deliver><entry seq='1'/></deliver>", "bad-request"],
  [readDeliver, "<deliver><entry><message/></entry></deliver>", "bad-request"],
  [
    readDeliver,
    "<deliver><entry seq='1'><message from='a' to='b' id='i' at='never'/></entry></deliver>",
    "bad-request",
  ],
  [
    readDeliver,
    "<deliver><entry seq='1'><receipt state='seen' from='a' at='2026-01-01T00:00:00Z'/></entry></deliver>",
    "bad-request",
  ],
  [
    readDeliver,
    "<deliver><entry seq='1'><receipt state='read' from='a' device='0' at='2026-01-01T00:00:00Z'/></entry></deliver>",
    "bad-request",
  ],
  [
    readDeliver,
    "<deliver><entry seq='1'><receipt state='constructor' from='a' at='2026-01-01T00:00:00Z'/></entry></deliver>",
    "bad-request",
  ],
  [readSubmitted, "<submitted><accepted at='2026-01-01T00:00:00Z'/></submitted>", "bad-request"],
  [readSubmitted, "<submitted><accepted id='a'/></submitted>", "bad-request"],
  [
    readStatus,
    "<status id='a' to='b' at='2026-01-01T00:00:00Z'><recipient state='x'/></status>",
    "bad-request",
  ],
  [readStatus, "<status id='a' at='2026-01-01T00:00:00Z'/>", "bad-request"],
];

describe("the readers of the mailbox protocol", () => {
  for (const [read, text, condition] of MALFORMED) {
    it(`${read.name} refuses ${text.length > 90 ? `${text.slice(0, 90)}…` : text}`, () => {
      expect(() => read(parseXml(text)))
        .to.throw(StanzaError)
        .with.property("condition", condition);
    });
  }

  it("say of a refused message that it was refused, also without its <error/>", () => {
    const [outcome] = readSubmitted(parseXml("<submitted><refused id='a'/></submitted>"));
    expect(outcome).to.have.property("error").that.includes({ condition: "undefined-condition" });
  });

  it("take a payload of exactly the limit", () => {
    const room = 98_304 - '<body xmlns="jabber:client"></body>'.length;
    const text = `<submit><message id='a' ${TO}><body xmlns='jabber:client'>${"x".repeat(room)}</body></message></submit>`;
    expect(readSubmit(parseXml(text)).messages).to.have.length(1);
  });
});
