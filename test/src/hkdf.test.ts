import { createHmac, hkdfSync } from "node:crypto";
import { expect } from "chai";
import * as fc from "fast-check";
import { hkdf, hmac, hmacPair } from "../../src/hkdf.js";

const bytes = (maxLength: number) => fc.uint8Array({ maxLength, size: "max" });

describe("hmac, hmacPair and hkdf", () => {
  it("give what node:crypto gives, whatever the lengths and in whatever order they are called", () => {
    const property = (key: Uint8Array, text: Uint8Array, info: Uint8Array, size: number) => {
      const expected = createHmac("sha256", key).update(text).update(info).digest();
      expect(hmac(key, text, info).equals(expected)).to.equal(true);
      const [first, second] = hmacPair(key, 1, 2);
      expect(first.equals(createHmac("sha256", key).update(Buffer.of(1)).digest())).to.equal(true);
      expect(second.equals(createHmac("sha256", key).update(Buffer.of(2)).digest())).to.equal(true);
      const derived = Buffer.from(hkdfSync("sha256", text, key, info, size));
      expect(hkdf(text, info, size, key).equals(derived)).to.equal(true);
      const unsalted = Buffer.from(hkdfSync("sha256", text, Buffer.alloc(0), info, size));
      expect(hkdf(text, info, size).equals(unsalted)).to.equal(true);
    };
    const sizes = fc.integer({ min: 1, max: 255 });
    fc.assert(fc.property(bytes(200), bytes(1500), bytes(700), sizes, property), {
      seed: 20_241,
      numRuns: 1000,
    });
  });

  it("give results that are not touched by the next call", () => {
    const [key, text] = [Buffer.alloc(32, 1), Buffer.alloc(40, 2)];
    const [one, [two, three], four] = [hmac(key, text), hmacPair(key, 1, 2), hkdf(key, text, 80)];
    const before = Buffer.concat([one, two, three, four]);
    for (let round = 0; round < 3; round++) {
      hmac(text, key);
      hmacPair(text, 3, 4);
      hkdf(text, key, 96);
    }
    expect(Buffer.concat([one, two, three, four]).equals(before)).to.equal(true);
  });
});
