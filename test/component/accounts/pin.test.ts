import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { hashPin, isPin, isRightPin } from "../../../component/accounts/pin.js";
import { Vault } from "../../../component/store/vault.js";
import { InvalidInput } from "../../../src/errors.js";

const vault = new Vault(randomBytes(32));

describe("isPin", () => {
  for (const pin of ["0000", "12345678901234567890"])
    it(`takes ${pin}`, () => expect(isPin(pin)).to.equal(true));
  for (const pin of ["", "123", "123456789012345678901", "12a4", " 1234", "１２３４"])
    it(`takes not "${pin}"`, () => expect(isPin(pin)).to.equal(false));
});

describe("hashPin", () => {
  it("is told again by the right PIN only", async () => {
    const hash = await hashPin(vault, "4711");
    expect(await isRightPin(vault, "4711", hash)).to.equal(true);
    for (const wrong of ["4712", "47110", "", "x"])
      expect(await isRightPin(vault, wrong, hash)).to.equal(false);
  });

  it("is another each time, and worth nothing without the key", async () => {
    const [one, two] = [await hashPin(vault, "4711"), await hashPin(vault, "4711")];
    expect(one.equals(two)).to.equal(false);
    expect(await isRightPin(new Vault(randomBytes(32)), "4711", one)).to.equal(false);
  });

  it("refuses what is no PIN, and a hash that is none matches nothing", async () => {
    const error = await hashPin(vault, "12").catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(InvalidInput);
    expect(await isRightPin(vault, "4711", Buffer.alloc(3))).to.equal(false);
  });
});
