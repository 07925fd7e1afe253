import { expect } from "chai";
import fc from "fast-check";
import { InvalidInput } from "../../../../src/errors.js";
import {
  isXmppUri,
  MAX_URI_KEYS,
  readVerificationUri,
  writeTrustMessageUris,
  writeVerificationUri,
} from "../../../../sdk/omemo/trust/verification-uri.js";
import { device, JULIET, key, madeUp, print } from "./keys.js";

const A = print(1);
const B = print(2);
const ED = key(1).ed25519;

describe("writeVerificationUri", () => {
  it("writes the form that other apps scan", () => {
    const uri = writeVerificationUri(JULIET, [
      { device: device(11), fingerprint: A },
      { device: device(2_147_483_647), fingerprint: B },
    ]);
    expect(uri).equal(`xmpp:${JULIET}?omemo-sid-11=${A};omemo-sid-2147483647=${B}`);
  });

  it("encodes what the rules of a URI would mistake", () => {
    const uri = writeVerificationUri("a?b;c=d%e@example.org", [{ device: device(1), fingerprint: A }]);
    expect(uri).equal(`xmpp:a%3Fb%3Bc%3Dd%25e@example.org?omemo-sid-1=${A}`);
    expect(readVerificationUri(uri).address).equal("a?b;c=d%e@example.org");
  });

  it("fits into a QR code with as many devices as it takes, and takes no more", () => {
    const devices = Array.from({ length: MAX_URI_KEYS + 1 }, (_, index) => ({
      device: device(2_147_483_000 + index),
      fingerprint: madeUp(index),
    }));
    expect(writeVerificationUri(JULIET, devices.slice(1)).length).at.most(2953);
    for (const wrong of [devices, []]) expect(() => writeVerificationUri(JULIET, wrong)).throw(InvalidInput);
  });

  it("writes none for an address without a person", () => {
    expect(() => writeVerificationUri("example.org", [{ device: device(1), fingerprint: A }])).throw(
      InvalidInput,
    );
  });
});

describe("writeTrustMessageUris", () => {
  it("names keys of OMEMO 2 by their Ed25519 form", () => {
    const uris = writeTrustMessageUris(JULIET, { trusted: [key(1)], distrusted: [key(2)] });
    expect(uris).eql([
      `xmpp:${JULIET}?trust-message;encryption=urn:xmpp:omemo:2;trust=${ED};distrust=${key(2).ed25519}`,
    ]);
  });

  it("writes another for keys whose Ed25519 form is not known", () => {
    const uris = writeTrustMessageUris(JULIET, { trusted: [key(1), { fingerprint: B }] });
    expect(uris).eql([
      `xmpp:${JULIET}?trust-message;encryption=urn:xmpp:omemo:2;trust=${ED}`,
      `xmpp:${JULIET}?trust-message;encryption=eu.siacs.conversations.axolotl;trust=${B}`,
    ]);
  });
});

