import { expect } from "chai";
import * as fc from "fast-check";
import {
  axolotl,
  omemo2,
  parseSession,
  RatchetError,
  readPreKeyMessage,
  serialiseSession,
} from "../../../sdk/ratchet/mod.js";
import { MAX_RECEIVING_CHAINS } from "../../../sdk/ratchet/session.js";
import { Device } from "./device.js";
import type { WireMessage } from "./device.js";

/** What the model knows of a message: never how it was encrypted, only what has to come out. */
interface Posted {
  readonly wire: WireMessage;
  readonly plaintext: Buffer;
  readonly ratchetKey: string;
  isRead: boolean;
}

/** One direction: all that was ever sent, and the ratchet keys that the receiver has met, newest last. */
interface Direction {
  readonly from: Device;
  readonly to: Device;
  readonly posted: Posted[];
  readonly met: string[];
}

/** `which` chooses among what was sent: 0 the newest, 1 the one before it, and so on. */
type Step =
  | { kind: "send"; direction: 0 | 1 }
  | { kind: "deliver" | "tamper"; direction: 0 | 1; which: number; byte: number };

const direction = fc.constantFrom<0 | 1>(0, 1);
const pick = { direction, which: fc.oneof(fc.nat(3), fc.nat(40)), byte: fc.nat(400) };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("send" as const), direction }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("deliver" as const), ...pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("tamper" as const), ...pick }) },
);

function send({ from, posted }: Direction): void {
  if (!from.stored) return;
  const plaintext = Buffer.from(`message ${posted.length}`);
  const wire = from.encrypt(plaintext);
  const bytes = wire.isPreKeyMessage
    ? readPreKeyMessage(from.profile, wire.message).message
    : Buffer.from(wire.message);
  const ratchetKey = from.profile.decodeMessage(bytes).ratchetKey.toString("hex");
  posted.push({ wire, plaintext, ratchetKey, isRead: false });
}

function deliver({ to, posted, met }: Direction, which: number): void {
  const message = posted.at(-1 - which);
  if (!message) return;
  const isKept = met.slice(-MAX_RECEIVING_CHAINS).includes(message.ratchetKey);
  const isReadable = !message.isRead && (isKept || !met.includes(message.ratchetKey));
  const before = to.stored;
  if (isReadable) {
    expect(to.decrypt(message.wire)).to.deep.equal(message.plaintext);
    message.isRead = true;
    if (!isKept) met.push(message.ratchetKey);
    return;
  }
  const code = isKept ? "duplicate-message" : "bad-mac";
  expect(() => to.decrypt(message.wire))
    .to.throw(RatchetError)
    .with.property("code", code);
  expect(to.stored).to.equal(before);
}

/** Damage in what the MAC covers is noticed; what stands around it in a first message decides nothing. */
function tamper({ to, posted }: Direction, which: number, byte: number): void {
  const message = posted.at(-1 - which);
  if (!message || message.wire.isPreKeyMessage) return;
  const damaged = Buffer.from(message.wire.message);
  damaged[byte % damaged.length]! ^= 1 + (byte % 255);
  const before = to.stored;
  expect(() => to.decrypt({ isPreKeyMessage: false, message: damaged })).to.throw(RatchetError);
  expect(to.stored).to.equal(before);
}

function checkRoundTrip({ stored }: Device): void {
  if (stored) expect(serialiseSession(parseSession(stored)).equals(stored)).to.equal(true);
}

describe("the ratchet under loss, duplication, reordering and damage", () => {
  for (const [profile, preKeyIds] of [
    [axolotl, [undefined, 1]],
    [omemo2, [1]],
  ] as const) {
    it(`opens every message once, as it was sent, and keeps its state through everything else, ${profile.namespace}`, function () {
      this.timeout(120_000);
      let steps = 0;
      const run = (script: Step[], preKeyId: number | undefined) => {
        const [juliet, romeo] = [new Device(profile), new Device(profile)];
        juliet.initiate(romeo.bundle(preKeyId));
        const directions: [Direction, Direction] = [
          { from: juliet, to: romeo, posted: [], met: [] },
          { from: romeo, to: juliet, posted: [], met: [] },
        ];
        for (const next of script) {
          const chosen = directions[next.direction];
          if (next.kind === "send") send(chosen);
          else if (next.kind === "deliver") deliver(chosen, next.which);
          else tamper(chosen, next.which, next.byte);
          checkRoundTrip(juliet);
          checkRoundTrip(romeo);
          steps++;
        }
      };
      const script = fc.array(step, { minLength: 50, maxLength: 400, size: "max" });
      fc.assert(fc.property(script, fc.constantFrom(...preKeyIds), run), { seed: 20_241, numRuns: 50 });
      expect(steps).to.be.greaterThan(5000);
    });
  }
});
