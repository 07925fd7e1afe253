import { expect } from "chai";
import fc from "fast-check";
import { InvalidInput } from "../../src/errors.js";
import {
  MAX_TRUST_KEY_ID_BYTES,
  MAX_TRUST_KEY_OWNERS,
  MAX_TRUST_KEYS,
  readTrustMessage,
  type TrustMessage,
  writeTrustMessage,
} from "../../src/trust-message.js";
import { parseXml } from "../../src/xml.js";
import { bytes, hostileTree, throwsOnlyInvalidInput } from "../support/omemo-arbitraries.js";

const NS = "urn:xmpp:tm:1";
const id = (fill: number): Buffer => Buffer.alloc(32, fill);
const base64 = (fill: number): string => id(fill).toString("base64");

const MESSAGE: TrustMessage = {
  usage: "urn:xmpp:atm:1",
  encryption: "urn:xmpp:omemo:2",
  keyOwners: [
    { jid: "juliet@example.org", trusted: [id(1), id(2)], distrusted: [] },
    { jid: "romeo@example.org", trusted: [id(1)], distrusted: [id(4), id(5)] },
  ],
};

const read = (text: string): TrustMessage => readTrustMessage(parseXml(text));
const within = (inner: string, usage = "urn:xmpp:atm:1", encryption = "urn:xmpp:omemo:2"): string =>
  `<trust-message xmlns='${NS}' usage='${usage}' encryption='${encryption}'>${inner}</trust-message>`;
const owner = (inner: string, jid = "juliet@example.org"): string =>
  `<key-owner jid='${jid}'>${inner}</key-owner>`;
const key = (text: string, name = "trust"): string => `<${name}>${text}</${name}>`;
const numbered = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join("");
const keyOf = (index: number): string => {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32BE(index);
  return key(bytes.toString("base64"));
};

describe("readTrustMessage", () => {
  it("reads whatever writeTrustMessage wrote", () => {
    const keyIds = fc.uniqueArray(bytes(1, MAX_TRUST_KEY_ID_BYTES), {
      minLength: 1,
      maxLength: 6,
      selector: (some) => some.toString("hex"),
    });
    const jids = fc.stringMatching(/^[a-z0-9]{1,8}$/).map((local) => `${local}@example.org`);
    const keyOwner = fc.record({ jid: jids, ids: keyIds, cut: fc.nat(6) }).map(({ jid, ids, cut }) => ({
      jid,
      trusted: ids.slice(0, cut),
      distrusted: ids.slice(cut),
    }));
    const messages = fc.record({
      usage: fc.webUrl(),
      encryption: fc.constantFrom("urn:xmpp:omemo:2", "a'b\"<&"),
      keyOwners: fc.uniqueArray(keyOwner, { minLength: 1, maxLength: 5, selector: ({ jid }) => jid }),
    });
    fc.assert(
      fc.property(messages, (message) => {
        expect(read(writeTrustMessage(message))).eql(message);
      }),
    );
  });

  // The shape of XEP-0434 0.6 §4
  it("reads trust and distrust of several persons, under their bare JIDs", () => {
    const text = within(`
      ${owner(`\n${key(` ${base64(1)} `)}${key(base64(2))}\n`, "Juliet@example.org/balcony")}
      ${owner(key(base64(4), "distrust") + key(base64(1)) + key(base64(5), "distrust"), "romeo@example.org")}
      <other xmlns='else'/>`);
    expect(read(text)).eql(MESSAGE);
  });

  it("takes as many owners and keys as it may", () => {
    const owners = numbered(MAX_TRUST_KEY_OWNERS, (i) => owner(keyOf(i), `r${i}@example.org`));
    expect(read(within(owners)).keyOwners).length(MAX_TRUST_KEY_OWNERS);
    expect(read(within(owner(numbered(MAX_TRUST_KEYS, keyOf)))).keyOwners[0]?.trusted).length(MAX_TRUST_KEYS);
  });

  const refused: Record<string, string> = {
    "another element": within(owner(key(base64(1)))).replaceAll("trust-message", "trust-messages"),
    "another namespace": within(owner(key(base64(1)))).replace(NS, "urn:xmpp:tm:0"),
    "no usage": within(owner(key(base64(1))), ""),
    "no encryption": within(owner(key(base64(1)))).replace(/ encryption='[^']*'/, ""),
    "an encryption that is too long": within(owner(key(base64(1))), "u", "e".repeat(257)),
    "no owner": within(""),
    "an owner without a JID": within(`<key-owner>${key(base64(1))}</key-owner>`),
    "an owner that is no JID": within(owner(key(base64(1)), "a b")),
    "an owner without keys": within(owner("")),
    "an owner twice": within(owner(key(base64(1))) + owner(key(base64(2)), "JULIET@example.org/balcony")),
    "an empty key": within(owner(key(""))),
    "a key in hex": within(owner(key("zz"))),
    "a key that is too long": within(owner(key(Buffer.alloc(MAX_TRUST_KEY_ID_BYTES + 1).toString("base64")))),
    "a key twice": within(owner(key(base64(1)) + key(base64(1)))),
    "a key trusted and distrusted": within(owner(key(base64(1)) + key(base64(1), "distrust"))),
    "too many owners": within(
      numbered(MAX_TRUST_KEY_OWNERS + 1, (i) => owner(keyOf(i), `r${i}@example.org`)),
    ),
    "too many keys": within(owner(numbered(MAX_TRUST_KEYS + 1, keyOf))),
  };
  for (const [what, text] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(() => read(text)).throw(InvalidInput);
    });
  }

  it("throws nothing but InvalidInput, whatever the tree", () => {
    throwsOnlyInvalidInput(readTrustMessage, hostileTree("trust-message", NS));
  });
});

describe("writeTrustMessage", () => {
  const [juliet] = MESSAGE.keyOwners;
  const refused: Record<string, Partial<TrustMessage>> = {
    "without a usage": { usage: "" },
    "without owners": { keyOwners: [] },
    "of an owner without keys": { keyOwners: [{ ...juliet!, trusted: [] }] },
    "that trusts and distrusts a key": { keyOwners: [{ ...juliet!, distrusted: [id(2)] }] },
    "of an empty key": { keyOwners: [{ ...juliet!, trusted: [Buffer.alloc(0)] }] },
    "of one owner twice": { keyOwners: [juliet!, { ...juliet!, jid: "JULIET@example.org" }] },
    "of no JID": { keyOwners: [{ ...juliet!, jid: "<" }] },
  };
  for (const [what, change] of Object.entries(refused)) {
    it(`refuses a message ${what}`, () => {
      expect(() => writeTrustMessage({ ...MESSAGE, ...change })).throw(InvalidInput);
    });
  }
});
