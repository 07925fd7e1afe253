import { expect } from "chai";
import fc from "fast-check";
import { InvalidInput } from "../../src/errors.js";
import { encodeItem } from "../../src/frame-cbor.js";
import { decodePayload, encodePayload } from "../../src/frame-payload.js";
import type { DeviceId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { OMEMO_COMPANIONS, omemoCompanions, writeEncrypted } from "../../src/omemo.js";
import { writeEncrypted2 } from "../../src/omemo2.js";
import { parsePayload, writeNormal } from "../../src/payload.js";
import { bytes, deviceIds } from "../support/omemo-arbitraries.js";

const DOMAIN = "phone.example.org";

function normal(payload: string): string {
  return parsePayload(payload)
    .map((element) => writeNormal(element))
    .join("");
}

const keys = fc.array(fc.record({ rid: deviceIds, isPreKey: fc.boolean(), data: bytes(1, 200) }), {
  maxLength: 6,
});
const jids = fc.constantFrom("juliet@example.org", "+15551230002@phone.example.org", "a@b&c.example");

const omemo = fc
  .record({
    sid: deviceIds,
    keys,
    iv: fc.oneof(bytes(12, 12), bytes(16, 16)),
    payload: fc.option(bytes(0, 300), { nil: undefined }),
  })
  .map(writeEncrypted);

const blocks = fc.integer({ min: 1, max: 20 }).chain((count) => bytes(count * 16, count * 16));
const omemo2 = fc
  .record({
    sid: deviceIds,
    keys,
    jid: jids.filter((jid) => !jid.includes("&")),
    payload: fc.option(blocks, { nil: undefined }),
  })
  .map(({ sid, keys, jid, payload }) => {
    const unique = [...new Map(keys.map((key) => [key.rid, { ...key, jid }])).values()];
    return writeEncrypted2({ sid, keys: unique, payload });
  });

/** Things that are almost OMEMO as it is written here, and other XML. */
const others = fc.constantFrom(
  `<body xmlns='jabber:client'>But soft</body>`,
  `<encrypted xmlns='${NS.omemo}'><header sid='7'><key rid='1' prekey='1'>AQ==</key><iv>AAAAAAAAAAAAAAAA</iv></header></encrypted>`,
  `<encrypted xmlns='${NS.omemo}'><header sid='7'><key rid='01'>AQ==</key><iv>AAAAAAAAAAAAAAAA</iv></header></encrypted>`,
  `<encrypted xmlns='${NS.omemo}'><header sid='7'> <key rid='1'>AQ==</key><iv>AAAAAAAAAAAAAAAA</iv></header></encrypted>`,
  `<encrypted xmlns='${NS.omemo}'><header sid='7'><iv>AAAAAAAAAAAAAAAA</iv><key rid='1'>AQ==</key></header></encrypted>`,
  `<encrypted xmlns='${NS.omemo}' more='1'><header sid='7'><iv>AAAAAAAAAAAAAAAA</iv></header></encrypted>`,
  `<encrypted xmlns='${NS.omemo2}'><header sid='7'><keys jid='Juliet@example.org'><key rid='1'>AQ==</key></keys></header></encrypted>`,
  `<encryption xmlns='${NS.encryption}' namespace='urn:xmpp:otr:0'/>`,
  `<a xmlns='urn:example' z='&quot;&apos;&amp;&#9;' b='&lt;'>&lt;x&gt; &amp; <![CDATA[<y>]]><b xmlns='urn:example'/></a>`,
);

const payloads = fc
  .tuple(
    fc.array(fc.oneof(omemo, omemo2, others), { minLength: 1, maxLength: 3 }),
    fc.constantFrom(
      "",
      OMEMO_COMPANIONS,
      omemoCompanions([NS.omemo, NS.omemo2]),
      omemoCompanions([NS.omemo2]),
    ),
  )
  .map(([elements, companions]) => elements.join("") + companions);

describe("encodePayload, decodePayload", () => {
  it("say exactly the XML that was encoded, whatever it is", () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        const decoded = decodePayload(encodePayload(payload, DOMAIN), DOMAIN);
        expect(decoded.payload).to.equal(normal(payload));
        expect(decoded.count).to.equal(parsePayload(payload).length);
      }),
      { numRuns: 500 },
    );
  });

  it("keep bytes that are normal as they are, so that they can be passed on", () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        const encoded = encodePayload(normal(payload), DOMAIN);
        const decoded = decodePayload(encoded, DOMAIN);
        expect(decoded.isNormal).to.equal(true);
        expect(Buffer.from(encodePayload(decoded.payload, DOMAIN))).to.deep.equal(Buffer.from(encoded));
      }),
      { numRuns: 500 },
    );
  });

  it("tell bytes that are not normal, which are not passed on as they are", () => {
    const read = (items: string[]) => decodePayload(encodeItem(items), DOMAIN);
    expect(read(["<a xmlns='urn:a'/>"])).to.deep.include({ isNormal: false, payload: `<a xmlns="urn:a"/>` });
    expect(read([`<a z="1" xmlns="urn:a"/>`]).isNormal).to.equal(false);
    expect(read([`<a xmlns="urn:a" z="1"/>`]).isNormal).to.equal(true);
  });

  it("carry no base64 of what the SDK writes", () => {
    const key = { rid: 2 as DeviceId, isPreKey: false, data: Buffer.alloc(104, 1) };
    const payload =
      writeEncrypted({
        sid: 1 as DeviceId,
        keys: [key, key],
        iv: Buffer.alloc(12),
        payload: Buffer.alloc(100),
      }) + OMEMO_COMPANIONS;
    expect(encodePayload(payload, DOMAIN)).to.have.length.below(104 * 2 + 12 + 100 + 40);
  });

  it("are the same bytes in every version", () => {
    const payload =
      writeEncrypted({
        sid: 27183 as DeviceId,
        keys: [{ rid: 31415 as DeviceId, isPreKey: true, data: Buffer.of(1, 2) }],
        iv: Buffer.alloc(12, 9),
        payload: Buffer.of(3),
      }) + omemoCompanions([NS.omemo, NS.omemo2]);
    const hex = `858500196a2f83197ab7f54201024c${"09".repeat(12)}410300010203`;
    expect(Buffer.from(encodePayload(payload, DOMAIN)).toString("hex")).to.equal(hex);
    const second = writeEncrypted2({
      sid: 5 as DeviceId,
      keys: [{ jid: `+15551230002@${DOMAIN}`, rid: 6 as DeviceId, isPreKey: false, data: Buffer.of(7) }],
      payload: undefined,
    });
    expect(Buffer.from(encodePayload(second, DOMAIN)).toString("hex")).to.equal(
      "81840105821b000000039eecf0328306f44107f6",
    );
  });

  it("know the elements that docs/protocol.md names by number", () => {
    const read = decodePayload(encodeItem([0, 1, 2, 3]), DOMAIN).payload;
    expect(read).to.equal(
      `<encryption name="OMEMO" namespace="eu.siacs.conversations.axolotl" xmlns="urn:xmpp:eme:0"/>` +
        `<encryption name="OMEMO" namespace="urn:xmpp:omemo:2" xmlns="urn:xmpp:eme:0"/>` +
        `<store xmlns="urn:xmpp:hints"/>` +
        `<body xmlns="jabber:client">This message is encrypted with OMEMO, which this app cannot open.</body>`,
    );
  });

  it("refuse what is no payload", () => {
    const refused = [
      [],
      "x",
      [""],
      ["no element"],
      ["<a xmlns='urn:example'>"],
      ["</payload><payload>"],
      ["<a xmlns='urn:example'/></payload><b/>"],
      ["<!DOCTYPE a><a xmlns='urn:example'/>"],
      [`${"<a xmlns='urn:example'>".repeat(40)}${"</a>".repeat(40)}`],
      ["<x:a xmlns:x='urn:example'/>"],
      ["<a xmlns='urn:example' xmlns:y='urn:y' y:b='1'/>"],
      [99],
      [[9]],
      [[0, 1, [], new Uint8Array(12)]],
      [[0, 0, [], new Uint8Array(12), null]],
      [[0, 1, [], new Uint8Array(13), null]],
      [[0, 1, [1, false], new Uint8Array(12), null]],
      [[0, 1, [1, 1, new Uint8Array(1)], new Uint8Array(12), null]],
      [[0, 1, [1, false, new Uint8Array(0)], new Uint8Array(12), null]],
      [[0, 1, [1, false, new Uint8Array(1025)], new Uint8Array(12), null]],
      [[0, 1, [], new Uint8Array(12), new Uint8Array(65 * 1024)]],
      [[1, 1, ["", []], null]],
      [[1, 1, ["juliet@example.org"], null]],
      [[1, 1, [123, []], null]],
      Array.from({ length: 33 }, () => 0),
    ];
    for (const items of refused)
      expect(() => decodePayload(encodeItem(items), DOMAIN), JSON.stringify(items)).to.throw(InvalidInput);
  });
});

describe("writeNormal", () => {
  it("is the same for every order of attributes and with namespaces said twice", () => {
    const [one] = parsePayload(`<a xmlns='urn:a' x='1' b='2'><c xmlns='urn:a' z='3' y='4'/></a>`);
    const [other] = parsePayload(`<a b='2' x='1' xmlns='urn:a'><c y='4' z='3'/></a>`);
    expect(one && writeNormal(one)).to.equal(`<a b="2" x="1" xmlns="urn:a"><c y="4" z="3"/></a>`);
    expect(other && writeNormal(other)).to.equal(one && writeNormal(one));
  });
});
