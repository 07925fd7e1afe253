import { expect } from "chai";
import {
  BadMac,
  decrypt,
  decryptWithAny,
  DuplicateMessage,
  encrypt,
  MalformedKey,
  MalformedMessage,
  MAX_SESSIONS,
  NoSession,
  parseSession,
  RatchetError,
  serialiseSession,
  TooManySkippedKeys,
} from "../../../sdk/ratchet/mod.js";
import type { Profile, Session } from "../../../sdk/ratchet/mod.js";
import { MAX_RECEIVING_CHAINS, MAX_SKIP, MAX_SKIPPED_KEYS } from "../../../sdk/ratchet/session.js";
import { connectedDevices, Device, PROFILES } from "./device.js";
import type { WireMessage } from "./device.js";

const text = (words: string) => Buffer.from(words);

/** Refused with an error of ours, and the session is what it was. */
function expectRefusal(
  device: Device,
  message: WireMessage,
  kind: new (...words: never[]) => RatchetError,
  why = "",
) {
  const session = parseSession(device.stored!);
  const before = serialiseSession(session);
  expect(() => decrypt(session, message.message), why).to.throw(kind);
  expect(serialiseSession(session).equals(before), `${why}: session untouched`).to.equal(true);
}

/** The message with other fields; its MAC is no longer right. */
function rewrittenIn(profile: Profile, message: WireMessage, changes: object): WireMessage {
  const decoded = profile.decodeMessage(Buffer.from(message.message));
  const authenticated = profile.encodeMessage({ ...decoded, ...changes });
  return { isPreKeyMessage: false, message: profile.sealMessage(authenticated, decoded.mac) };
}

