import { expect } from "chai";
import {
  axolotl,
  generateIdentity,
  generateSignedPreKey,
  MalformedKey,
  restoreIdentity,
} from "../../../sdk/ratchet/mod.js";
import { edwardsOf, montgomeryOf, verifyMontgomery } from "../../../sdk/ratchet/signature.js";
import { identityOfSign } from "./device.js";

describe("restoreIdentity", () => {
  it("gives the same keys for the same seed, and keeps a copy of it", () => {
    const seed = Buffer.alloc(32, 7);
    const first = restoreIdentity(seed);
    const second = restoreIdentity(new Uint8Array(seed));
    seed.fill(0);
    expect(first.seed).to.deep.equal(Buffer.alloc(32, 7));
    expect(first.signing.publicKey).to.deep.equal(second.signing.publicKey);
    expect(first.agreement.publicKey).to.deep.equal(second.agreement.publicKey);
  });

  it("gives one point in both forms, of either sign", () => {
    const signs = new Set<number>();
    for (let seed = 0; seed < 64; seed++) {
      const { signing, agreement } = restoreIdentity(Buffer.alloc(32, seed));
      const sign = signing.publicKey[31]! & 0x80;
      signs.add(sign);
      expect(edwardsOf(agreement.publicKey, sign)).to.deep.equal(signing.publicKey);
    }
    expect(signs).to.deep.equal(new Set([0, 0x80]));
  });

  it("refuses a seed that is not 32 bytes long", () => {
    for (const sizeBytes of [0, 31, 33])
      expect(() => restoreIdentity(Buffer.alloc(sizeBytes))).to.throw(MalformedKey);
  });
});

describe("generateIdentity", () => {
  it("draws identities of sign 0 only, each a different one", () => {
    const identities = Array.from({ length: 20 }, generateIdentity);
    expect(identities.every(({ signing }) => signing.publicKey[31]! < 0x80)).to.equal(true);
    expect(new Set(identities.map(({ seed }) => seed.toString("hex")))).to.have.lengthOf(20);
  });
});

describe("verifyMontgomery", () => {
  for (const sign of [0, 1] as const) {
    it(`refuses a signature with any bit changed, identity of sign ${sign}`, () => {
      const identity = identityOfSign(sign);
      const { publicKey, signature } = generateSignedPreKey(axolotl, identity, 1);
      const u = identity.agreement.publicKey;
      expect(verifyMontgomery(u, publicKey, signature)).to.equal(true);
      for (let bit = 0; bit < 512; bit++) {
        const forged = Buffer.from(signature);
        forged[bit >> 3]! ^= 1 << (bit & 7);
        expect(verifyMontgomery(u, publicKey, forged), `bit ${bit}`).to.equal(false);
      }
    });
  }

  it("refuses a signature of the wrong length", () => {
    const identity = generateIdentity();
    for (const sizeBytes of [0, 63, 65]) {
      expect(
        verifyMontgomery(identity.agreement.publicKey, Buffer.alloc(1), Buffer.alloc(sizeBytes)),
      ).to.equal(false);
    }
  });

  it("refuses a key without an Edwards form", () => {
    const minusOne = Buffer.from(`ec${"ff".repeat(30)}7f`, "hex");
    for (const u of [minusOne, Buffer.alloc(32, 0xff), Buffer.alloc(31), Buffer.alloc(33)]) {
      expect(() => verifyMontgomery(u, Buffer.alloc(1), Buffer.alloc(64))).to.throw(MalformedKey);
    }
  });
});

describe("montgomeryOf", () => {
  it("gives the X25519 form of an Ed25519 key, whatever its sign", () => {
    for (let seed = 0; seed < 64; seed++) {
      const { signing, agreement } = restoreIdentity(Buffer.alloc(32, seed));
      expect(montgomeryOf(signing.publicKey)).to.deep.equal(agreement.publicKey);
    }
  });

  it("refuses what is no point, about half of all bytes", () => {
    let refused = 0;
    for (let y = 2; y < 202; y++) {
      const bytes = Buffer.alloc(32);
      bytes[0] = y;
      try {
        montgomeryOf(bytes);
      } catch (error) {
        expect(error).to.be.instanceOf(MalformedKey);
        refused++;
      }
    }
    expect(refused).to.be.within(70, 130);
  });

  it("refuses every y that is not written canonically, with either sign", () => {
    for (let first = 0xed; first <= 0xff; first++) {
      for (const last of ["7f", "ff"]) {
        const y = Buffer.from(`${first.toString(16)}${"ff".repeat(30)}${last}`, "hex");
        expect(() => montgomeryOf(y), y.toString("hex")).to.throw(MalformedKey, "canonical");
      }
    }
  });
});
