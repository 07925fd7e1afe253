import { expect } from "chai";
import { InvalidInput } from "../../src/errors.js";
import { decodeItem, encodeArray, encodeItem, type Item } from "../../src/frame-cbor.js";

const HOSTILE: Readonly<Record<string, string>> = {
  nothing: "",
  "a longer form than need be": "1801",
  "an array without an end": "9f01ff",
  "bytes without an end": "5f4101ff",
  "text without an end": "7f6161ff",
  "a lonely end": "ff",
  "a tag": "c11a514b67b0",
  "a map": "a1616101",
  "a map with a key twice": "a2616101616102",
  "a map with __proto__": "a1695f5f70726f746f5f5f80",
  NaN: "f97e00",
  infinity: "f97c00",
  "a float": "f93c00",
  undefined: "f7",
  "a negative number": "20",
  "a number beyond 2^53": "1b0020000000000000",
  "an array of 2^64 - 1": "9bffffffffffffffff",
  "an array of 2^32 - 1": "9affffffff",
  "an array longer than the frame": "8201",
  "bytes of 2^32 - 1": "5affffffff",
  "text of 2^32 - 1": "7affffffff",
  "text that is not UTF-8": "62c328",
  "half a character": "61c3",
  "two items": "0101",
  "too deep": `${"81".repeat(9)}01`,
  "much too deep": `${"81".repeat(300_000)}01`,
  "an unknown simple value": "f820",
};

describe("decodeItem", () => {
  for (const [name, hex] of Object.entries(HOSTILE)) {
    it(`refuses ${name}`, () => {
      expect(() => decodeItem(Buffer.from(hex, "hex"))).to.throw(InvalidInput);
    });
  }

  it("reads back what was encoded", () => {
    const items: Item[] = [0, 23, 24, 2 ** 53 - 1, "", "x".repeat(300), "💬", true, false, null, [], [[[1]]]];
    for (const item of items) expect(decodeItem(encodeItem(item))).to.deep.equal(item);
    const bytes = Buffer.alloc(70_000, 7);
    expect(Buffer.from(decodeItem(encodeItem(bytes)) as Uint8Array)).to.deep.equal(bytes);
  });
});

describe("encodeArray", () => {
  it("encodes as encodeItem does, for every length of the head", () => {
    for (const length of [0, 1, 23, 24, 255, 256, 1000]) {
      const items = Array.from({ length }, (_, index) => index);
      const expected = Buffer.from(encodeItem(items));
      expect(encodeArray(items.map((item) => encodeItem(item)))).to.deep.equal(expected);
    }
  });
});
