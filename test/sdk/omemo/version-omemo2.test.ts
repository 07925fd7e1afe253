import { expect } from "chai";
import { createDecipheriv, createHmac, hkdfSync } from "node:crypto";
import type { EpochMs } from "../../../src/clock.js";
import { InvalidInput } from "../../../src/errors.js";
import type { DeviceId } from "../../../src/ids.js";
import { NS } from "../../../src/namespaces.js";
import { parseXml, xml, type Element } from "../../../src/xml.js";
import type { Content, EnvelopeRoute, OpenedContent } from "../../../sdk/omemo/versions/version.js";
import { versionOmemo2 } from "../../../sdk/omemo/versions/version-omemo2.js";
import { JULIET, ROMEO } from "./world.js";

const DEVICE = 22 as DeviceId;
const ROUTE: EnvelopeRoute = { from: JULIET, to: ROMEO, at: Date.UTC(2026, 0, 1) };

/** The key material, and the `<encrypted/>` with one key. */
function sealed(content: Content): { keyMaterial: Buffer; encrypted: Element } {
  const { keyMaterial, write } = versionOmemo2.seal(content, ROUTE);
  const key = { jid: ROMEO.bare, rid: DEVICE, isPreKey: false, data: Buffer.of(1) };
  return { keyMaterial, encrypted: parseXml(write(11 as DeviceId, [key])) };
}

function opened({ keyMaterial, encrypted }: ReturnType<typeof sealed>, route = ROUTE): OpenedContent {
  const message = versionOmemo2.read(encrypted, { addresses: [ROMEO.bare], device: DEVICE });
  expect(message).property("sid", 11);
  expect(message.keys.length).equal(1);
  return message.open(keyMaterial, route);
}

/** An envelope, decrypted by the book and not by the code under test. */
function envelopeIn({ keyMaterial, encrypted }: ReturnType<typeof sealed>): string {
  const payload = Buffer.from(encrypted.getChildText("payload") ?? "", "base64");
  const derived = Buffer.from(
    hkdfSync("sha256", keyMaterial.subarray(0, 32), Buffer.alloc(32), "OMEMO Payload", 80),
  );
  const mac = createHmac("sha256", derived.subarray(32, 64)).update(payload).digest().subarray(0, 16);
  expect(keyMaterial.subarray(32)).eql(mac);
  const decipher = createDecipheriv("aes-256-cbc", derived.subarray(0, 32), derived.subarray(64));
  return Buffer.concat([decipher.update(payload), decipher.final()]).toString();
}

describe("versionOmemo2.seal", () => {
  it("encrypts an envelope with text, addresses, time and padding under 32 bytes of key and 16 of tag", () => {
    const message = sealed({ text: "Good night", elements: [] });
    expect(message.keyMaterial.length).equal(48);
    const envelope = parseXml(envelopeIn(message));
    expect(envelope.attrs.xmlns).equal("urn:xmpp:sce:1");
    expect(envelope.getChild("content")?.getChild("body", NS.client)?.getText()).equal("Good night");
    expect(envelope.getChild("from")?.attrs.jid).equal(JULIET.bare);
    // Apps would hold it to the address of their account
    expect(envelope.getChild("to")).equal(undefined);
    expect(envelope.getChild("content")?.getChild("addressee", NS.envelope)?.attrs.jid).equal(ROMEO.bare);
    expect(envelope.getChild("time")?.attrs.stamp).equal("2026-01-01T00:00:00.000Z");
    expect(envelope.getChild("rpad")).not.equal(undefined);
  });

  it("writes a carriage return so that no parser makes a line feed of it", () => {
    expect(envelopeIn(sealed({ text: "a\rb\r\nc", elements: [] }))).contain(">a&#13;b&#13;\nc</body>");
  });

  it("hides the length of a text in the padding", () => {
    const sizes = Array.from(
      { length: 64 },
      () => sealed({ text: "yes", elements: [] }).encrypted.toString().length,
    );
    expect(new Set(sizes).size).greaterThan(4);
  });
});

describe("versionOmemo2.seal, of elements", () => {
  it("refuses what only a server may say", () => {
    for (const namespace of ["urn:xmpp:delay", NS.omemo, NS.hints]) {
      const elements = [xml("x", { xmlns: namespace })];
      expect(() => sealed({ text: "a", elements })).throw(InvalidInput);
    }
  });
});

describe("versionOmemo2.read", () => {
  const receipt = xml("received", { xmlns: "urn:xmpp:receipts", id: "a" });
  const trust = xml("trust-message", { xmlns: NS.trustMessages, usage: NS.automaticTrust });

  it("gives what stands beside the text, and what stands alone", () => {
    for (const text of ["a", undefined]) {
      const result = opened(sealed({ text, elements: [receipt] }));
      if (result.kind !== "content") throw new Error(result.kind);
      expect(result.content.text).equal(text);
      expect(result.content.elements.map(String)).eql([String(receipt)]);
    }
  });

  it("takes a trust message for one only with its time", () => {
    const message = sealed({ text: undefined, elements: [trust] });
    expect(opened(message).kind).equal("content");
    const withoutTime = { ...ROUTE, at: undefined as unknown as EpochMs };
    const { keyMaterial, write } = versionOmemo2.seal({ text: undefined, elements: [trust] }, withoutTime);
    const key = { jid: ROMEO.bare, rid: DEVICE, isPreKey: false, data: Buffer.of(1) };
    const encrypted = parseXml(write(11 as DeviceId, [key]));
    expect(opened({ keyMaterial, encrypted })).eql({ kind: "failed", reason: "bad-envelope" });
  });

  it("refuses key material of another length", () => {
    const { keyMaterial, encrypted } = sealed({ text: "a", elements: [] });
    for (const wrong of [keyMaterial.subarray(0, 32), Buffer.concat([keyMaterial, Buffer.of(0)])]) {
      expect(opened({ keyMaterial: wrong, encrypted })).eql({ kind: "failed", reason: "bad-mac" });
    }
  });
});
