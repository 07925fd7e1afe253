import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect } from "chai";
import {
  acceptPreKeyMessage,
  axolotl,
  BadMac,
  BadSignature,
  encrypt,
  generateSignedPreKey,
  initiate,
  MalformedKey,
  MalformedMessage,
  matches,
  NoPreKey,
  omemo2,
  parseSession,
  readPreKeyMessage,
  restoreIdentity,
  UntrustedIdentity,
} from "../../../sdk/ratchet/mod.js";
import type { Bundle, OwnPreKeys, PreKeyMessage } from "../../../sdk/ratchet/mod.js";
import { messageKeys, stepChain } from "../../../sdk/ratchet/kdf.js";
import { readFields, writeFields } from "../../../sdk/ratchet/protobuf.js";
import { Device, identityOfSign } from "./device.js";

const text = (words: string) => Buffer.from(words);
const hex = (digits: string) => Buffer.from(digits, "hex");
const OPTIONS = { registrationId: 27183 };

/** X25519 keys with which every agreement gives zero. */
const LOW_ORDER = [
  hex("00".repeat(32)),
  hex(`01${"00".repeat(31)}`),
  hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
  hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
  hex(`ec${"ff".repeat(30)}7f`),
];

/** What is no identity key, in the form that travels: Ed25519. */
const NO_IDENTITY: readonly [string, Buffer][] = [
  ["nothing", Buffer.alloc(0)],
  ["31 bytes", Buffer.alloc(31, 9)],
  ["33 bytes, the form of OMEMO 0.3", axolotl.encodeIdentity(restoreIdentity(Buffer.alloc(32)))],
  ["the neutral element", hex(`01${"00".repeat(31)}`)],
  ["the neutral element with a sign", hex(`01${"00".repeat(30)}80`)],
  ["the point of order 2", hex(`ec${"ff".repeat(30)}7f`)],
  ["a point of order 4", hex("00".repeat(32))],
  ["a point of order 8", hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")],
  ["another point of order 8", hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")],
  ["y = p, which is 0", hex(`ed${"ff".repeat(30)}7f`)],
  ["y = p + 1, which is 1", hex(`ee${"ff".repeat(30)}7f`)],
  ["a y that no point has", hex(`02${"00".repeat(31)}`)],
];

function ownOf(device: Device): OwnPreKeys {
  return {
    signedPreKey: (id) => (id === device.signedPreKey.id ? device.signedPreKey : undefined),
    preKey: (id) => device.preKeys.get(id),
  };
}

describe("omemo2", () => {
  let juliet: Device;
  let romeo: Device;
  beforeEach(() => {
    [juliet, romeo] = [new Device(omemo2), new Device(omemo2)];
  });

  const begin = (bundle: Bundle) => initiate(omemo2, juliet.identity, bundle, OPTIONS);
  const accept = (message: PreKeyMessage) => acceptPreKeyMessage(romeo.identity, ownOf(romeo), message);
  const firstMessage = () =>
    readPreKeyMessage(omemo2, encrypt(begin(romeo.bundle(2)), text("wherefore")).message);

  describe("on the wire", () => {
    it("publishes 32-byte keys, the identity key as Ed25519", () => {
      const { identityKey, signedPreKey, preKey } = romeo.bundle(1);
      expect(identityKey).to.deep.equal(romeo.identity.signing.publicKey);
      expect(signedPreKey.publicKey).to.have.lengthOf(32);
      expect(preKey!.publicKey).to.have.lengthOf(32);
      expect(signedPreKey.signature).to.have.lengthOf(64);
    });

    it("writes OMEMOKeyExchange, OMEMOAuthenticatedMessage and OMEMOMessage with the fields of the standard", () => {
      juliet.initiate(romeo.bundle(2));
      const exchange = readFields(Buffer.from(juliet.encrypt(text("x")).message));
      expect([...exchange.keys()]).to.deep.equal([1, 2, 3, 4, 5]);
      expect([exchange.get(1), exchange.get(2)]).to.deep.equal([2, 1]);
      expect(exchange.get(3)).to.deep.equal(juliet.identity.signing.publicKey);
      expect(exchange.get(4)).to.deep.equal(parseSession(juliet.stored!).baseKey);
      const authenticated = readFields(exchange.get(5) as Buffer);
      expect([...authenticated.keys()]).to.deep.equal([1, 2]);
      expect(authenticated.get(1)).to.have.lengthOf(16);
      const message = readFields(authenticated.get(2) as Buffer);
      expect([...message.keys()]).to.deep.equal([1, 2, 3, 4]);
      expect([message.get(1), message.get(2)]).to.deep.equal([0, 0]);
      expect(message.get(3)).to.have.lengthOf(32);
    });

    it("puts the initiator's identity key first into the MAC, in both directions", () => {
      juliet.initiate(romeo.bundle(1));
      const there = juliet.encrypt(text("there"));
      romeo.decrypt(there);
      // Makes Romeo's chain; the next message is the one that is looked at
      juliet.decrypt(romeo.encrypt(text("and")));
      for (const device of [juliet, romeo]) {
        device.encrypt(text("first"));
        const { sending } = parseSession(device.stored!);
        const keys = messageKeys(stepChain(sending!.chainKey).seed, text("OMEMO Message Key Material"));
        const fields = readFields(Buffer.from(device.encrypt(text("second")).message));
        const mac = createHmac("sha256", keys.macKey)
          .update(juliet.identity.signing.publicKey)
          .update(romeo.identity.signing.publicKey)
          .update(fields.get(2) as Buffer)
          .digest();
        expect(fields.get(1)).to.deep.equal(mac.subarray(0, 16));
      }
    });

    it("takes fields it does not know and the order of other writers, as protobuf says", () => {
      juliet.initiate(romeo.bundle(1));
      const exchange = readFields(Buffer.from(juliet.encrypt(text("x")).message));
      const turned = writeFields([9, 7], ...[...exchange].toReversed(), [10, text("new")]);
      expect(romeo.decrypt({ isPreKeyMessage: true, message: turned })).to.deep.equal(text("x"));
    });
  });

  describe("with the identity of OMEMO 0.3", () => {
    for (const sign of [0, 1] as const) {
      it(`is one key in two forms, sign ${sign}`, () => {
        const identity = identityOfSign(sign);
        const [old, now] = [new Device(axolotl, identity), new Device(omemo2, identity)];
        expect(omemo2.decodeIdentity(now.bundle().identityKey)).to.deep.equal(
          axolotl.decodeIdentity(old.bundle().identityKey),
        );
        for (const device of [old, now]) {
          const other = new Device(device.profile);
          other.initiate(device.bundle(1));
          expect(device.decrypt(other.encrypt(text("both")))).to.deep.equal(text("both"));
        }
      });
    }

    it("does not take the other version's signed prekey or message", () => {
      const signedPreKey = generateSignedPreKey(axolotl, romeo.identity, 1);
      const raw = signedPreKey.publicKey.subarray(1);
      expect(() => begin({ ...romeo.bundle(1), signedPreKey })).to.throw(MalformedKey);
      expect(() => begin({ ...romeo.bundle(1), signedPreKey: { ...signedPreKey, publicKey: raw } })).to.throw(
        BadSignature,
      );
      const old = new Device(axolotl);
      old.initiate(new Device(axolotl, romeo.identity).bundle(1));
      const { message } = old.encrypt(text("x"));
      expect(() => readPreKeyMessage(omemo2, message)).to.throw(MalformedMessage);
    });
  });

  describe("beginning a session", () => {
    for (const [what, identityKey] of NO_IDENTITY) {
      it(`refuses a bundle whose identity key is ${what}`, () => {
        expect(() => begin({ ...romeo.bundle(1), identityKey }))
          .to.throw()
          .with.property("code")
          .that.is.oneOf(["malformed-key", "bad-signature"]);
      });
    }

    it("refuses a low-order or wrongly long prekey in any place, even when it is signed", () => {
      const bundle = romeo.bundle(1);
      const wrong = [Buffer.alloc(0), Buffer.alloc(31, 9), Buffer.alloc(33, 5), Buffer.alloc(32, 0xff)];
      for (const publicKey of [...LOW_ORDER, ...wrong]) {
        const signature = omemo2.sign(romeo.identity, publicKey);
        expect(() => begin({ ...bundle, signedPreKey: { id: 1, publicKey, signature } })).to.throw(
          MalformedKey,
        );
        expect(() => begin({ ...bundle, preKey: { id: 1, publicKey } })).to.throw(MalformedKey);
      }
    });

    it("refuses a signature with any bit changed, of another length or by another", () => {
      const bundle = romeo.bundle(1);
      const { signature } = bundle.signedPreKey;
      const forged: Uint8Array[] = Array.from({ length: 512 }, (_, bit) => {
        const copy = Buffer.from(signature);
        copy[bit >> 3]! ^= 1 << (bit & 7);
        return copy;
      });
      forged.push(
        Buffer.alloc(0),
        Buffer.from(signature.subarray(1)),
        Buffer.concat([signature, Buffer.of(0)]),
      );
      forged.push(omemo2.sign(juliet.identity, bundle.signedPreKey.publicKey));
      for (const wrong of forged) {
        const signedPreKey = { ...bundle.signedPreKey, signature: wrong };
        expect(() => begin({ ...bundle, signedPreKey })).to.throw(BadSignature);
      }
    });

    it("refuses a bundle without one-time prekey, and another identity than the expected one", () => {
      expect(() => begin(romeo.bundle())).to.throw(NoPreKey);
      const expectedIdentityKey = omemo2.encodeIdentity(juliet.identity);
      expect(() =>
        initiate(omemo2, juliet.identity, romeo.bundle(1), { ...OPTIONS, expectedIdentityKey }),
      ).to.throw(UntrustedIdentity);
    });
  });

  describe("accepting a session", () => {
    it("gives the plaintext, the session and the one-time prekey to erase", () => {
      const message = firstMessage();
      const accepted = accept(message);
      expect(accepted.plaintext).to.deep.equal(text("wherefore"));
      expect(accepted.preKeyId).to.equal(2);
      expect(accepted.session.remoteIdentityKey).to.deep.equal(juliet.identity.signing.publicKey);
      expect(matches(accepted.session, message)).to.equal(true);
      expect(matches(accepted.session, { ...message, profile: axolotl })).to.equal(false);
    });

    for (const [what, identityKey] of NO_IDENTITY) {
      it(`refuses a message whose identity key is ${what}`, () => {
        expect(() => accept({ ...firstMessage(), identityKey })).to.throw(MalformedKey);
      });
    }

    it("refuses low-order base keys, and the identity key with its sign turned", () => {
      const message = firstMessage();
      for (const baseKey of LOW_ORDER) expect(() => accept({ ...message, baseKey })).to.throw(MalformedKey);
      const turned = Buffer.from(message.identityKey);
      turned[31]! ^= 0x80;
      expect(() => accept({ ...message, identityKey: turned })).to.throw(BadMac);
    });

    const rewritten = (change: (fields: Map<number, number | Buffer>) => void) => {
      const fields = new Map(readFields(encrypt(begin(romeo.bundle(2)), text("x")).message));
      change(fields);
      return writeFields(...fields);
    };
    const hostile: readonly [string, (fields: Map<number, number | Buffer>) => void, unknown][] = [
      ["no one-time prekey", (fields) => fields.delete(1), NoPreKey],
      ["a one-time prekey that is not ours", (fields) => fields.set(1, 99), NoPreKey],
      ["one-time prekey 0", (fields) => fields.set(1, 0), NoPreKey],
      ["a signed prekey that is not ours", (fields) => fields.set(2, 0xffffffff), NoPreKey],
      ["bytes for a prekey id", (fields) => fields.set(1, text("2")), MalformedMessage],
      ["a prekey id beyond 32 bits", (fields) => fields.set(2, 2 ** 32), MalformedMessage],
      ["no signed prekey", (fields) => fields.delete(2), MalformedMessage],
      ["no identity key", (fields) => fields.delete(3), MalformedMessage],
      ["no base key", (fields) => fields.delete(4), MalformedMessage],
      ["no message", (fields) => fields.delete(5), MalformedMessage],
      ["a number for a message", (fields) => fields.set(5, 7), MalformedMessage],
      ["an empty message", (fields) => fields.set(5, Buffer.alloc(0)), MalformedMessage],
      ["an identity key of 33 bytes", (fields) => fields.set(3, Buffer.alloc(33, 5)), MalformedKey],
      ["a base key of 31 bytes", (fields) => fields.set(4, Buffer.alloc(31, 9)), MalformedKey],
      ["a base key that is not canonical", (fields) => fields.set(4, Buffer.alloc(32, 0xff)), MalformedKey],
      ["another base key", (fields) => fields.set(4, Buffer.alloc(32, 9)), BadMac],
    ];
    for (const [what, change, kind] of hostile) {
      it(`refuses a key exchange with ${what}`, () => {
        expect(() => accept(readPreKeyMessage(omemo2, rewritten(change)))).to.throw(kind as typeof BadMac);
      });
    }

    it("refuses any key exchange cut short", () => {
      const { message } = encrypt(begin(romeo.bundle(2)), text("x"));
      for (let size = 0; size < message.length; size++) {
        expect(() => accept(readPreKeyMessage(omemo2, message.subarray(0, size))), `${size} bytes`).to.throw(
          MalformedMessage,
        );
      }
    });
  });

  it("refuses a MAC of another length, even one that begins right", () => {
    juliet.initiate(romeo.bundle(1));
    const { message } = readPreKeyMessage(omemo2, juliet.encrypt(text("x")).message);
    const [mac, body] = [1, 2].map((field) => readFields(message).get(field) as Buffer) as [Buffer, Buffer];
    const exchange = readPreKeyMessage(omemo2, juliet.encrypt(text("y")).message);
    for (const wrong of [Buffer.alloc(0), mac.subarray(1), mac.subarray(0, 15), Buffer.concat([mac, mac])]) {
      const forged = writeFields([1, wrong], [2, body]);
      expect(() => accept({ ...exchange, message: forged })).to.throw(BadMac);
    }
    expect(accept({ ...exchange, message }).plaintext).to.deep.equal(text("x"));
  });

  it("reads a key exchange that python-twomemo wrote", () => {
    const file = new URL("../../vectors/key-exchange-omemo2.json", import.meta.url);
    const vector = JSON.parse(readFileSync(file, "utf8")) as Record<
      "identitySeed" | "signedPreKey" | "preKey" | "keyExchange",
      string
    >;
    const own = {
      signedPreKey: () => ({ privateKey: hex(vector.signedPreKey) }),
      preKey: () => ({ privateKey: hex(vector.preKey) }),
    };
    const message = readPreKeyMessage(omemo2, hex(vector.keyExchange));
    const accepted = acceptPreKeyMessage(restoreIdentity(hex(vector.identitySeed)), own, message);
    expect(accepted.plaintext).to.deep.equal(text("from twomemo"));
  });
});
