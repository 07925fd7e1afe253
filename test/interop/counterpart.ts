import { expect } from "chai";
import * as fc from "fast-check";
import {
  BadMac,
  decryptWithAny,
  DuplicateMessage,
  parseSession,
  RatchetError,
} from "../../sdk/ratchet/mod.js";
import type { Profile } from "../../sdk/ratchet/mod.js";
import { Device, identityOfSign } from "../sdk/ratchet/device.js";
import type { WireMessage } from "../sdk/ratchet/device.js";
import { PeerRefused } from "./line-peer.js";
import type { LinePeer } from "./line-peer.js";

/** An independent implementation of one version of OMEMO. */
export interface Counterpart {
  readonly name: string;
  readonly profile: Profile;
  /** Starts a device with keys of its own. */
  readonly start: () => LinePeer;
  /** How it calls a message that it has read before, and a bundle whose signature does not fit. */
  readonly refusals: { readonly duplicate: string; readonly forgedBundle: string };
  /** The one-time prekeys to begin with: `undefined` where it can do without. */
  readonly preKeyIds: readonly (number | undefined)[];
}

const text = (words: string) => Buffer.from(words);

async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof PeerRefused) return error.code;
    throw error;
  }
  throw new Error("the peer accepted");
}

function flipped({ isPreKeyMessage, message }: WireMessage, at: number, bit = 1): WireMessage {
  const copy = Buffer.from(message);
  copy[at] = (copy[at] ?? 0) ^ bit;
  return { isPreKeyMessage, message: copy };
}

