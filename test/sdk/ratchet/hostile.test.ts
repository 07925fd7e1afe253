import { expect } from "chai";
import {
  acceptPreKeyMessage,
  axolotl,
  BadMac,
  decrypt,
  decryptWithAny,
  encrypt,
  MalformedKey,
  MalformedMessage,
  MalformedState,
  MAX_SESSIONS,
  parseSession,
  RatchetError,
  readPreKeyMessage,
  serialiseSession,
  TooManySkippedKeys,
} from "../../../sdk/ratchet/mod.js";
import { MAX_SKIP } from "../../../sdk/ratchet/session.js";
import { writeFields } from "../../../sdk/ratchet/protobuf.js";
import { counted } from "./counted.js";
import { connectedDevices, Device, PROFILES } from "./device.js";

/** The hashes of two HMACs: what a step of a chain costs. */
const STEP = 4;
/** Those of the HKDF that gives message keys or a chain, and of a MAC. */
const KEYS = 8;
const MAC = 2;

for (const profile of PROFILES) {
  /** A message of hers with other fields, as anybody on the way can write it. */
  const forged = (message: Uint8Array, changes: object): Buffer => {
    const decoded = profile.decodeMessage(Buffer.from(message));
    return profile.sealMessage(profile.encodeMessage({ ...decoded, ...changes }), decoded.mac);
  };
  const refused = (work: () => unknown, kind: new (...words: never[]) => RatchetError) =>
    counted(() => expect(work).to.throw(kind));
  const freshKey = Buffer.alloc(32, 9);

  describe(`hostile input, ${profile.namespace}`, () => {
    it("costs nothing in a counter that jumps too far, and one agreement with a new ratchet key", () => {
      const [juliet, romeo] = connectedDevices(profile);
      const { message } = juliet.encrypt(Buffer.from("x"));
      romeo.decrypt({ message, isPreKeyMessage: false });
      // Only who has answered takes a new ratchet key
      romeo.encrypt(Buffer.from("x"));
      const session = parseSession(romeo.stored!);
      for (const counter of [MAX_SKIP + 2, 0x7fffffff, 0x80000000, 0xffffffff]) {
        const known = refused(() => decrypt(session, forged(message, { counter })), TooManySkippedKeys);
        expect(known).to.include({ hash: 0, diffieHellman: 0 });
        const fresh = forged(message, { counter, ratchetKey: freshKey });
        const { hash, diffieHellman } = refused(() => decrypt(session, fresh), TooManySkippedKeys);
        expect([hash, diffieHellman]).to.deep.equal([6, 1]);
      }
    });

    it("skips no more than is allowed for this message", () => {
      const [juliet, romeo] = connectedDevices(profile);
      romeo.decrypt(juliet.encrypt(Buffer.from("known")));
      for (let lost = 0; lost < 3; lost += 1) juliet.encrypt(Buffer.from("lost"));
      const { message } = juliet.encrypt(Buffer.from("x"));
      const session = parseSession(romeo.stored!);
      const skipped = profile.decodeMessage(Buffer.from(message)).counter - session.receiving.at(-1)!.counter;
      const tooFew = refused(() => decrypt(session, message, { maxSkip: skipped - 1 }), TooManySkippedKeys);
      expect(tooFew).to.include({ hash: 0, diffieHellman: 0 });
      expect(decrypt(session, message, { maxSkip: skipped }).plaintext).to.deep.equal(Buffer.from("x"));
    });

    it("costs the chain walked once in a forged message that jumps as far as it may, and nothing is decrypted", () => {
      const [juliet, romeo] = connectedDevices(profile);
      const { message } = juliet.encrypt(Buffer.from("x"));
      const session = parseSession(romeo.stored!);
      const far = refused(() => decrypt(session, forged(message, { counter: MAX_SKIP })), BadMac);
      // The first message of the chain costs an agreement and the HKDF of the root key besides
      expect(far.hash).to.be.at.most((MAX_SKIP + 1) * STEP + 2 * KEYS + MAC);
      expect(far).to.include({ createDecipheriv: 0, diffieHellman: 1 });
    });

    it("tries a forged message with no more than the newest sessions of a full archive", () => {
      const [juliet, romeo] = connectedDevices(profile);
      const { message } = juliet.encrypt(Buffer.from("x"));
      romeo.encrypt(Buffer.from("x"));
      const archive = Array.from({ length: 40 }, () => parseSession(romeo.stored!));
      const one = refused(
        () => decryptWithAny(archive.slice(0, 1), forged(message, { ratchetKey: freshKey })),
        BadMac,
      );
      const all = refused(() => decryptWithAny(archive, forged(message, { ratchetKey: freshKey })), BadMac);
      expect(all.diffieHellman).to.equal(MAX_SESSIONS * one.diffieHellman);
      expect(all.hash).to.equal(MAX_SESSIONS * one.hash);
      expect(all.createDecipheriv).to.equal(0);
      const known = refused(
        () => decryptWithAny(archive, forged(message, { ciphertext: Buffer.alloc(16) })),
        BadMac,
      );
      expect(known.diffieHellman).to.be.at.most(MAX_SESSIONS);
    });

    it("bears 100,000 forged messages against a full archive, and opens the true one after them", function () {
      this.timeout(120_000);
      const [juliet, romeo] = connectedDevices(profile);
      romeo.decrypt(juliet.encrypt(Buffer.from("x")));
      const others = Array.from({ length: MAX_SESSIONS - 1 }, () =>
        parseSession(connectedDevices(profile)[1].stored!),
      );
      const archive = [...others, parseSession(romeo.stored!)];
      const before = archive.map((session) => serialiseSession(session));
      const { message } = juliet.encrypt(Buffer.from("but soft"));
      const { hash, diffieHellman } = counted(() => {
        for (let round = 0; round < 100_000; round++) {
          const copy = Buffer.from(message);
          // Within the ciphertext, whose place is behind the key in both profiles
          copy[message.length - 10 - (round % 4)]! ^= 1 + (round % 255);
          let opened = false;
          try {
            decryptWithAny(archive, copy);
            opened = true;
          } catch (error) {
            if (!(error instanceof RatchetError)) throw error;
          }
          if (opened) expect.fail(`round ${round}: a forged message opened`);
        }
      });
      expect(hash).to.be.at.most(100_000 * (STEP + KEYS + MAC));
      expect(diffieHellman).to.equal(0);
      expect(archive.map((session) => serialiseSession(session))).to.deep.equal(before);
      expect(decryptWithAny(archive, message).plaintext.toString()).to.equal("but soft");
    });

    it("refuses a key of a wrong length in any place of a message", () => {
      const isAxolotl = profile.id === 1;
      const version = Buffer.from(isAxolotl ? [0x33] : []);
      const sized = (sizeBytes: number) => Buffer.alloc(sizeBytes, 5);
      const right = isAxolotl ? 33 : 32;
      const message = (key: Buffer) =>
        isAxolotl
          ? Buffer.concat([version, writeFields([1, key], [2, 0], [3, 0], [4, sized(16)]), sized(8)])
          : writeFields([1, sized(16)], [2, writeFields([1, 0], [2, 0], [3, key], [4, sized(16)])]);
      const first = (base: Buffer, identity: Buffer) => {
        const inner = message(sized(right));
        const fields = isAxolotl
          ? writeFields([2, base], [3, identity], [4, inner], [6, 1])
          : writeFields([1, 1], [2, 1], [3, identity], [4, base], [5, inner]);
        return Buffer.concat([version, fields]);
      };
      profile.decodeMessage(message(sized(right)));
      readPreKeyMessage(profile, first(sized(right), sized(right)));
      for (const size of [0, 1, right - 1, right + 1, 64, 1000]) {
        const wrong = [
          () => profile.decodeMessage(message(sized(size))),
          () => readPreKeyMessage(profile, first(sized(size), sized(right))),
          () => readPreKeyMessage(profile, first(sized(right), sized(size))),
        ];
        for (const attempt of wrong) expect(attempt, `${size} bytes`).to.throw(MalformedKey);
      }
      expect(() => axolotl.encodePublicKey(sized(31))).to.throw(MalformedKey);
    });

    it("refuses a first message whose inside is not that of its outside, and uses up no prekey", () => {
      const romeo = new Device(profile);
      const [juliet, other] = [new Device(profile), new Device(profile)];
      juliet.initiate(romeo.bundle(1));
      other.initiate(romeo.bundle(2));
      const hers = readPreKeyMessage(profile, juliet.encrypt(Buffer.from("x")).message);
      const his = readPreKeyMessage(profile, other.encrypt(Buffer.from("x")).message);
      const own = {
        signedPreKey: () => romeo.signedPreKey,
        preKey: (id: number) => romeo.preKeys.get(id),
      };
      const swaps: [string, object, new (...words: never[]) => RatchetError][] = [
        ["the identity key of another", { identityKey: his.identityKey }, BadMac],
        ["the base key of another", { baseKey: his.baseKey }, BadMac],
        ["the one-time prekey of another", { preKeyId: his.preKeyId }, BadMac],
        ["the message of another", { message: his.message }, BadMac],
        ["itself inside", { message: Buffer.from(profile.encodePreKeyMessage(hers)) }, RatchetError],
        ["nothing inside", { message: Buffer.alloc(0) }, MalformedMessage],
      ];
      for (const [what, changes, kind] of swaps) {
        const bytes = profile.encodePreKeyMessage({ ...hers, ...changes });
        const accept = () => acceptPreKeyMessage(romeo.identity, own, readPreKeyMessage(profile, bytes));
        expect(accept, what).to.throw(kind);
      }
      expect(acceptPreKeyMessage(romeo.identity, own, hers).plaintext.toString()).to.equal("x");
      expect(romeo.preKeys.size).to.equal(3);
    });

    it("reads a stored session with any byte changed as another, or refuses it with MalformedState", () => {
      const [juliet, romeo] = connectedDevices(profile);
      juliet.encrypt(Buffer.from("lost"));
      romeo.decrypt(juliet.encrypt(Buffer.from("x")));
      const fresh = new Device(profile);
      fresh.initiate(romeo.bundle(2));
      for (const stored of [romeo.stored!, fresh.stored!]) {
        for (let at = 0; at < stored.length; at++) {
          for (const mask of [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff]) {
            const damaged = Buffer.from(stored);
            damaged[at]! ^= mask;
            let session;
            try {
              session = parseSession(damaged);
            } catch (error) {
              expect(error, `byte ${at}`).to.be.instanceOf(MalformedState);
              continue;
            }
            expect(serialiseSession(session).equals(damaged), `byte ${at}`).to.equal(true);
            if (session.sending) encrypt(session, Buffer.from("x"));
          }
        }
      }
    });
  });
}
