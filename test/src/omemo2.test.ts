import { expect } from "chai";
import fc from "fast-check";
import { InvalidInput } from "../../src/errors.js";
import type { DeviceId } from "../../src/ids.js";
import { MAX_OMEMO_KEY_BYTES, MAX_OMEMO_KEYS, readEncrypted, writeEncrypted } from "../../src/omemo.js";
import {
  isEncrypted2,
  MAX_OMEMO2_PAYLOAD_BYTES,
  OMEMO2_COMPANIONS,
  type Omemo2Message,
  readEncrypted2,
  writeEncrypted2,
} from "../../src/omemo2.js";
import { parseXml, xml } from "../../src/xml.js";
import { bytes, deviceIds, hostileTree, throwsOnlyInvalidInput } from "../support/omemo-arbitraries.js";

const NS = "urn:xmpp:omemo:2";

const MESSAGE: Omemo2Message = {
  sid: 27183 as DeviceId,
  keys: [
    { jid: "juliet@example.org", rid: 31415 as DeviceId, isPreKey: false, data: Buffer.from([1, 2, 3]) },
    { jid: "romeo@example.org", rid: 1337 as DeviceId, isPreKey: false, data: Buffer.alloc(200, 0xff) },
    { jid: "romeo@example.org", rid: 2147483647 as DeviceId, isPreKey: true, data: Buffer.from([4]) },
  ],
  payload: Buffer.alloc(32, 7),
};

const read = (text: string): Omemo2Message => readEncrypted2(parseXml(text));
const within = (inner: string): string => `<encrypted xmlns='${NS}'>${inner}</encrypted>`;
const header = (inner: string, sid = "1"): string => within(`<header sid='${sid}'>${inner}</header>`);
const keys = (inner: string, jid = "juliet@example.org"): string => `<keys jid='${jid}'>${inner}</keys>`;
const key = (attributes: string, text = "AQID"): string => header(keys(`<key ${attributes}>${text}</key>`));
const payload = (text: string): string => within(`<header sid='1'/><payload>${text}</payload>`);
const zeros = (length: number): string => Buffer.alloc(length).toString("base64");
const manyKeys = (count: number): string =>
  Array.from({ length: count }, (_, i) => `<key rid='${i + 1}'>AQID</key>`).join("");

describe("readEncrypted2", () => {
  it("reads what writeEncrypted2 wrote", () => {
    expect(read(writeEncrypted2(MESSAGE))).eql(MESSAGE);
    const empty = { ...MESSAGE, payload: undefined };
    expect(read(writeEncrypted2(empty))).eql(empty);
  });

  it("reads whatever writeEncrypted2 wrote", () => {
    const people = fc.constantFrom(
      "juliet@example.org",
      "romeo@example.org",
      "+15551230001@phone.example.org",
    );
    const message = fc.record({
      sid: deviceIds,
      keys: fc.uniqueArray(
        fc.record({ jid: people, rid: deviceIds, isPreKey: fc.boolean(), data: bytes(1, 300) }),
        { selector: ({ jid, rid }) => `${rid} ${jid}` },
      ),
      payload: fc.option(
        bytes(1, 20).map((part) => Buffer.concat(Array.from({ length: 16 }, () => part))),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(message, (written) => {
        const jids = [...new Set(written.keys.map(({ jid }) => jid))];
        const together = jids.flatMap((one) => written.keys.filter(({ jid }) => jid === one));
        expect(read(writeEncrypted2(written))).eql({ ...written, keys: together });
      }),
    );
  });

  // The shape of XEP-0384 0.8 §5.5.3, with values in it
  it("reads what other apps write: one group a person, kex as 1, white space around the values", () => {
    const message = read(`<encrypted xmlns='${NS}'>
      <header sid='27183'>
        <keys jid='juliet@example.org'>
          <key rid='31415'> AQID </key>
        </keys>
        <keys jid='Romeo@Example.org/balcony'>
          <key rid='1337' kex='false'>AQID</key>
          <key kex='1' rid='12321'>
            AQID
          </key>
          <other xmlns='else' rid='5'/>
        </keys>
      </header>
      <payload>
        ${zeros(48)}
      </payload>
    </encrypted>`);
    expect(message.keys.map(({ jid, rid, isPreKey }) => [jid, rid, isPreKey])).eql([
      ["juliet@example.org", 31415, false],
      ["romeo@example.org", 1337, false],
      ["romeo@example.org", 12321, true],
    ]);
    expect(message.payload).eql(Buffer.alloc(48));
  });

  it("reads two persons' devices of one id", () => {
    const two = header(
      keys("<key rid='1'>AQID</key>") + keys("<key rid='1'>AQID</key>", "romeo@example.org"),
    );
    expect(read(two).keys).length(2);
  });

  it("takes as many keys, and as long a payload, as it may", () => {
    expect(read(header(keys(manyKeys(MAX_OMEMO_KEYS)))).keys).length(MAX_OMEMO_KEYS);
    expect(read(payload(zeros(MAX_OMEMO2_PAYLOAD_BYTES))).payload).length(MAX_OMEMO2_PAYLOAD_BYTES);
  });

  const refused: Record<string, string> = {
    "another element": `<encrypt xmlns='${NS}'><header sid='1'/></encrypt>`,
    "another namespace": `<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>`,
    "no header": within(`<payload>${zeros(16)}</payload>`),
    "two headers": within("<header sid='1'/><header sid='1'/>"),
    "no sid": within("<header/>"),
    "a sid of 0": header("", "0"),
    "a sid beyond 2^31-1": header("", "2147483648"),
    "a negative sid": header("", "-1"),
    "a fractional sid": header("", "1.5"),
    "keys without a JID": header("<keys><key rid='1'>AQID</key></keys>"),
    "keys of no JID": header(keys("<key rid='1'>AQID</key>", "@")),
    "an empty group of no JID": header(keys("", "a b")),
    "a key without rid": key(""),
    "a key with rid 0": key("rid='0'"),
    "a key with rid beyond 2^31-1": key("rid='2147483648'"),
    "an empty key": key("rid='1'", ""),
    "a key that is no base64": key("rid='1'", "AQI!"),
    "a key without padding": key("rid='1'", "AQI"),
    "a key with bits that mean nothing": key("rid='1'", "AR=="),
    "a key that is too long": key("rid='1'", zeros(MAX_OMEMO_KEY_BYTES + 1)),
    "two keys for one device": header(keys("<key rid='1'>AQID</key><key rid='1'>AQIE</key>")),
    "two keys for one device in two groups": header(
      keys("<key rid='1'>AQID</key>") + keys("<key rid='1'>AQIE</key>", "JULIET@example.org/balcony"),
    ),
    "too many keys": header(keys(manyKeys(MAX_OMEMO_KEYS)) + keys(manyKeys(1), "romeo@example.org")),
    "too many groups": header(keys("").repeat(MAX_OMEMO_KEYS + 1)),
    "two payloads": within(`<header sid='1'/><payload>${zeros(16)}</payload><payload>${zeros(16)}</payload>`),
    "an empty payload": payload(""),
    "a payload that is no base64": payload("?"),
    "a payload that is not whole blocks": payload(zeros(17)),
    "a payload that is too long": payload(zeros(MAX_OMEMO2_PAYLOAD_BYTES + 16)),
  };
  for (const [what, text] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(() => read(text)).throw(InvalidInput);
    });
  }

  it("throws nothing but InvalidInput, whatever the tree", () => {
    throwsOnlyInvalidInput(readEncrypted2, hostileTree("encrypted", NS));
  });
});

