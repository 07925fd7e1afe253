import { formElement, readForm, submitElement } from "../../src/data-form.js";
import { messageId, seq, type DeviceId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import { readAttach, readAttached, writeAttach, writeAttached } from "../../src/mailbox-attach.js";
import { type Entry, readDeliver, writeDeliver, writeEntry } from "../../src/mailbox-deliver.js";
import { readStatus, writeStatus } from "../../src/mailbox-status.js";
import {
  type Acknowledgement,
  readAcknowledgement,
  readSubmit,
  readSubmitted,
  type Submit,
  writeAcknowledgement,
  writeSubmit,
  writeSubmitted,
} from "../../src/mailbox-submit.js";
import { InvalidInput, StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { type Element, namespaceOf, parseStanzaError, stanzaErrorElement } from "../../src/xml.js";
import { fuzzReader } from "./round-trip.js";

const JULIET = "+15551230001@phone.example.org";
const ROMEO = "+15551230002@phone.example.org";
const AT = Date.UTC(2026, 0, 31, 9, 30);
const device = 11 as DeviceId;
const ids = ["m1", "m2"].map(messageId);

const STAMPS = [
  " at='0000-01-01T00:00:00+14:00'",
  " at='9999-12-31T23:59:59-14:00'",
  " at='2026-02-30T00:00:00Z'",
];
const PAYLOAD = `<body xmlns='${NS.client}'>a &lt; b</body>`;

/** A reader that only gets what is in the mailbox's namespace, as its callers see to. */
function ofMailbox<Value>(read: (element: Element) => Value): (element: Element) => Value {
  return (element) => {
    if (namespaceOf(element) !== NS.mailbox) throw new InvalidInput("not of the mailbox");
    return read(element);
  };
}

fuzzReader<Submit>({
  name: "mailbox-submit",
  seeds: () => [
    writeSubmit({
      acknowledgement: { seq: seq(7), undecryptable: [seq(3), seq(5)] },
      sent: 12,
      messages: [
        { id: ids[0]!, to: Jid.parse(ROMEO), payload: PAYLOAD },
        { id: ids[1]!, to: Jid.parse(JULIET), payload: `<displayed xmlns='${NS.chatMarkers}' id='m1'/>` },
      ],
    }),
  ],
  read: ofMailbox(readSubmit),
  write: ({ acknowledgement, messages, sent }) =>
    writeSubmit({
      ...(acknowledgement && { acknowledgement }),
      ...(sent !== undefined && { sent }),
      messages,
    }),
  // What was refused is told to its sender and goes no further
  essence: ({ acknowledgement, messages, sent }) => ({ acknowledgement, messages, sent }),
});

fuzzReader<Acknowledgement>({
  name: "mailbox-ack",
  seeds: () => [
    writeAcknowledgement({ seq: seq(7), undecryptable: [seq(3), seq(5)] }),
    writeAcknowledgement({ seq: seq(0), undecryptable: [] }),
  ],
  read: ofMailbox(readAcknowledgement),
  write: (acknowledgement) => writeAcknowledgement(acknowledgement),
});

fuzzReader({
  name: "mailbox-submitted",
  seeds: () => [
    writeSubmitted([
      { id: ids[0]!, acceptedAt: AT, isDuplicate: true },
      { id: ids[1]!, error: new StanzaError("policy-violation", "too large") },
    ]),
  ],
  dictionary: STAMPS,
  read: ofMailbox(readSubmitted),
  write: writeSubmitted,
  essence: (outcomes) =>
    outcomes.map((outcome) =>
      "error" in outcome ? { id: outcome.id, ...essenceOf(outcome.error) } : outcome,
    ),
});

fuzzReader({
  name: "stanza-error",
  seeds: () => [
    stanzaErrorElement(new StanzaError("conflict", "taken")).toString(),
    stanzaErrorElement(
      new StanzaError("bad-request", "no", { type: "wait", applicationCondition: "no-such-number" }),
    ).toString(),
  ],
  read: parseStanzaError,
  write: stanzaErrorElement,
  essence: essenceOf,
});

/** What an error says; an application's condition without a namespace says nothing. */
function essenceOf(error: StanzaError) {
  const { condition, type, message, applicationCondition, applicationNamespace } = error;
  const application = applicationNamespace === "" ? [] : [applicationCondition, applicationNamespace];
  return { condition, type, message, application };
}

fuzzReader({
  name: "mailbox-attach",
  seeds: () => [
    writeAttach({
      device,
      last: seq(9),
      proof: { nonce: "n", publicKey: Buffer.alloc(32, 7), signature: Buffer.alloc(64, 8) },
      generation: { token: "g", sent: 4, taken: seq(9) },
    }).toString(),
    writeAttach({
      device,
      last: seq(0),
      proof: { token: "t" },
      generation: { token: undefined, sent: 0, taken: seq(0) },
    }).toString(),
  ],
  read: ofMailbox(readAttach),
  write: writeAttach,
});

fuzzReader({
  name: "mailbox-attached",
  seeds: () => [
    writeAttached({ number: JULIET, token: "t", tokenExpiresAt: AT, generation: "g" }).toString(),
  ],
  dictionary: STAMPS.map((stamp) => stamp.replace("at=", "expires=")),
  read: ofMailbox(readAttached),
  write: writeAttached,
});

fuzzReader<Entry[]>({
  name: "mailbox-deliver",
  seeds: () => [
    writeDeliver([
      writeEntry({
        kind: "message",
        seq: seq(1),
        isRedelivery: true,
        from: JULIET,
        to: ROMEO,
        id: ids[0]!,
        at: AT,
        payload: PAYLOAD,
      }),
      writeEntry({
        kind: "receipt",
        seq: seq(2),
        isRedelivery: false,
        state: "delivered",
        from: ROMEO,
        device,
        at: AT,
        ids,
      }),
    ]),
  ],
  dictionary: STAMPS,
  read: ofMailbox(readDeliver),
  write: (entries) => writeDeliver(entries.map(writeEntry)),
});

fuzzReader({
  name: "mailbox-status",
  seeds: () => [
    writeStatus({
      id: ids[0]!,
      to: ROMEO,
      acceptedAt: AT,
      recipients: [
        { device, state: "read", at: AT },
        { device: undefined, state: "expired", at: AT },
      ],
    }).toString(),
  ],
  dictionary: STAMPS,
  read: ofMailbox(readStatus),
  write: writeStatus,
});

fuzzReader({
  name: "data-form",
  seeds: () => [
    submitElement("urn:example", { a: "1", b: ["2", "3"] }).toString(),
    formElement({
      type: "form",
      title: "t",
      fields: [
        { name: "a", type: "list-single", isRequired: true, values: ["1"], options: [{ value: "1" }] },
      ],
    }).toString(),
  ],
  read: readForm,
  write: ({ type, formType, values }) =>
    formElement({
      type,
      ...(formType !== undefined && { formType }),
      fields: [...values].map(([name, given]) => ({ name, type: "text-multi", values: given })),
    }),
});
