import { expect } from "chai";
import { hkdf, hmac } from "../../src/hkdf.js";

const hex = (digits: string) => Buffer.from(digits, "hex");
const counting = (from: number, sizeBytes: number) =>
  Buffer.from(Array.from({ length: sizeBytes }, (_, i) => from + i));

describe("RFC 5869: HKDF-SHA-256", () => {
  it("A.1: the basic test case", () => {
    const output = hkdf(Buffer.alloc(22, 0x0b), counting(0xf0, 10), 42, counting(0, 13));
    expect(output.toString("hex")).to.equal(
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    );
  });

  it("A.2: longer inputs and outputs", () => {
    const output = hkdf(counting(0, 80), counting(0xb0, 80), 82, counting(0x60, 80));
    expect(output.toString("hex")).to.equal(
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09" +
        "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    );
  });

  it("A.3: no salt and no info", () => {
    const output = hkdf(Buffer.alloc(22, 0x0b), Buffer.alloc(0), 42);
    expect(output.toString("hex")).to.equal(
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    );
  });
});

describe("RFC 4231: HMAC-SHA-256", () => {
  const cases: [string, Buffer, Buffer[], string][] = [
    [
      "4.2",
      Buffer.alloc(20, 0x0b),
      [Buffer.from("Hi There")],
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ],
    [
      "4.3, in parts",
      Buffer.from("Jefe"),
      [Buffer.from("what do ya "), Buffer.alloc(0), Buffer.from("want for nothing?")],
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ],
    [
      "4.4",
      Buffer.alloc(20, 0xaa),
      [Buffer.alloc(50, 0xdd)],
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ],
    [
      "4.7, a key longer than a block",
      Buffer.alloc(131, 0xaa),
      [Buffer.from("Test Using Larger Than Block-Size Key - Hash Key First")],
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ],
  ];
  for (const [section, key, parts, expected] of cases) {
    it(`§${section}`, () => {
      expect(hmac(key, ...parts).toString("hex")).to.equal(expected);
    });
  }

  it("leaves the key as it is", () => {
    const key = hex("0102");
    hmac(key, Buffer.from("x"));
    expect(key).to.deep.equal(hex("0102"));
  });
});
