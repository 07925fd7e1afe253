import { expect } from "chai";
import { MalformedMessage } from "../../../sdk/ratchet/mod.js";
import {
  optionalUint32,
  readFields,
  requireBytes,
  requireUint32,
  writeFields,
} from "../../../sdk/ratchet/protobuf.js";

const hex = (digits: string) => Buffer.from(digits, "hex");

describe("readFields", () => {
  const readable: [string, string, [number, number | Buffer][]][] = [
    ["nothing", "", []],
    ["a varint", "089601", [[1, 150]]],
    ["the largest uint32", "08ffffffff0f", [[1, 0xffffffff]]],
    ["bytes", "12020102", [[2, hex("0102")]]],
    ["empty bytes", "1200", [[2, Buffer.alloc(0)]]],
    ["the last of a repeated field", "08010802", [[1, 2]]],
    ["a varint with more bytes than it needs", "08818000", [[1, 1]]],
    ["past fixed-width fields", "09010203040506070815010203041807", [[3, 7]]],
  ];
  for (const [what, bytes, expected] of readable) {
    it(`reads ${what}`, () => expect([...readFields(hex(bytes))]).to.deep.equal(expected));
  }

  const malformed: [string, string][] = [
    ["a tag without a value", "08"],
    ["a varint that is cut off", "0880"],
    ["a varint of eleven bytes", "08ffffffffffffffffffff01"],
    ["a field number 0", "0001"],
    ["a field number beyond 2^29", "ffffffffff0f01"],
    ["bytes that are cut off", "120301"],
    ["a length of 2^63", "1280808080808080808001"],
    ["a length of 2^32 - 1", "12ffffffff0f00"],
    ["a fixed64 that is cut off", "0901020304"],
    ["a fixed32 that is cut off", "150102"],
    ["the start of a group", "0b"],
    ["the end of a group", "0c"],
    ["wire type 6", "0e00"],
    ["wire type 7", "0f00"],
  ];
  for (const [what, bytes] of malformed) {
    it(`refuses ${what}`, () => expect(() => readFields(hex(bytes))).to.throw(MalformedMessage));
  }

  it("takes time in proportion to the input: ten times the fields, not a hundred times as long", () => {
    const fastest = (fields: number) => {
      const bytes = Buffer.alloc(2 * fields, hex("0801"));
      const times = Array.from({ length: 9 }, () => {
        const start = performance.now();
        expect(readFields(bytes).get(1)).to.equal(1);
        return performance.now() - start;
      });
      return Math.min(...times);
    };
    fastest(20_000);
    expect(fastest(200_000) / fastest(20_000)).to.be.lessThan(40);
  });
});

describe("requireBytes, requireUint32, optionalUint32", () => {
  const fields = readFields(hex("0807120101"));
  it("give what is there", () => {
    expect(requireUint32(fields, 1)).to.equal(7);
    expect(requireBytes(fields, 2)).to.deep.equal(hex("01"));
    expect(optionalUint32(fields, 9)).to.equal(undefined);
  });
  it("refuse what is missing or of the other type", () => {
    expect(() => requireUint32(fields, 9)).to.throw(MalformedMessage);
    expect(() => requireBytes(fields, 9)).to.throw(MalformedMessage);
    expect(() => requireUint32(fields, 2)).to.throw(MalformedMessage);
    expect(() => requireBytes(fields, 1)).to.throw(MalformedMessage);
  });
  it("refuse a number of more than 32 bits instead of cutting it", () => {
    for (const digits of ["088080808010", "08ffffffffffffffffff01"]) {
      expect(() => requireUint32(readFields(hex(digits)), 1)).to.throw(MalformedMessage);
    }
  });
});

describe("writeFields", () => {
  it("writes what readFields reads, in the order given and without what is undefined", () => {
    const written = writeFields(
      [5, 0xffffffff],
      [1, undefined],
      [6, 0],
      [3, hex("aabb")],
      [2, Buffer.alloc(300, 1)],
    );
    expect([...readFields(written)]).to.deep.equal([
      [5, 0xffffffff],
      [6, 0],
      [3, hex("aabb")],
      [2, Buffer.alloc(300, 1)],
    ]);
  });
});
