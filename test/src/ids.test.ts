import { expect } from "chai";
import { InvalidInput } from "../../src/errors.js";
import { deviceId, messageId, newDeviceId, newId, newMessageId, seq } from "../../src/ids.js";

describe("messageId", () => {
  it("takes 1 to 64 printable ASCII characters", () => {
    for (const text of ["a", "'<&>\"", "x".repeat(64), newMessageId()])
      expect(messageId(text)).to.equal(text);
    for (const text of [undefined, "", "x".repeat(65), "a b", "é", "a\n", "\u007f"])
      expect(() => messageId(text), JSON.stringify(text)).to.throw(InvalidInput);
  });
});

describe("newId", () => {
  it("never comes twice", () => {
    const ids = Array.from({ length: 1000 }, newId);
    expect(new Set(ids).size).to.equal(1000);
    for (const id of ids) expect(id).to.match(/^[\w-]{20}$/);
  });
});

describe("newMessageId", () => {
  it("never comes twice, and begins alike for up to 256 messages of a device", () => {
    const [phone, laptop] = [{}, {}];
    const made = Array.from({ length: 600 }, () => ({
      phone: newMessageId(phone),
      laptop: newMessageId(laptop),
    }));
    const ids = made.flatMap((one) => [one.phone, one.laptop]);
    expect(new Set(ids).size).to.equal(1200);
    for (const id of ids) expect(id).to.match(/^[\w-]{20}$/);
    const beginnings = (of: "phone" | "laptop"): string[] => made.map((one) => one[of].slice(0, 4));
    expect(new Set(beginnings("phone")).size).to.equal(3);
    expect(new Set(beginnings("phone").slice(0, 256)).size).to.equal(1);
    expect(beginnings("phone")[0], "two devices of one program").not.to.equal(beginnings("laptop")[0]);
  });

  it("has nothing in common without a device", () => {
    const beginnings = Array.from({ length: 100 }, () => newMessageId().slice(0, 4));
    expect(new Set(beginnings).size).to.be.greaterThan(95);
  });
});

describe("deviceId", () => {
  it("takes 1 to 2^31-1, as a number or as text", () => {
    for (const value of [1, "1", 2147483647, "2147483647"]) expect(deviceId(value)).to.equal(Number(value));
    const bad = [
      undefined,
      0,
      "0",
      -1,
      "-1",
      2147483648,
      "2147483648",
      1.5,
      "1.5",
      "",
      "1e3",
      "0x1",
      "١",
      " 1",
    ];
    for (const value of [...bad, Number.NaN, Infinity, "9".repeat(400)])
      expect(() => deviceId(value), JSON.stringify(value)).to.throw(InvalidInput);
  });

  it("is drawn within its limits", () => {
    for (let round = 0; round < 1000; round += 1) expect(() => deviceId(newDeviceId())).not.to.throw();
  });
});

describe("seq", () => {
  it("takes whole numbers from 0 that are exact", () => {
    for (const value of [0, "0", 1, "999999999999999"]) expect(seq(value)).to.equal(Number(value));
    for (const value of [undefined, -1, "-1", "1".repeat(16), 2 ** 53, "NaN", "", "1.0", "+1"])
      expect(() => seq(value), JSON.stringify(value)).to.throw(InvalidInput);
  });
});
