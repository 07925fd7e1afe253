import { createCipheriv } from "node:crypto";
import { expect } from "chai";
import { BadMac, decrypt, MalformedMessage, parseSession } from "../../../sdk/ratchet/mod.js";
import { unseal } from "../../../sdk/ratchet/cipher.js";
import { hmac } from "../../../src/hkdf.js";
import { messageKeys, stepChain } from "../../../sdk/ratchet/kdf.js";
import type { Session } from "../../../sdk/ratchet/mod.js";
import { connectedDevices, PROFILES } from "./device.js";

/** The next message of this session with any ciphertext and a right MAC, as only the true sender can make it. */
function authentic(session: Session, encipher: (key: Buffer, iv: Buffer) => Buffer): Buffer {
  const { profile, sending, previousCounter } = session;
  const keys = messageKeys(stepChain(sending!.chainKey).seed, profile.infos.messageKeys);
  const ciphertext = encipher(keys.cipherKey, keys.iv);
  const { publicKey: ratchetKey, counter } = sending!;
  const authenticated = profile.encodeMessage({ ratchetKey, counter, previousCounter, ciphertext });
  const [first, second] = profile.associatedData(
    session.localIdentityKey,
    session.remoteIdentityKey,
    session.isInitiator,
  );
  return profile.sealMessage(
    authenticated,
    hmac(keys.macKey, first, second, authenticated).subarray(0, profile.macSizeBytes),
  );
}

function unpadded(key: Buffer, iv: Buffer): Buffer {
  const cipher = createCipheriv("aes-256-cbc", key, iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(Buffer.alloc(32, 0xaa)), cipher.final()]);
}

for (const profile of PROFILES) {
  describe(`unseal, ${profile.namespace}`, () => {
    const [juliet, romeo] = connectedDevices(profile);
    // An answered session of Juliet's with a sending chain
    juliet.encrypt(Buffer.from("x"));
    const session = parseSession(juliet.stored!);

    const wrong: [string, (key: Buffer, iv: Buffer) => Buffer][] = [
      ["no ciphertext", () => Buffer.alloc(0)],
      ["15 bytes of ciphertext", () => Buffer.alloc(15)],
      ["a wrong padding", unpadded],
    ];
    for (const [what, encipher] of wrong) {
      it(`refuses an authentic message with ${what}`, () => {
        const receiving = parseSession(romeo.stored!);
        expect(() => decrypt(receiving, authentic(session, encipher))).to.throw(MalformedMessage);
      });
    }

    it("says nothing about the padding of a message that is not authentic", () => {
      const message = authentic(session, unpadded);
      message[message.length - 1]! ^= 1;
      expect(() => decrypt(parseSession(romeo.stored!), message)).to.throw(BadMac);
    });

    it("refuses a MAC of another length", () => {
      const sealed = session.profile.decodeMessage(authentic(session, unpadded));
      for (const mac of [
        Buffer.alloc(0),
        sealed.mac.subarray(1),
        Buffer.concat([sealed.mac, Buffer.alloc(1)]),
      ]) {
        expect(() => unseal(parseSession(romeo.stored!), Buffer.alloc(32), { ...sealed, mac })).to.throw(
          BadMac,
        );
      }
    });

    it("overwrites the seed, whether the message is authentic or not", () => {
      const sealed = session.profile.decodeMessage(authentic(session, unpadded));
      const seed = Buffer.alloc(32, 1);
      expect(() => unseal(session, seed, sealed)).to.throw(BadMac);
      expect(seed).to.deep.equal(Buffer.alloc(32));
    });
  });
}
