import { expect } from "chai";
import { InvalidInput, StanzaError } from "../../src/errors.js";
import { decodeDelivery, encodeDelivery, encodeEntry } from "../../src/frame-deliver.js";
import { encodePayload, decodePayload } from "../../src/frame-payload.js";
import { decodeSubmit, encodeAnswer, encodeSubmit } from "../../src/frame-submit.js";
import type { DeviceId, MessageId, Seq } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { OMEMO_COMPANIONS, writeEncrypted } from "../../src/omemo.js";
import { writeEncrypted2 } from "../../src/omemo2.js";
import { readSubmit, writeSubmit } from "../../src/mailbox-submit.js";
import { parseXml } from "../../src/xml.js";
import { fuzz, outcomeOf } from "./harness.js";

const DOMAIN = "phone.example.org";
const ID = "AAECAwQFBgcICQoLDA0O" as MessageId;
const KEY = { rid: 31_415 as DeviceId, isPreKey: true, data: Buffer.alloc(40, 3) };
const PAYLOADS = [
  `<body xmlns="jabber:client">But soft</body>`,
  `<displayed xmlns="${NS.chatMarkers}" id="m"/>`,
  writeEncrypted({ sid: 27_183 as DeviceId, keys: [KEY], iv: Buffer.alloc(12), payload: Buffer.of(3) }) +
    OMEMO_COMPANIONS,
  writeEncrypted2({
    sid: 1 as DeviceId,
    keys: [{ ...KEY, jid: `+15551230002@${DOMAIN}` }],
    payload: undefined,
  }),
].map((payload) => encodePayload(payload, DOMAIN));

const DICTIONARY = [
  "9bffffffffffffffff",
  "5affffffff",
  "9f",
  "ff",
  "f6",
  "f7",
  "f97e00",
  "a1616101",
  "c1",
  "818181818181",
].map((hex) => Buffer.from(hex, "hex"));

fuzz({
  name: "frame-payload",
  promise: "reads or refuses with InvalidInput, and what it reads is the same when it is written again",
  seeds: () => PAYLOADS,
  dictionary: [...DICTIONARY, "<a xmlns='urn:a'/>", "</payload>", "<x:"],
  run: (input) =>
    outcomeOf(() => {
      const { payload } = decodePayload(input, DOMAIN);
      expect(decodePayload(encodePayload(payload, DOMAIN), DOMAIN).payload).to.equal(payload);
    }, InvalidInput),
});

fuzz({
  name: "frame-submit",
  promise: "reads or refuses with StanzaError, and what it reads says the same as XML",
  seeds: () =>
    PAYLOADS.map((payload) =>
      encodeSubmit(
        {
          acknowledgement: { seq: 3 as Seq, undecryptable: [2 as Seq] },
          sent: 4,
          messages: [{ id: ID, to: `+15551230002@${DOMAIN}`, payload }],
        },
        DOMAIN,
      ),
    ),
  dictionary: DICTIONARY,
  run: (input) =>
    outcomeOf(() => {
      const { messages, refused } = decodeSubmit(input, DOMAIN);
      for (const { error } of refused) expect(error).to.be.instanceOf(StanzaError);
      const again = readSubmit(parseXml(writeSubmit({ messages }))).messages;
      const said = (list: typeof messages) => list.map(({ id, to, payload }) => [id, to.toString(), payload]);
      expect(said(again)).to.deep.equal(said(messages));
    }, StanzaError),
});

fuzz({
  name: "frame-delivery",
  promise: "reads or refuses with StanzaError",
  seeds: () => [
    encodeDelivery(
      [
        encodeAnswer({ number: 1, outcomes: [{ id: ID, acceptedAt: 5, isDuplicate: false }] }),
        encodeAnswer({ number: 2, error: new StanzaError("bad-request", "no") }),
      ],
      [
        encodeEntry(
          {
            kind: "message",
            seq: 1 as Seq,
            isRedelivery: false,
            from: "a@b",
            to: "c@d",
            id: ID,
            at: 5,
            payload: "<a xmlns='urn:a'/>",
          },
          DOMAIN,
        ),
        encodeEntry(
          {
            kind: "receipt",
            seq: 2 as Seq,
            isRedelivery: true,
            state: "read",
            from: "a@b",
            device: undefined,
            at: 5,
            ids: [ID],
          },
          DOMAIN,
        ),
      ],
    ),
  ],
  dictionary: DICTIONARY,
  run: (input) => outcomeOf(() => decodeDelivery(input, DOMAIN, () => [ID]), StanzaError),
});