for (const profile of PROFILES) {
  describe(profile.namespace, () => {
    const rewritten = (message: WireMessage, changes: object) => rewrittenIn(profile, message, changes);

    describe("decrypt", () => {
      let juliet: Device;
      let romeo: Device;
      beforeEach(() => {
        [juliet, romeo] = connectedDevices(profile);
      });

      it("refuses a message with any bit changed", () => {
        const sent = juliet.encrypt(text("but soft"));
        for (let bit = 0; bit < sent.message.length * 8; bit++) {
          const forged = Buffer.from(sent.message);
          forged[bit >> 3]! ^= 1 << (bit & 7);
          expectRefusal(romeo, { ...sent, message: forged }, RatchetError, `bit ${bit}`);
        }
        expect(romeo.decrypt(sent)).to.deep.equal(text("but soft"));
      });

      it("refuses a message cut short or with bytes behind it", () => {
        const sent = juliet.encrypt(text("but soft"));
        for (let size = 0; size < sent.message.length; size++) {
          expectRefusal(
            romeo,
            { ...sent, message: sent.message.subarray(0, size) },
            RatchetError,
            `${size} bytes`,
          );
        }
        expectRefusal(romeo, { ...sent, message: Buffer.concat([sent.message, Buffer.of(0)]) }, RatchetError);
        expectRefusal(romeo, { ...sent, message: Buffer.alloc(0) }, MalformedMessage);
      });

      it("refuses its own message coming back", () => {
        expectRefusal(juliet, juliet.encrypt(text("echo")), RatchetError);
      });

      it("refuses counters far ahead without walking the chain", () => {
        const sent = juliet.encrypt(text("but soft"));
        for (const counter of [MAX_SKIP + 2, 1e6, 0x7fffffff, 0x80000000, 0xffffffff]) {
          expectRefusal(romeo, rewritten(sent, { counter }), TooManySkippedKeys, `counter ${counter}`);
        }
        expectRefusal(romeo, rewritten(sent, { previousCounter: 0xffffffff }), BadMac);
      });

      it("refuses new ratchet keys that are of small order, not canonical or not the peer's", () => {
        const sent = juliet.encrypt(text("but soft"));
        expectRefusal(romeo, rewritten(sent, { ratchetKey: Buffer.alloc(32) }), MalformedKey);
        expectRefusal(romeo, rewritten(sent, { ratchetKey: Buffer.alloc(32, 0xff) }), MalformedKey);
        expectRefusal(romeo, rewritten(sent, { ratchetKey: Buffer.alloc(32, 9) }), BadMac);
      });

      it("refuses a new ratchet key while the last one is unanswered", () => {
        romeo.decrypt(juliet.encrypt(text("but soft")));
        expectRefusal(
          romeo,
          rewritten(juliet.encrypt(text("x")), { ratchetKey: Buffer.alloc(32, 9) }),
          BadMac,
        );
      });

      it("is untouched by a flood of forged messages that jump as far as they may", function () {
        this.timeout(20_000);
        const sent = juliet.encrypt(text("but soft"));
        const far = rewritten(sent, { counter: MAX_SKIP });
        const fresh = rewritten(sent, { counter: MAX_SKIP, ratchetKey: Buffer.alloc(32, 9) });
        for (let round = 0; round < 50; round++) {
          expectRefusal(romeo, far, BadMac);
          expectRefusal(romeo, fresh, BadMac);
        }
        expect(romeo.decrypt(sent)).to.deep.equal(text("but soft"));
      });

      it("opens a message that skips as many as allowed, and each of the skipped ones once", () => {
        const sent = Array.from({ length: MAX_SKIP + 1 }, (_, index) => juliet.encrypt(text(`${index}`)));
        expect(romeo.decrypt(sent[MAX_SKIP]!)).to.deep.equal(text(`${MAX_SKIP}`));
        for (const index of [0, 1, 499, MAX_SKIP - 1]) {
          expect(romeo.decrypt(sent[index]!)).to.deep.equal(text(`${index}`));
          expectRefusal(romeo, sent[index]!, DuplicateMessage);
        }
      });

      it("keeps a bounded number of skipped message keys and drops the oldest", () => {
        const rounds = 4;
        const lost: WireMessage[][] = [];
        for (let round = 0; round < rounds; round++) {
          const sent = Array.from({ length: MAX_SKIP + 1 }, () => juliet.encrypt(text("x")));
          romeo.decrypt(sent.pop()!);
          lost.push(sent);
        }
        const kept = parseSession(romeo.stored!).receiving.reduce(
          (sum, chain) => sum + chain.skipped.length / 36,
          0,
        );
        expect(kept).to.equal(MAX_SKIPPED_KEYS);
        expect(romeo.stored!.length).to.be.lessThan(MAX_SKIPPED_KEYS * 36 + 1000);
        expectRefusal(romeo, lost[1]!.at(-1)!, DuplicateMessage);
        expect(romeo.decrypt(lost[2]![0]!)).to.deep.equal(text("x"));
        expect(romeo.decrypt(lost[3]!.at(-1)!)).to.deep.equal(text("x"));
      });

      it("drops the oldest skipped message keys across chains too", () => {
        const first = Array.from({ length: MAX_SKIP + 1 }, () => juliet.encrypt(text("old")));
        romeo.decrypt(first.pop()!);
        for (let round = 0; round < 2; round++) {
          juliet.decrypt(romeo.encrypt(text("turn")));
          const sent = Array.from({ length: 801 }, () => juliet.encrypt(text("new")));
          romeo.decrypt(sent.pop()!);
        }
        expectRefusal(romeo, first[0]!, DuplicateMessage);
        expectRefusal(romeo, first[599]!, DuplicateMessage);
        expect(romeo.decrypt(first[600]!)).to.deep.equal(text("old"));
      });

      it("opens late messages of as many earlier chains as it keeps, and no older ones", () => {
        const late: WireMessage[] = [];
        for (let turn = 0; turn <= MAX_RECEIVING_CHAINS; turn++) {
          romeo.decrypt(juliet.encrypt(text("on time")));
          late.push(juliet.encrypt(text(`late ${turn}`)));
          juliet.decrypt(romeo.encrypt(text("turn")));
        }
        expect(parseSession(romeo.stored!).receiving).to.have.lengthOf(MAX_RECEIVING_CHAINS);
        expectRefusal(romeo, late[0]!, BadMac);
        for (let turn = 1; turn <= MAX_RECEIVING_CHAINS; turn++) {
          expect(romeo.decrypt(late[turn]!)).to.deep.equal(text(`late ${turn}`));
        }
      });

      it("gives a new session and leaves the old one usable", () => {
        const session = parseSession(romeo.stored!);
        const sent = juliet.encrypt(text("but soft"));
        for (let round = 0; round < 3; round++) {
          expect(decrypt(session, sent.message).plaintext).to.deep.equal(text("but soft"));
        }
      });

      it("does not depend on the caller's buffers afterwards", () => {
        const bytes = Buffer.from(romeo.stored!);
        const message = Buffer.from(juliet.encrypt(text("but soft")).message);
        const { session, plaintext } = decrypt(parseSession(bytes), message);
        bytes.fill(0);
        message.fill(0);
        expect(plaintext).to.deep.equal(text("but soft"));
        romeo.stored = serialiseSession(session);
        expect(juliet.decrypt(romeo.encrypt(text("what light")))).to.deep.equal(text("what light"));
      });
    });

    describe("encrypt", () => {
      it("never uses a message key twice, and changes the ratchet key after an answer only", () => {
        const [juliet, romeo] = connectedDevices(profile);
        const header = ({ message }: WireMessage) => profile.decodeMessage(Buffer.from(message));
        const [first, second] = [header(juliet.encrypt(text("x"))), header(juliet.encrypt(text("x")))];
        expect(second.ratchetKey).to.deep.equal(first.ratchetKey);
        expect(second.counter).to.equal(first.counter + 1);
        expect(second.ciphertext).to.not.deep.equal(first.ciphertext);
        romeo.decrypt(juliet.encrypt(text("x")));
        juliet.decrypt(romeo.encrypt(text("y")));
        const third = header(juliet.encrypt(text("x")));
        expect(third.ratchetKey).to.not.deep.equal(first.ratchetKey);
        expect(third).to.include({ counter: 0, previousCounter: second.counter + 2 });
      });

      it("keeps one ratchet key for each answer, however often the peer writes in between", () => {
        const [juliet, romeo] = connectedDevices(profile);
        for (let index = 0; index < 3; index++) romeo.decrypt(juliet.encrypt(text("x")));
        const session = parseSession(romeo.stored!);
        expect(session.sending).to.equal(undefined);
        expect(encrypt(session, text("y")).session.sending).to.include({ counter: 1 });
      });
    });

    describe("decryptWithAny", () => {
      it("brings two devices that began at the same time together", () => {
        const [juliet, romeo] = [new Device(profile), new Device(profile)];
        juliet.initiate(romeo.bundle(1));
        romeo.initiate(juliet.bundle(1));
        const [atJuliet, atRomeo] = [parseSession(juliet.stored!), parseSession(romeo.stored!)];
        const [fromJuliet, fromRomeo] = [encrypt(atJuliet, text("j")), encrypt(atRomeo, text("r"))];
        juliet.decrypt({ isPreKeyMessage: true, message: fromRomeo.message });
        romeo.decrypt({ isPreKeyMessage: true, message: fromJuliet.message });
        const sent = juliet.encrypt(text("hello"));
        const sessions = [parseSession(romeo.stored!), fromRomeo.session];
        const received = decryptWithAny(sessions, sent.message);
        expect(received.index).to.equal(1);
        expect(received.plaintext).to.deep.equal(text("hello"));
        // The session that knows the chain has the last word
        expect(() => decryptWithAny([received.session, sessions[0]!], sent.message)).to.throw(
          DuplicateMessage,
        );
      });

      it("refuses what none of them opens, and tries no more than it may", () => {
        const [juliet, romeo] = connectedDevices(profile);
        const { message } = juliet.encrypt(text("x"));
        const others: Session[] = Array.from({ length: MAX_SESSIONS }, () =>
          parseSession(connectedDevices(profile)[1].stored!),
        );
        const mine = parseSession(romeo.stored!);
        expect(() => decryptWithAny([], message)).to.throw(NoSession);
        expect(() => decryptWithAny(others, message)).to.throw(BadMac);
        expect(() => decryptWithAny([...others, mine], message)).to.throw(BadMac);
        expect(decryptWithAny([...others.slice(1), mine], message).index).to.equal(MAX_SESSIONS - 1);
        expect(() => decryptWithAny([mine], Buffer.of(0x33))).to.throw(MalformedMessage);
      });
    });
  });
}
