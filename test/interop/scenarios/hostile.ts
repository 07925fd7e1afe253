import { expect } from "chai";
import { readPreKeyMessage } from "../../../sdk/ratchet/mod.js";
import type { Bundle, Profile } from "../../../sdk/ratchet/mod.js";
import { OurDevice } from "../our-device.js";
import { refusalOf, refusalOrResult } from "../party.js";
import type { Party, WireMessage } from "../party.js";
import { converse, encryptAll, meet, pass, reads, text } from "./meeting.js";
import type { Meeting, Scenarios } from "./meeting.js";

/** The protobuf field of the one-time prekey with the id 1, in both versions. */
const PRE_KEY_ONE = Buffer.from([0x08, 1]);
/** The tag of a number in field 15. */
const UNKNOWN_FIELD = 0x78;

/** What comes twice, damaged or forged. */
export const HOSTILE: Scenarios = {
  "refuse the same message a second time": async (meeting) => {
    const { initiator, responder } = meeting;
    await meet(meeting);
    for (const [from, to] of [[initiator, responder] as const, [responder, initiator] as const]) {
      const [early, once] = await encryptAll(from, ["early", "once"]);
      await reads(to, once, "once");
      expect(await refusalOf(to.decrypt(once!))).to.equal(to.refusals.duplicate);
      await reads(to, early, "early");
      expect(await refusalOf(to.decrypt(early!))).to.equal(to.refusals.duplicate);
      await to.restart();
      expect(await refusalOf(to.decrypt(once!))).to.equal(to.refusals.duplicate);
    }
    await converse(meeting, 1);
  },

  "refuse a repeated prekey message, also after an answer and a restart": async (meeting) => {
    const { initiator, responder } = meeting;
    await initiator.initiate(await responder.bundle(1));
    const first = await initiator.encrypt(text("first"));
    await reads(responder, first, "first");
    expect(await refusalOf(responder.decrypt(first))).to.equal(responder.refusals.duplicate);
    await pass(responder, initiator, "answer");
    await pass(initiator, responder, "next");
    await responder.restart();
    expect(await refusalOf(responder.decrypt(first))).to.equal(responder.refusals.duplicate);
    await converse(meeting, 1);
  },

  "refuse a one-time prekey that was used before": async (meeting) => {
    const { initiator, responder } = meeting;
    const bundle = await responder.bundle(1);
    await initiator.initiate(bundle);
    await pass(initiator, responder, "first");
    await pass(responder, initiator, "answer");
    const session = await initiator.save();
    await initiator.initiate(bundle);
    const second = await initiator.encrypt(text("second"));
    expect(await refusalOf(responder.decrypt(second))).to.equal(responder.refusals.usedPreKey);
    await initiator.load(session);
    await converse(meeting, 1);
  },

  "refuse a message with any byte changed, and read the true one afterwards": (meeting) =>
    refuseDamaged(meeting, () => false),

  "refuse a prekey message with any byte changed that says anything": async ({
    profile,
    initiator,
    responder,
  }) => {
    await initiator.initiate(await responder.bundle(1));
    const message = await initiator.encrypt(text("true"));
    for (const at of await acceptedChanges(responder, message, "true")) {
      const changed = withChange(message, at);
      expect(meaning(profile, changed), `byte ${at}`).to.deep.equal(meaning(profile, message));
    }
    await reads(responder, message, "true");
  },

  "refuse a prekey message whose one-time prekey was struck out": async ({ initiator, responder }) => {
    await initiator.initiate(await responder.bundle(1));
    const message = await initiator.encrypt(text("true"));
    const struckOut = Buffer.from(message.message);
    const at = struckOut.indexOf(PRE_KEY_ONE);
    // Under another field's number, which nobody reads, so that all the rest stays as it is
    struckOut[at] = UNKNOWN_FIELD;
    expect(at).to.be.within(0, struckOut.length);
    expect(await refusalOf(responder.decrypt({ ...message, message: struckOut }))).to.not.equal("");
    await reads(responder, message, "true");
  },

  "refuse a one-time prekey of small order": async (meeting) => {
    const { initiator } = meeting;
    expect(await refusalOf(initiator.initiate(await weakBundle(meeting)))).to.equal(
      initiator.refusals.weakKey,
    );
  },

  "refuse a bundle whose signature is somebody else's": async ({ profile, initiator, responder }) => {
    const bundle = await responder.bundle(1);
    const { signature } = (await new OurDevice(profile).bundle()).signedPreKey;
    const forged = { ...bundle, signedPreKey: { ...bundle.signedPreKey, signature } };
    expect(await refusalOf(initiator.initiate(forged))).to.equal(initiator.refusals.forgedBundle);
  },
};

/** A bundle of the responder in which a server has replaced the one-time prekey, which nobody signs, by the point u = 0. */
export async function weakBundle({ profile, responder }: Meeting): Promise<Bundle> {
  const publicKey = profile.encodePublicKey(Buffer.alloc(32));
  return { ...(await responder.bundle(1)), preKey: { id: 1, publicKey } };
}

/** Every byte of a message in either direction, in a chain that the receiver knows and in one that is new to it. */
export async function refuseDamaged(
  meeting: Meeting,
  mayAccept: (at: number, receiver: Party) => boolean,
): Promise<void> {
  const { initiator, responder } = meeting;
  await meet(meeting);
  for (const [from, to] of [[initiator, responder] as const, [responder, initiator] as const]) {
    for (const words of ["in a new chain", "in a known chain"]) {
      const message = await from.encrypt(text(words));
      const accepted = await acceptedChanges(to, message, words);
      expect(accepted).to.deep.equal([...message.message.keys()].filter((at) => mayAccept(at, to)));
      if (words === "in a known chain") {
        const last = withChange(message, message.message.length - 1);
        expect(await refusalOf(to.decrypt(last))).to.equal(to.refusals.badMac);
      }
      await reads(to, message, words);
    }
  }
}

/** At which bytes a change was not noticed. What is refused changes nothing, and nothing else is ever read than what was written. */
export async function acceptedChanges(to: Party, message: WireMessage, words: string): Promise<number[]> {
  const before = await to.save();
  const accepted: number[] = [];
  for (const at of message.message.keys()) {
    const result = await refusalOrResult(to.decrypt(withChange(message, at)));
    if (typeof result !== "string") {
      expect(result.toString(), `byte ${at}`).to.equal(words);
      accepted.push(at);
      await to.load(before);
    }
  }
  expect(await to.save()).to.equal(before);
  return accepted;
}

function withChange({ isPreKeyMessage, message }: WireMessage, at: number): WireMessage {
  const copy = Buffer.from(message);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return { isPreKeyMessage, message: copy };
}

/** What a prekey message says, but for the sender's device id, which nothing protects and nobody uses. */
function meaning(profile: Profile, { message }: WireMessage) {
  const { registrationId: _, ...rest } = readPreKeyMessage(profile, message);
  return rest;
}
