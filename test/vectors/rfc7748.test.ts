import { expect } from "chai";
import {
  agree,
  generateKeyPair,
  importPrivateKey,
  importPublicKey,
  publicKeyOf,
} from "../../sdk/ratchet/curve.js";
import { MalformedKey } from "../../sdk/ratchet/mod.js";

const hex = (digits: string) => Buffer.from(digits, "hex");
const x25519 = (scalar: Buffer, u: Buffer) =>
  agree(importPrivateKey("X25519", scalar), importPublicKey("X25519", u));

/** Every canonical point whose order divides 8, and spellings of them that are not canonical. Source: RFC 7748 §6.1, §7. */
const SMALL_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

const NOT_CANONICAL = [
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0900000000000000000000000000000000000000000000000000000000000080",
];

describe("RFC 7748: X25519", () => {
  it("§5.2: gives the outputs of the test vectors", () => {
    const first = x25519(
      hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
      hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
    );
    expect(first.toString("hex")).to.equal(
      "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    );
    // The u-coordinate of the second one with its unused bit cleared, which we ask of everybody
    const second = x25519(
      hex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
      hex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a413"),
    );
    expect(second.toString("hex")).to.equal(
      "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
    );
  });

  it("§5.2: gives the outputs after 1 and 1000 iterations", () => {
    let k: Buffer = Buffer.alloc(32);
    k[0] = 9;
    let u = k;
    const after = new Map<number, string>();
    for (let round = 1; round <= 1000; round++) {
      [k, u] = [x25519(k, u), k];
      after.set(round, k.toString("hex"));
    }
    expect(after.get(1)).to.equal("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    expect(after.get(1000)).to.equal("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
  });

  it("§6.1: gives the public keys and the shared secret of Alice and Bob", () => {
    const alice = importPrivateKey(
      "X25519",
      hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
    );
    const bob = importPrivateKey(
      "X25519",
      hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"),
    );
    const alicePublic = publicKeyOf(alice);
    const bobPublic = publicKeyOf(bob);
    expect(alicePublic.toString("hex")).to.equal(
      "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
    );
    expect(bobPublic.toString("hex")).to.equal(
      "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
    );
    const shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
    expect(agree(alice, importPublicKey("X25519", bobPublic)).toString("hex")).to.equal(shared);
    expect(agree(bob, importPublicKey("X25519", alicePublic)).toString("hex")).to.equal(shared);
  });

  for (const u of SMALL_ORDER) {
    it(`§6.1: refuses the point of small order ${u.slice(0, 8)}…`, () => {
      expect(() => x25519(generateKeyPair().privateKey, hex(u))).to.throw(MalformedKey, "small order");
    });
  }

  for (const u of NOT_CANONICAL) {
    it(`§5: refuses the spelling ${u.slice(0, 4)}…${u.slice(-2)} that is not canonical`, () => {
      expect(() => importPublicKey("X25519", hex(u))).to.throw(MalformedKey, "canonical");
    });
  }

  it("refuses keys that are not 32 bytes long", () => {
    for (const sizeBytes of [0, 31, 33, 64]) {
      expect(() => importPublicKey("X25519", Buffer.alloc(sizeBytes, 9))).to.throw(MalformedKey);
      expect(() => importPrivateKey("X25519", Buffer.alloc(sizeBytes, 9))).to.throw(MalformedKey);
    }
  });
});