describe("writeEncrypted2", () => {
  it("writes the keys of a person together, under the bare JID", () => {
    const [first, second] = MESSAGE.keys;
    const jid = "Juliet@example.org/balcony";
    const text = writeEncrypted2({
      ...MESSAGE,
      keys: [first!, second!, { ...first!, jid, rid: 2 as DeviceId }],
    });
    expect(text.match(/<keys jid='[^']*'>/g)).eql([
      "<keys jid='juliet@example.org'>",
      "<keys jid='romeo@example.org'>",
    ]);
  });

  it("refuses more keys than are read, as that of 0.3 does", () => {
    const many = Array.from({ length: MAX_OMEMO_KEYS + 1 }, (_, i) => ({
      ...MESSAGE.keys[0]!,
      rid: (i + 1) as DeviceId,
    }));
    expect(() => writeEncrypted2({ ...MESSAGE, keys: many })).throw(InvalidInput);
    const iv = Buffer.alloc(12);
    expect(() => writeEncrypted({ ...MESSAGE, iv, keys: many })).throw(InvalidInput);
    const most = { ...MESSAGE, iv, keys: many.slice(1) };
    expect(readEncrypted(parseXml(writeEncrypted(most))).keys).length(MAX_OMEMO_KEYS);
  });

  it("refuses a JID that is none", () => {
    const keys = [{ ...MESSAGE.keys[0]!, jid: "a'b" }];
    expect(() => writeEncrypted2({ ...MESSAGE, keys })).throw(InvalidInput);
  });
});

describe("isEncrypted2", () => {
  it("knows the element of OMEMO 2", () => {
    expect(isEncrypted2(parseXml(writeEncrypted2(MESSAGE)))).equal(true);
    expect(isEncrypted2(xml("encrypted", { xmlns: "eu.siacs.conversations.axolotl" }))).equal(false);
    expect(isEncrypted2(xml("header", { xmlns: NS }))).equal(false);
  });
});

describe("OMEMO2_COMPANIONS", () => {
  it("tells the encryption, asks to be stored and has a body, each in its namespace", () => {
    const { children } = parseXml(`<message>${OMEMO2_COMPANIONS}</message>`);
    expect(children.map((child) => typeof child !== "string" && [child.name, child.attrs.xmlns])).eql([
      ["encryption", "urn:xmpp:eme:0"],
      ["store", "urn:xmpp:hints"],
      ["body", "jabber:client"],
    ]);
    expect(parseXml(`<message>${OMEMO2_COMPANIONS}</message>`).getChild("encryption")?.attrs.namespace).equal(
      NS,
    );
  });
});
