import { expect } from "chai";
import fc from "fast-check";
import { InvalidInput } from "../../src/errors.js";
import { MAX_OMEMO_PREKEYS, type OmemoBundle } from "../../src/omemo-bundle.js";
import { readBundle2, writeBundle2 } from "../../src/omemo2-bundle.js";
import { parseXml } from "../../src/xml.js";
import { bytes, hostileTree, throwsOnlyInvalidInput } from "../support/omemo-arbitraries.js";

const NS = "urn:xmpp:omemo:2";
const key = (fill: number): Buffer => Buffer.alloc(32, fill);

const BUNDLE: OmemoBundle = {
  identityKey: key(1),
  signedPreKey: { id: 1, publicKey: key(2), signature: Buffer.alloc(64, 3) },
  preKeys: [
    { id: 1, publicKey: key(4) },
    { id: 4294967295, publicKey: key(5) },
  ],
};

const TEXT = writeBundle2(BUNDLE);
const without = (name: string): string => TEXT.replace(new RegExp(`<${name}[ >].*</${name}>`), "");

describe("readBundle2", () => {
  it("reads what writeBundle2 wrote", () => {
    expect(readBundle2(parseXml(TEXT))).eql(BUNDLE);
  });

  it("reads whatever writeBundle2 wrote", () => {
    const ids = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const preKey = fc.record({ id: ids, publicKey: bytes(32, 32) });
    const bundle = fc.record({
      identityKey: bytes(32, 32),
      signedPreKey: fc.record({ id: ids, publicKey: bytes(32, 32), signature: bytes(64, 64) }),
      preKeys: fc.uniqueArray(preKey, { minLength: 1, maxLength: 20, selector: ({ id }) => id }),
    });
    fc.assert(
      fc.property(bundle, (written) => {
        expect(readBundle2(parseXml(writeBundle2(written)))).eql(written);
      }),
    );
  });

  // The shape of XEP-0384 0.8 §5.3.2, with values in it
  it("reads what other apps write: white space, elements of others", () => {
    const text = `<bundle xmlns='${NS}'>
      <other xmlns='else'/>
      <ik> ${key(1).toString("base64")} </ik>
      <prekeys>
        <pk id='7'>
          ${key(4).toString("base64")}
        </pk>
      </prekeys>
      <spks>${Buffer.alloc(64, 3).toString("base64")}</spks>
      <spk id='1'>${key(2).toString("base64")}</spk>
    </bundle>`;
    expect(readBundle2(parseXml(text))).eql({ ...BUNDLE, preKeys: [{ id: 7, publicKey: key(4) }] });
  });

  const long = Buffer.alloc(33, 5).toString("base64");
  const preKey = (id: number): string => `<pk id='${id}'>${key(4).toString("base64")}</pk>`;
  const preKeys = (inner: string): string =>
    TEXT.replace(/<prekeys>.*<\/prekeys>/, `<prekeys>${inner}</prekeys>`);
  const many = (count: number): string => Array.from({ length: count }, (_, id) => preKey(id)).join("");
  const refused: Record<string, string> = {
    "another namespace": TEXT.replace(NS, "eu.siacs.conversations.axolotl"),
    "another element": TEXT.replaceAll("bundle", "bundles"),
    "no identity key": without("ik"),
    "no signed prekey": without("spk"),
    "no signature": without("spks"),
    "no prekeys": without("prekeys"),
    "an empty list of prekeys": preKeys(""),
    "too many prekeys": preKeys(many(MAX_OMEMO_PREKEYS + 1)),
    "two prekeys of one id": preKeys(preKey(1) + preKey(1)),
    "a prekey without id": preKeys(preKey(1).replace(" id='1'", "")),
    "a prekey id of 2^32": preKeys(preKey(4294967296)),
    "a negative prekey id": preKeys(preKey(-1)),
    "a prekey of 33 bytes": preKeys(`<pk id='1'>${long}</pk>`),
    "an identity key of 33 bytes": TEXT.replace(key(1).toString("base64"), long),
    "a signed prekey of 33 bytes": TEXT.replace(key(2).toString("base64"), long),
    "a signature of 33 bytes": TEXT.replace(Buffer.alloc(64, 3).toString("base64"), long),
    "an identity key that is no base64": TEXT.replace(key(1).toString("base64"), "?"),
    "a signed prekey without id": TEXT.replace("<spk id='1'>", "<spk>"),
  };
  for (const [what, text] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(text).not.equal(TEXT);
      expect(() => readBundle2(parseXml(text))).throw(InvalidInput);
    });
  }

  it("keeps as many prekeys as it may", () => {
    const all = parseXml(preKeys(many(MAX_OMEMO_PREKEYS)));
    expect(readBundle2(all).preKeys).length(MAX_OMEMO_PREKEYS);
  });

  it("throws nothing but InvalidInput, whatever the tree", () => {
    throwsOnlyInvalidInput(readBundle2, hostileTree("bundle", NS));
  });
});
