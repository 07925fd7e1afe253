import { expect } from "chai";
import { createHash } from "node:crypto";
import { InvalidInput } from "../../../../src/errors.js";
import type { Fingerprint } from "../../../../sdk/omemo/port.js";
import { formatFingerprint, parseFingerprint } from "../../../../sdk/omemo/trust/fingerprint-text.js";
import {
  isSafetyNumber,
  isSameSafetyNumber,
  safetyNumber,
} from "../../../../sdk/omemo/trust/safety-number.js";
import { JULIET, print, ROMEO } from "./keys.js";

const juliet = { address: JULIET, identities: [print(1), print(2)] };
const romeo = { address: ROMEO, identities: [print(3)] };

/** The rule of the docstring once more, by other means: numbers of any size instead of bytes. */
function digitsOf(address: string, identities: readonly Fingerprint[]): string {
  const sha = (hex: string): string => createHash("sha512").update(hex, "hex").digest("hex");
  const keys = [...identities].map((one) => BigInt(`0x${one}`)).sort((one, other) => (one < other ? -1 : 1));
  const count = keys.length.toString(16).padStart(4, "0");
  const set = sha(`01${count}${keys.map((one) => one.toString(16).padStart(64, "0")).join("")}`);
  let hash = `01${set}${Buffer.from(address).toString("hex")}`;
  for (let round = 0; round < 5200; round += 1) hash = sha(hash + set);
  const chunks = hash.slice(0, 60).match(/.{10}/g) ?? [];
  return chunks.map((chunk) => String(BigInt(`0x${chunk}`) % 100_000n).padStart(5, "0")).join(" ");
}

describe("safetyNumber", () => {
  it("is what the rule gives when it is followed by other means", () => {
    const halves = [juliet, romeo].map(({ address, identities }) => digitsOf(address, identities)).sort();
    expect(safetyNumber(juliet, romeo)).equal(halves.join(" "));
  });

  it("stays what it is from one release to the next", () => {
    expect(safetyNumber(juliet, romeo)).equal(
      "44542 27863 19354 48266 25570 41216 72887 59259 21749 24596 02614 06005",
    );
  });

  it("is 12 groups of 5 digits, the same at both sides", () => {
    expect(safetyNumber(juliet, romeo)).match(/^\d{5}( \d{5}){11}$/);
    expect(safetyNumber(romeo, juliet)).equal(safetyNumber(juliet, romeo));
  });

  it("does not depend on the order of devices, or on two that show one identity", () => {
    const reversed = { address: JULIET, identities: [print(2), print(1), print(2)] };
    expect(safetyNumber(reversed, romeo)).equal(safetyNumber(juliet, romeo));
  });

  it("changes with every device that is added, removed or replaced, and with the address", () => {
    const sides = [
      { ...juliet, identities: [print(1)] },
      { ...juliet, identities: [print(1), print(2), print(4)] },
      { ...juliet, identities: [print(1), print(4)] },
      { ...juliet, address: "+15551230009@phone.example.org" },
      juliet,
    ];
    expect(new Set(sides.map((side) => safetyNumber(side, romeo))).size).equal(sides.length);
    expect(new Set(sides.map((side) => safetyNumber(romeo, side))).size).equal(sides.length);
  });

  it("leaves the half of the side that did not change as it was", () => {
    const [before, after] = [juliet, { ...juliet, identities: [print(1)] }].map((side) =>
      safetyNumber(side, romeo).match(/\d{5}( \d{5}){5}/g),
    );
    expect(before?.filter((half) => after?.includes(half))).lengthOf(1);
  });

  it("is refused when a side shows no identity", () => {
    expect(() => safetyNumber(juliet, { address: ROMEO, identities: [] })).throw(InvalidInput);
  });
});

describe("isSafetyNumber", () => {
  it("knows 60 digits however they are grouped, and nothing else", () => {
    const digits = safetyNumber(juliet, romeo);
    expect(isSafetyNumber(digits)).true;
    expect(isSafetyNumber(digits.replaceAll(" ", ""))).true;
    expect(isSafetyNumber(`\n${digits} `)).true;
    for (const text of ["", digits.slice(1), `${digits}1`, print(1), "x".repeat(60), " ".repeat(1e6)]) {
      expect(isSafetyNumber(text)).false;
    }
  });
});

describe("isSameSafetyNumber", () => {
  it("compares digits and not their grouping", () => {
    const digits = safetyNumber(juliet, romeo);
    expect(isSameSafetyNumber(digits, digits.replaceAll(" ", ""))).true;
    expect(
      isSameSafetyNumber(
        digits,
        digits.replace(/\d$/, (last) => String((Number(last) + 1) % 10)),
      ),
    ).false;
    expect(isSameSafetyNumber("", "")).false;
  });
});

describe("formatFingerprint", () => {
  it("writes 8 groups of 8 lower-case digits", () => {
    expect(formatFingerprint(print(1))).match(/^[0-9a-f]{8}( [0-9a-f]{8}){7}$/);
    expect(formatFingerprint(print(1)).replaceAll(" ", "")).equal(print(1));
  });
});

describe("parseFingerprint", () => {
  it("reads what people copy out of apps", () => {
    for (const text of [print(1), formatFingerprint(print(1)), print(1).toUpperCase(), `\n${print(1)} `]) {
      expect(parseFingerprint(text)).equal(print(1));
    }
  });

  it("reads nothing else", () => {
    const wrong = ["", print(1).slice(1), `${print(1)}0`, `05${print(1)}`, "g".repeat(64), " ".repeat(1e6)];
    for (const text of wrong) expect(() => parseFingerprint(text)).throw(InvalidInput);
  });
});