describe("readVerificationUri", () => {
  it("reads the devices and identities that it wrote", () => {
    const uri = `xmpp:${JULIET}?omemo-sid-11=${A};omemo-sid-12=${B.toUpperCase()};omemo-sid-13=${A}`;
    expect(readVerificationUri(uri)).eql({
      address: JULIET,
      trusted: [{ fingerprint: A }, { fingerprint: B }],
      distrusted: [],
      devices: new Map([
        [11, A],
        [12, B],
        [13, A],
      ]),
    });
  });

  it("reads trust and distrust, and knows an identity by either of its forms", () => {
    const uri = `XMPP:juliet@example.org?trust-message;encryption=urn%3Axmpp%3Aomemo%3A2;trust=${ED.toUpperCase()};distrust=${key(2).ed25519}`;
    expect(readVerificationUri(uri)).eql({
      address: "juliet@example.org",
      trusted: [key(1)],
      distrusted: [key(2)],
      devices: new Map(),
    });
  });

  it("takes a plus sign for itself, encoded or not", () => {
    for (const path of [JULIET, JULIET.replace("+", "%2B")]) {
      expect(readVerificationUri(`xmpp:${path}?omemo-sid-1=${A}`).address).equal(JULIET);
    }
  });

  const wrong: Readonly<Record<string, string>> = {
    "nothing at all": "",
    "a fingerprint": A,
    "another scheme": `https://example.org/?omemo-sid-1=${A}`,
    "an authority": `xmpp://${JULIET}?omemo-sid-1=${A}`,
    "a resource": `xmpp:${JULIET}%2Fphone?omemo-sid-1=${A}`,
    "a server": `xmpp:example.org?omemo-sid-1=${A}`,
    "no query": `xmpp:${JULIET}`,
    "an empty query": `xmpp:${JULIET}?`,
    "a fragment": `xmpp:${JULIET}?omemo-sid-1=${A}#top`,
    "another query": `xmpp:${JULIET}?message;body=hello`,
    "another pair": `xmpp:${JULIET}?omemo-sid-1=${A};name=juliet`,
    "an empty pair": `xmpp:${JULIET}?omemo-sid-1=${A};`,
    "a device twice": `xmpp:${JULIET}?omemo-sid-1=${A};omemo-sid-1=${B}`,
    "no device id": `xmpp:${JULIET}?omemo-sid-=${A}`,
    "a device id of 0": `xmpp:${JULIET}?omemo-sid-0=${A}`,
    "a device id that is too great": `xmpp:${JULIET}?omemo-sid-2147483648=${A}`,
    "a device without a fingerprint": `xmpp:${JULIET}?omemo-sid-1`,
    "a short fingerprint": `xmpp:${JULIET}?omemo-sid-1=${A.slice(2)}`,
    "a fingerprint with the type byte": `xmpp:${JULIET}?omemo-sid-1=05${A}`,
    "a fingerprint with space": `xmpp:${JULIET}?omemo-sid-1=${A.slice(1)}%20`,
    "a broken escape": `xmpp:${JULIET}?omemo-sid-1=%zz`,
    "a trust message of no encryption": `xmpp:${JULIET}?trust-message;trust=${ED}`,
    "a trust message of another encryption": `xmpp:${JULIET}?trust-message;encryption=urn:xmpp:openpgp:0;trust=${ED}`,
    "an encryption that is not first": `xmpp:${JULIET}?trust-message;trust=${ED};encryption=urn:xmpp:omemo:2`,
    "a trust message without keys": `xmpp:${JULIET}?trust-message;encryption=urn:xmpp:omemo:2`,
    "a trust message with a value": `xmpp:${JULIET}?trust-message=1;encryption=urn:xmpp:omemo:2;trust=${ED}`,
    "another verb": `xmpp:${JULIET}?trust-message;encryption=urn:xmpp:omemo:2;verify=${ED}`,
    "a key that is none": `xmpp:${JULIET}?trust-message;encryption=urn:xmpp:omemo:2;trust=${"f".repeat(64)}`,
    "a key twice": `xmpp:${JULIET}?trust-message;encryption=urn:xmpp:omemo:2;trust=${ED};trust=${ED}`,
    "a key trusted and distrusted": `xmpp:${JULIET}?trust-message;encryption=urn:xmpp:omemo:2;trust=${ED};distrust=${ED}`,
    "a megabyte": `xmpp:${JULIET}?${`omemo-sid-1=${A};`.repeat(12_000)}`,
    "more than 8192 characters": `xmpp:${"%61".repeat(900)}@example.org?${Array.from({ length: MAX_URI_KEYS }, (_, index) => `omemo-sid-${index + 1}=${madeUp(index).replaceAll("0", "%30")}`).join(";")}`,
    "too many keys": `xmpp:${JULIET}?${Array.from({ length: MAX_URI_KEYS + 1 }, (_, index) => `omemo-sid-${index + 1}=${madeUp(index)}`).join(";")}`,
  };
  for (const [what, uri] of Object.entries(wrong)) {
    it(`refuses ${what}`, () => {
      expect(() => readVerificationUri(uri)).throw(InvalidInput);
    });
  }

  it("refuses one key in two spellings: only the sign of its Ed25519 form is another", () => {
    const other = Buffer.from(ED, "hex");
    other[31] = (other[31] ?? 0) ^ 0x80;
    const uri = `xmpp:${JULIET}?trust-message;encryption=urn:xmpp:omemo:2;trust=${ED};distrust=${other.toString("hex")}`;
    expect(() => readVerificationUri(uri)).throw(InvalidInput);
  });

  it("answers or refuses whatever it is given, and reads again what it would write", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "xmpp:",
        JULIET,
        "?",
        ";",
        "=",
        "omemo-sid-1",
        "trust-message",
        "trust",
        "%",
        "#",
        A,
        ED,
      ),
      fc.constantFrom("encryption=urn:xmpp:omemo:2", `omemo-sid-7=${B}`, `;distrust=${ED}`),
      fc.string({ maxLength: 4 }),
    );
    const start = fc.constantFrom(
      "",
      `xmpp:${JULIET}?`,
      `xmpp:${JULIET}?omemo-sid-3=${A}`,
      `xmpp:${JULIET}?trust-message;`,
    );
    const text = fc
      .tuple(start, fc.array(piece, { maxLength: 6 }))
      .map(([head, rest]) => head + rest.join(""));
    fc.assert(
      fc.property(text, (uri) => {
        try {
          const { address, devices } = readVerificationUri(uri);
          const known = [...devices].map(([id, fingerprint]) => ({ device: id, fingerprint }));
          if (known.length === 0) return;
          expect(readVerificationUri(writeVerificationUri(address, known)).devices).eql(devices);
        } catch (error) {
          expect(error).instanceOf(InvalidInput);
        }
      }),
      { numRuns: 2000, seed: 5122 },
    );
  });
});

describe("isXmppUri", () => {
  it("tells a URI from a fingerprint and a safety number", () => {
    expect([`xmpp:${JULIET}`, " XMPP:x", A, "12345 ".repeat(12)].map(isXmppUri)).eql([
      true,
      true,
      false,
      false,
    ]);
  });
});
