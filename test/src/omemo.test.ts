import { expect } from "chai";
import { InvalidInput } from "../../src/errors.js";
import type { DeviceId } from "../../src/ids.js";
import {
  isEncrypted,
  MAX_OMEMO_KEY_BYTES,
  MAX_OMEMO_KEYS,
  MAX_OMEMO_PAYLOAD_BYTES,
  OMEMO_COMPANIONS,
  type OmemoMessage,
  readEncrypted,
  writeEncrypted,
} from "../../src/omemo.js";
import { parseXml, xml } from "../../src/xml.js";

const NS = "eu.siacs.conversations.axolotl";
const IV = "AAAAAAAAAAAAAAAA";

const MESSAGE: OmemoMessage = {
  sid: 27183 as DeviceId,
  keys: [
    { rid: 31415 as DeviceId, isPreKey: false, data: Buffer.from([1, 2, 3]) },
    { rid: 2147483647 as DeviceId, isPreKey: true, data: Buffer.alloc(200, 0xff) },
  ],
  iv: Buffer.alloc(12, 7),
  payload: Buffer.from("ciphertext"),
};

const read = (text: string): OmemoMessage => readEncrypted(parseXml(text));
const within = (inner: string): string => `<encrypted xmlns='${NS}'>${inner}</encrypted>`;
const header = (inner: string, sid = "1"): string => within(`<header sid='${sid}'>${inner}</header>`);
const withKey = (attributes: string, text: string): string =>
  header(`<key ${attributes}>${text}</key><iv>${IV}</iv>`);

describe("readEncrypted", () => {
  it("reads what writeEncrypted wrote", () => {
    expect(read(writeEncrypted(MESSAGE))).eql(MESSAGE);
    const transport = { ...MESSAGE, payload: undefined };
    expect(read(writeEncrypted(transport))).eql(transport);
    const empty = { ...MESSAGE, payload: Buffer.alloc(0) };
    expect(read(writeEncrypted(empty)).payload?.length).equal(0);
  });

  it("reads what other apps write: 16-byte IVs, prekey as 1, white space around the values", () => {
    const message = read(
      within(
        `\n <header sid='1'>\n <key prekey='1' rid='2'>\n AQID \n</key><key prekey='false' rid='3'>AQID</key>` +
          `<iv>AAAAAAAAAAAAAAAAAAAAAA==</iv></header><payload>\nAQID\n</payload><other xmlns='else'/>`,
      ),
    );
    expect(message.keys.map(({ isPreKey }) => isPreKey)).eql([true, false]);
    expect(message.iv.length).equal(16);
    expect(message.payload).eql(Buffer.from([1, 2, 3]));
  });

  const many = `<key rid='1'>AQID</key>`.repeat(MAX_OMEMO_KEYS + 1);
  const refused: Record<string, string> = {
    "another element": `<encrypt xmlns='${NS}'/>`,
    "another namespace": `<encrypted xmlns='urn:xmpp:omemo:2'><header sid='1'><iv>${IV}</iv></header></encrypted>`,
    "no header": within("<payload>AQID</payload>"),
    "two headers": within(`<header sid='1'><iv>${IV}</iv></header><header sid='1'><iv>${IV}</iv></header>`),
    "no sid": within(`<header><iv>${IV}</iv></header>`),
    "a sid of 0": header(`<iv>${IV}</iv>`, "0"),
    "a sid beyond 2^31-1": header(`<iv>${IV}</iv>`, "2147483648"),
    "a negative sid": header(`<iv>${IV}</iv>`, "-1"),
    "a fractional sid": header(`<iv>${IV}</iv>`, "1.5"),
    "no IV": header(""),
    "two IVs": header(`<iv>${IV}</iv><iv>${IV}</iv>`),
    "an empty IV": header("<iv/>"),
    "an IV of 13 bytes": header("<iv>AAAAAAAAAAAAAAAAAA==</iv>"),
    "an IV of 17 bytes": header("<iv>AAAAAAAAAAAAAAAAAAAAAAA=</iv>"),
    "a key without rid": withKey("", "AQID"),
    "a key with rid 0": withKey("rid='0'", "AQID"),
    "an empty key": withKey("rid='1'", ""),
    "a key that is no base64": withKey("rid='1'", "AQI!"),
    "a key without padding": withKey("rid='1'", "AQI"),
    "a key in base64url": withKey("rid='1'", "_-8="),
    "a key with bits that mean nothing": withKey("rid='1'", "AR=="),
    "a key with a line break": withKey("rid='1'", "AQID\nAQID"),
    "a key that is too long": withKey("rid='1'", Buffer.alloc(MAX_OMEMO_KEY_BYTES + 1).toString("base64")),
    "too many keys": header(`${many}<iv>${IV}</iv>`),
    "a payload that is no base64": within(`<header sid='1'><iv>${IV}</iv></header><payload>?</payload>`),
    "a payload that is too long": within(
      `<header sid='1'><iv>${IV}</iv></header><payload>${Buffer.alloc(MAX_OMEMO_PAYLOAD_BYTES + 1).toString("base64")}</payload>`,
    ),
  };
  for (const [what, text] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(() => read(text)).throw(InvalidInput);
    });
  }
});

describe("isEncrypted", () => {
  it("knows the element of OMEMO 0.3", () => {
    expect(isEncrypted(parseXml(writeEncrypted(MESSAGE)))).equal(true);
    expect(isEncrypted(xml("encrypted", { xmlns: "urn:xmpp:omemo:2" }))).equal(false);
    expect(isEncrypted(xml("header", { xmlns: NS }))).equal(false);
  });
});

describe("OMEMO_COMPANIONS", () => {
  it("tells the encryption, asks to be stored and has a body, each in its namespace", () => {
    const { children } = parseXml(`<message>${OMEMO_COMPANIONS}</message>`);
    expect(children.map((child) => typeof child !== "string" && `${child.name} ${child.attrs.xmlns}`)).eql([
      "encryption urn:xmpp:eme:0",
      "store urn:xmpp:hints",
      "body jabber:client",
    ]);
  });
});
