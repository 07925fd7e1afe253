import { expect } from "chai";
import { refusalOf } from "../party.js";
import { converse, encryptAll, meet, pass, reads, text } from "./meeting.js";
import type { Meeting, Scenarios } from "./meeting.js";

/** Builds a session with this bundle of the responder and talks over it: prekey messages until the first answer, none after it. */
export async function talk(meeting: Meeting, preKeyId: number | undefined): Promise<void> {
  const { initiator, responder } = meeting;
  await initiator.initiate(await responder.bundle(preKeyId));
  const first = await encryptAll(initiator, ["first", "second"]);
  expect(first.map((each) => each.isPreKeyMessage)).to.deep.equal([true, true]);
  await reads(responder, first[0], "first");
  await reads(responder, first[1], "second");
  const [answer] = await encryptAll(responder, ["answer"]);
  expect(answer?.isPreKeyMessage).to.equal(false);
  await reads(initiator, answer, "answer");
  const [next] = await encryptAll(initiator, ["next"]);
  expect(next?.isPreKeyMessage).to.equal(false);
  await reads(responder, next, "next");
  await converse(meeting, 2);
}

/** How a session begins. */
export const BEGINNINGS: Scenarios = {
  "understand each other over sixty changes of direction": async (meeting) => {
    await meet(meeting);
    await converse(meeting, 30);
  },

  "begin with messages that arrive in reverse order": async ({ initiator, responder }) => {
    await initiator.initiate(await responder.bundle(1));
    const [first, second, third] = await encryptAll(initiator, ["first", "second", "third"]);
    await reads(responder, third, "third");
    await reads(responder, second, "second");
    await pass(responder, initiator, "answer");
    await pass(initiator, responder, "next");
    await reads(responder, first, "first");
  },

  "begin with messages of which the first are lost": async (meeting) => {
    const { initiator, responder } = meeting;
    await initiator.initiate(await responder.bundle(1));
    await encryptAll(initiator, ["lost", "lost"]);
    await pass(initiator, responder, "found");
    await encryptAll(responder, ["lost"]);
    await pass(initiator, responder, "still a prekey message");
    await pass(responder, initiator, "answer");
    await converse(meeting, 2);
  },

  "come together after both began at once": async (meeting) => {
    const { initiator, responder } = meeting;
    await beginBoth(meeting);
    await pass(initiator, responder, "who begun first");
    await converse(meeting, 3);
    const last = [await initiator.encrypt(text("x")), await responder.encrypt(text("x"))];
    expect(last.map((each) => each.isPreKeyMessage)).to.deep.equal([false, false]);
  },

  "come together after both began at once and both spoke on": async (meeting) => {
    const { initiator, responder } = meeting;
    await beginBoth(meeting);
    const there = await initiator.encrypt(text("there"));
    const back = await responder.encrypt(text("back"));
    await reads(responder, there, "there");
    await reads(initiator, back, "back");
    await converse(meeting, 3);
  },

  "begin anew in the middle of a session": async (meeting) => {
    const { initiator, responder } = meeting;
    await meet(meeting);
    await initiator.initiate(await responder.bundle(2));
    await pass(initiator, responder, "anew");
    await converse(meeting, 3);
  },

  "carry empty and large plaintexts": async (meeting) => {
    const { initiator, responder } = meeting;
    await meet(meeting);
    for (const sizeBytes of [0, 1, 15, 16, 17, 32, 4096, 60_000]) {
      const plaintext = Buffer.alloc(sizeBytes, 7);
      expect(await responder.decrypt(await initiator.encrypt(plaintext))).to.deep.equal(plaintext);
      expect(await initiator.decrypt(await responder.encrypt(plaintext))).to.deep.equal(plaintext);
    }
  },
};

/** Both build a session and send over it before anything arrives. */
export async function beginBoth({ initiator, responder }: Meeting): Promise<void> {
  await initiator.initiate(await responder.bundle(1));
  await responder.initiate(await initiator.bundle(1));
  const there = await initiator.encrypt(text("there"));
  const back = await responder.encrypt(text("back"));
  expect([there.isPreKeyMessage, back.isPreKeyMessage]).to.deep.equal([true, true]);
  await reads(responder, there, "there");
  await reads(initiator, back, "back");
}

/** How a session begins when no one-time prekey is left. */
export const WITHOUT_PRE_KEY: Record<"allowed" | "forbidden", Scenarios> = {
  allowed: {
    "understand each other when no one-time prekey is left": (meeting) => talk(meeting, undefined),
  },
  forbidden: {
    "refuse to begin when no one-time prekey is left": async ({ initiator, responder }) => {
      const bundle = await responder.bundle();
      expect(bundle.preKey).to.equal(undefined);
      expect(await refusalOf(initiator.initiate(bundle))).to.equal(initiator.refusals.noPreKey);
    },
  },
};
