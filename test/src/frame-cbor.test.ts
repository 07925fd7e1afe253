import * as cborg from "cborg";
import { expect } from "chai";
import * as fc from "fast-check";
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

const { item } = fc.letrec<{ item: Item }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 6, depthSize: "small" },
    fc.maxSafeNat(),
    fc.nat(70_000),
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("item"), { maxLength: 30 }),
  ),
}));

/** What another library reads in bytes; `undefined` for what it refuses or a frame does not have. */
function readElsewhere(bytes: Uint8Array): unknown {
  try {
    const strict = { strict: true, allowIndefinite: false, allowUndefined: false, allowBigInt: false };
    const read: unknown = cborg.decode(bytes, {
      ...strict,
      allowInfinity: false,
      allowNaN: false,
      useMaps: true,
    });
    return isItem(read) ? read : undefined;
  } catch {
    return undefined;
  }
}

function isItem(read: unknown): boolean {
  if (Array.isArray(read)) return read.every(isItem);
  if (typeof read === "number") return Number.isSafeInteger(read) && read >= 0;
  return read === null || ["string", "boolean"].includes(typeof read) || read instanceof Uint8Array;
}

function plain(read: unknown): unknown {
  if (Array.isArray(read)) return read.map(plain);
  return read instanceof Uint8Array ? Buffer.from(read).toString("hex") : read;
}

describe("encodeItem and decodeItem, beside another library", () => {
  it("write what it writes, and read what it reads", () => {
    fc.assert(
      fc.property(item, (one) => {
        const bytes = encodeItem(one);
        expect(bytes.equals(cborg.encode(one))).to.equal(true);
        expect(plain(decodeItem(bytes))).to.deep.equal(plain(one));
      }),
      { seed: 8949, numRuns: 3000 },
    );
  });

  it("take nothing that it refuses, and say the same of the rest, whatever bytes come", () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(item, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }))
        .map(([one, changes]) => {
          const bytes = encodeItem(one);
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          return bytes;
        }),
    );
    let taken = 0;
    fc.assert(
      fc.property(hostile, (bytes) => {
        const read = readElsewhere(bytes);
        try {
          const own = decodeItem(bytes);
          taken += 1;
          expect(plain(own)).to.deep.equal(plain(read));
          expect(encodeItem(own).equals(bytes)).to.equal(true);
        } catch (error) {
          expect(error).to.be.instanceOf(InvalidInput);
        }
      }),
      { seed: 8949, numRuns: 5000 },
    );
    expect(taken).to.be.greaterThan(500);
  });
});

describe("encodeItem", () => {
  for (const number of [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])
    it(`refuses ${number}`, () => {
      expect(() => encodeItem([number])).to.throw(RangeError);
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
