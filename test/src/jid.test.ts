import { expect } from "chai";
import fc from "fast-check";
import { InvalidInput } from "../../src/errors.js";
import { Jid } from "../../src/jid.js";

const GOOD: readonly [text: string, local: string, domain: string, resource: string][] = [
  ["example.org", "", "example.org", ""],
  ["romeo@example.org", "romeo", "example.org", ""],
  ["romeo@example.org/orchard", "romeo", "example.org", "orchard"],
  ["example.org/a@b/c", "", "example.org", "a@b/c"],
  ["Romeo@Example.ORG/Orchard", "romeo", "example.org", "Orchard"],
  ["+15551230001@phone.example.org", "+15551230001", "phone.example.org", ""],
  ["a@b/ ", "a", "b", " "],
  [`${"a".repeat(1023)}@b`, "a".repeat(1023), "b", ""],
];

const BAD: readonly string[] = [
  "",
  "@example.org",
  "romeo@",
  "romeo@example.org/",
  "/orchard",
  "a@b@c",
  "ro meo@example.org",
  "romeo<@example.org",
  "romeo\u0000@example.org",
  "romeo@exam ple.org",
  `${"a".repeat(1024)}@b`,
  `${"é".repeat(512)}@b`,
  `a@b/${"x".repeat(1024)}`,
];

describe("Jid", () => {
  for (const [text, local, domain, resource] of GOOD) {
    it(`reads ${text.slice(0, 40)}`, () => {
      expect(Jid.parse(text)).to.include({ local, domain, resource });
    });
  }

  for (const text of BAD) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      expect(Jid.tryParse(text)).to.equal(undefined);
      expect(() => Jid.parse(text)).to.throw(InvalidInput);
    });
  }

  it("refuses a missing address", () => {
    expect(Jid.tryParse(undefined)).to.equal(undefined);
  });

  it("writes what it reads, and reads what it writes, as the same address", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        const jid = Jid.tryParse(text);
        if (!jid) return;
        const again = Jid.parse(jid.toString());
        expect(again).to.deep.equal(jid);
        expect(again.bare).to.equal(jid.bare);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it("has a bare form without the resourcepart", () => {
    const jid = Jid.parse("romeo@example.org/orchard");
    expect(jid.bare).to.equal("romeo@example.org");
    expect(jid.isFull).to.equal(true);
    expect(Jid.parse(jid.bare).isFull).to.equal(false);
  });
});
