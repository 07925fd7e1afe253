import { expect } from "chai";
import { InvalidInput } from "../../src/errors.js";
import { MAX_OMEMO_PREKEYS, type OmemoBundle, readBundle, writeBundle } from "../../src/omemo-bundle.js";
import { parseXml } from "../../src/xml.js";

const key = (fill: number): Buffer => Buffer.concat([Buffer.from([5]), Buffer.alloc(32, fill)]);

const BUNDLE: OmemoBundle = {
  identityKey: key(1),
  signedPreKey: { id: 0, publicKey: key(2), signature: Buffer.alloc(64, 3) },
  preKeys: [
    { id: 1, publicKey: key(4) },
    { id: 4294967295, publicKey: key(5) },
  ],
};

const TEXT = writeBundle(BUNDLE);
const without = (name: string): string => TEXT.replace(new RegExp(`<${name}[ >].*</${name}>`), "");

describe("readBundle", () => {
  it("reads what writeBundle wrote", () => {
    expect(readBundle(parseXml(TEXT))).eql(BUNDLE);
  });

  const short = Buffer.alloc(32).toString("base64");
  const preKey = (id: number): string =>
    `<preKeyPublic preKeyId='${id}'>${key(4).toString("base64")}</preKeyPublic>`;
  const preKeys = (inner: string): string =>
    TEXT.replace(/<prekeys>.*<\/prekeys>/, `<prekeys>${inner}</prekeys>`);
  const many = Array.from({ length: MAX_OMEMO_PREKEYS + 1 }, (_, id) => preKey(id)).join("");
  const refused: Record<string, string> = {
    "another namespace": TEXT.replace("eu.siacs.conversations.axolotl", "urn:xmpp:omemo:2"),
    "no identity key": without("identityKey"),
    "no signed prekey": without("signedPreKeyPublic"),
    "no signature": without("signedPreKeySignature"),
    "no prekeys": without("prekeys"),
    "an empty list of prekeys": preKeys(""),
    "too many prekeys": preKeys(many),
    "two prekeys of one id": preKeys(preKey(1) + preKey(1)),
    "a prekey without id": preKeys(preKey(1).replace(" preKeyId='1'", "")),
    "a prekey id of 2^32": preKeys(preKey(4294967296)),
    "a negative prekey id": preKeys(preKey(-1)),
    "a prekey of 32 bytes": preKeys(`<preKeyPublic preKeyId='1'>${short}</preKeyPublic>`),
    "an identity key of 32 bytes": TEXT.replace(key(1).toString("base64"), short),
    "a signature of 32 bytes": TEXT.replace(Buffer.alloc(64, 3).toString("base64"), short),
    "an identity key that is no base64": TEXT.replace(key(1).toString("base64"), "?"),
    "a signed prekey without id": TEXT.replace(" signedPreKeyId='0'", ""),
  };
  for (const [what, text] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(text).not.equal(TEXT);
      expect(() => readBundle(parseXml(text))).throw(InvalidInput);
    });
  }

  it("keeps as many prekeys as it may", () => {
    const all = Array.from({ length: MAX_OMEMO_PREKEYS }, (_, id) => preKey(id)).join("");
    expect(readBundle(parseXml(preKeys(all))).preKeys.length).equal(MAX_OMEMO_PREKEYS);
  });
});
