import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { Vault } from "../../../component/store/vault.js";
import { InvalidInput } from "../../../src/errors.js";
import { phoneNumber } from "../../../src/phone-number.js";

const NUMBER = phoneNumber("+15551230001");

describe("Vault", () => {
  const key = randomBytes(32);
  const vault = new Vault(key);

  it("opens what it sealed, also after a restart", () => {
    expect(new Vault(Buffer.from(key)).openNumber(vault.sealNumber(NUMBER))).to.equal(NUMBER);
  });

  it("seals the same differently each time", () => {
    expect(vault.sealNumber(NUMBER).equals(vault.sealNumber(NUMBER))).to.equal(false);
  });

  it("does not open what was changed, in any byte", () => {
    const sealed = vault.seal("number", Buffer.from(NUMBER));
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(vault.open("number", changed), `byte ${index}`).to.equal(undefined);
      expect(() => vault.openNumber(changed)).to.throw(InvalidInput);
    }
  });

  it("does not open what was cut short", () => {
    const sealed = vault.seal("number", Buffer.from(NUMBER));
    for (let length = 0; length < sealed.length; length += 1)
      expect(vault.open("number", sealed.subarray(0, length)), `${length} bytes`).to.equal(undefined);
  });

  it("does not open with another key, nor for another purpose", () => {
    const sealed = vault.sealNumber(NUMBER);
    expect(() => new Vault(randomBytes(32)).openNumber(sealed))
      .to.throw(InvalidInput)
      .with.property("message")
      .not.include("555");
    expect(vault.open("session token", sealed)).to.equal(undefined);
  });

  it("hashes the same to the same under one key, and differently under another or for another purpose", () => {
    const hash = vault.hashNumber(NUMBER);
    expect(hash).to.have.length(32);
    expect(new Vault(Buffer.from(key)).hashNumber(NUMBER).equals(hash)).to.equal(true);
    expect(new Vault(randomBytes(32)).hashNumber(NUMBER).equals(hash)).to.equal(false);
    expect(vault.keyedHash("log", NUMBER).equals(hash)).to.equal(false);
  });

  it("takes a key of 32 bytes and no other", () => {
    for (const length of [0, 16, 31, 33, 64])
      expect(() => new Vault(Buffer.alloc(length))).to.throw(InvalidInput);
  });
});