/** The tests that hold for every independent implementation, called within a `describe`. */
export function itTalksTo({ name, profile, start, refusals, preKeyIds }: Counterpart): void {
  let peer: LinePeer;
  let device: Device;

  beforeEach(() => {
    peer = start();
    device = new Device(profile);
  });
  afterEach(() => peer.stop());

  async function thereAndBack(words: string): Promise<void> {
    expect(await peer.decrypt(device.encrypt(text(words)))).to.deep.equal(text(words));
    expect(device.decrypt(await peer.encrypt(text(`${words}!`)))).to.deep.equal(text(`${words}!`));
  }

  for (const sign of [0, 1] as const) {
    for (const preKeyId of preKeyIds) {
      const how = `${preKeyId ? "with" : "without"} a one-time prekey, identity of sign ${sign}`;

      it(`understand each other when we begin, ${how}`, async () => {
        device = new Device(profile, identityOfSign(sign));
        device.initiate(await peer.bundle(preKeyId));
        const first = device.encrypt(text("first"));
        const second = device.encrypt(text("second"));
        expect([first.isPreKeyMessage, second.isPreKeyMessage]).to.deep.equal([true, true]);
        expect(await peer.decrypt(first)).to.deep.equal(text("first"));
        expect(await peer.decrypt(second)).to.deep.equal(text("second"));
        const answer = await peer.encrypt(text("answer"));
        expect(answer.isPreKeyMessage).to.equal(false);
        expect(device.decrypt(answer)).to.deep.equal(text("answer"));
        expect(device.encrypt(text("x")).isPreKeyMessage).to.equal(false);
        for (let turn = 0; turn < 10; turn++) await thereAndBack(`turn ${turn}`);
      });

      it(`understand each other when ${name} begins, ${how}`, async () => {
        device = new Device(profile, identityOfSign(sign));
        await peer.initiate(device.bundle(preKeyId));
        const messages = [
          await peer.encrypt(text("0")),
          await peer.encrypt(text("1")),
          await peer.encrypt(text("2")),
        ];
        expect(messages.every((message) => message.isPreKeyMessage)).to.equal(true);
        for (const [index, message] of messages.entries()) {
          expect(device.decrypt(message)).to.deep.equal(text(`${index}`));
        }
        for (let turn = 0; turn < 10; turn++) await thereAndBack(`turn ${turn}`);
      });
    }
  }

  it("accept each other's identities of whatever sign, ten drawn at random", async () => {
    for (let round = 0; round < 10; round++) {
      const other = start();
      const ours = new Device(profile);
      ours.initiate(await other.bundle(1));
      expect(await other.decrypt(ours.encrypt(text("hello")))).to.deep.equal(text("hello"));
      await other.stop();
    }
  });

  it("read the first messages when the second arrives before the first", async () => {
    device.initiate(await peer.bundle(1));
    const ours = [device.encrypt(text("a")), device.encrypt(text("b"))] as const;
    expect(await peer.decrypt(ours[1])).to.deep.equal(text("b"));
    expect(await peer.decrypt(ours[0])).to.deep.equal(text("a"));

    const other = start();
    const fresh = new Device(profile);
    await other.initiate(fresh.bundle(1));
    const theirs = [await other.encrypt(text("a")), await other.encrypt(text("b"))] as const;
    expect(fresh.decrypt(theirs[1])).to.deep.equal(text("b"));
    expect(fresh.decrypt(theirs[0])).to.deep.equal(text("a"));
    await other.stop();
  });

  it("read messages out of order and late ones of earlier chains, the last of a chain included", async () => {
    device.initiate(await peer.bundle(1));
    await thereAndBack("begin");
    const late: [WireMessage, WireMessage][] = [];
    for (let turn = 0; turn < 3; turn++) {
      const ours = [0, 1, 2].map((index) => device.encrypt(text(`ours ${turn}.${index}`)));
      const theirs: WireMessage[] = [];
      for (const index of [0, 1, 2]) theirs.push(await peer.encrypt(text(`theirs ${turn}.${index}`)));
      expect(await peer.decrypt(ours[1]!)).to.deep.equal(text(`ours ${turn}.1`));
      expect(await peer.decrypt(ours[0]!)).to.deep.equal(text(`ours ${turn}.0`));
      expect(device.decrypt(theirs[1]!)).to.deep.equal(text(`theirs ${turn}.1`));
      expect(device.decrypt(theirs[0]!)).to.deep.equal(text(`theirs ${turn}.0`));
      late.push([ours[2]!, theirs[2]!]);
    }
    for (const [turn, [ours, theirs]] of late.entries()) {
      expect(await peer.decrypt(ours)).to.deep.equal(text(`ours ${turn}.2`));
      expect(device.decrypt(theirs)).to.deep.equal(text(`theirs ${turn}.2`));
    }
    await thereAndBack("end");
  });

  it("come together when both begin at the same time", async () => {
    device.initiate(await peer.bundle(1));
    await peer.initiate(device.bundle(1));
    const [ours, theirs] = [device.encrypt(text("ours")), await peer.encrypt(text("theirs"))];
    const begunByUs = parseSession(device.stored!);
    expect(await peer.decrypt(ours)).to.deep.equal(text("ours"));
    expect(device.decrypt(theirs)).to.deep.equal(text("theirs"));
    const begunByThem = parseSession(device.stored!);
    const { message } = await peer.encrypt(text("together"));
    const received = decryptWithAny([begunByThem, begunByUs], message);
    expect(received).to.deep.include({ index: 1, plaintext: text("together") });
  });

  it("read everything that arrives, in whatever order it does", async () => {
    device.initiate(await peer.bundle(1));
    await thereAndBack("begin");
    const steps = fc.sample(fc.record({ isOurs: fc.boolean(), isSend: fc.boolean(), which: fc.nat(5) }), {
      seed: 20_242,
      numRuns: 600,
    });
    const [toPeer, toDevice]: { wire: WireMessage; plaintext: Buffer }[][] = [[], []];
    for (const [index, { isOurs, isSend, which }] of steps.entries()) {
      const plaintext = text(`step ${index}`);
      const queue = isOurs ? toPeer! : toDevice!;
      if (isSend) {
        queue.push({ wire: isOurs ? device.encrypt(plaintext) : await peer.encrypt(plaintext), plaintext });
      } else {
        // No further back than the chains that are kept
        const [next] = queue.splice(Math.min(which, queue.length - 1), 1);
        if (!next) continue;
        const opened = isOurs ? await peer.decrypt(next.wire) : device.decrypt(next.wire);
        expect(opened).to.deep.equal(next.plaintext);
        if (queue.length > 4) queue.length = 0; // the rest is lost
      }
    }
  });

  it("refuse the same message a second time", async () => {
    device.initiate(await peer.bundle(1));
    await thereAndBack("begin");
    const ours = device.encrypt(text("once"));
    const theirs = await peer.encrypt(text("once"));
    await peer.decrypt(ours);
    device.decrypt(theirs);
    expect(await refusal(peer.decrypt(ours))).to.equal(refusals.duplicate);
    expect(() => device.decrypt(theirs)).to.throw(DuplicateMessage);
  });

  it("refuse a message with any byte changed, and read the true one afterwards", async () => {
    device.initiate(await peer.bundle(1));
    await thereAndBack("begin");
    const ours = device.encrypt(text("true"));
    const theirs = await peer.encrypt(text("true"));
    for (let at = 0; at < ours.message.length; at++) {
      expect(await refusal(peer.decrypt(flipped(ours, at))), `byte ${at}`).to.not.equal("");
    }
    const before = device.stored;
    for (let at = 0; at < theirs.message.length; at++) {
      expect(() => device.decrypt(flipped(theirs, at)), `byte ${at}`).to.throw(RatchetError);
    }
    expect(() => device.decrypt(flipped(theirs, theirs.message.length - 1))).to.throw(BadMac);
    expect(device.stored).to.equal(before);
    expect(await peer.decrypt(ours)).to.deep.equal(text("true"));
    expect(device.decrypt(theirs)).to.deep.equal(text("true"));
  });

  it("refuse a bundle whose signature does not fit", async () => {
    const theirs = await peer.bundle(1);
    const ours = device.bundle(1);
    const other = new Device(profile).signedPreKey.signature;
    expect(() =>
      device.initiate({ ...theirs, signedPreKey: { ...theirs.signedPreKey, signature: other } }),
    ).to.throw(RatchetError);
    const forged = { ...ours, signedPreKey: { ...ours.signedPreKey, signature: other } };
    expect(await refusal(peer.initiate(forged))).to.equal(refusals.forgedBundle);
  });

  it("carry empty and large plaintexts", async () => {
    device.initiate(await peer.bundle(1));
    for (const sizeBytes of [0, 1, 15, 16, 17, 32, 4096, 60_000]) {
      const plaintext = Buffer.alloc(sizeBytes, 7);
      expect(await peer.decrypt(device.encrypt(plaintext))).to.deep.equal(plaintext);
      expect(device.decrypt(await peer.encrypt(plaintext))).to.deep.equal(plaintext);
    }
  });
}
