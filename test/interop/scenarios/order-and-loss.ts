import { restartingAfterEveryStep } from "../party.js";
import type { Party, WireMessage } from "../party.js";
import { converse, encryptAll, meet, pass, reads } from "./meeting.js";
import type { Meeting, Scenarios } from "./meeting.js";

/** Long enough to be a real gap, shorter than what any of the implementations allows in one chain (1,000). */
const LONG_GAP = 200;

/** How messages may arrive, or not. */
export const ORDER_AND_LOSS: Scenarios = {
  "read the messages of a chain in whatever order they arrive": async (meeting) => {
    await meet(meeting);
    for (const [from, to] of directions(meeting)) {
      const words = ["0", "1", "2", "3", "4"];
      const messages = await encryptAll(from, words);
      for (const index of [3, 0, 4, 1, 2]) await reads(to, messages[index], `${index}`);
    }
    await converse(meeting, 2);
  },

  "go on when messages of a chain are lost, one and many in a row": async (meeting) => {
    await meet(meeting);
    for (const [from, to] of directions(meeting)) {
      await encryptAll(from, ["lost"]);
      await pass(from, to, "found");
      await encryptAll(from, Array<string>(LONG_GAP).fill("lost"));
      await pass(from, to, "found after many");
    }
    await converse(meeting, 2);
  },

  "go on when whole chains are lost": async (meeting) => {
    const { initiator, responder } = meeting;
    await meet(meeting);
    for (let turn = 0; turn < 3; turn++) {
      await encryptAll(initiator, ["lost", "lost"]);
      await encryptAll(responder, ["lost"]);
      await pass(responder, initiator, "found");
      await encryptAll(initiator, ["lost", "lost"]);
      await pass(responder, initiator, "found again");
      await pass(initiator, responder, "answered at last");
    }
  },

  "read late messages of earlier chains, the last of a chain included": async (meeting) => {
    await meet(meeting);
    await converseWithLateMessages(meeting, 3);
  },

  "go on when the initiator restarts after every step": async ({ initiator, responder, profile }) => {
    const restarting = { profile, initiator: restartingAfterEveryStep(initiator), responder };
    await meet(restarting);
    await converseWithLateMessages(restarting, 2);
  },

  "go on when the responder restarts after every step": async ({ initiator, responder, profile }) => {
    const restarting = { profile, initiator, responder: restartingAfterEveryStep(responder) };
    await meet(restarting);
    await converseWithLateMessages(restarting, 2);
  },
};

function directions({ initiator, responder }: Meeting): [Party, Party][] {
  return [
    [initiator, responder],
    [responder, initiator],
  ];
}

/** Three messages a chain: the middle one first, then the first, and the last of each chain when all is over. */
async function converseWithLateMessages(meeting: Meeting, turns: number): Promise<void> {
  const late: { to: Party; message: WireMessage | undefined; words: string }[] = [];
  for (let turn = 0; turn < turns; turn++) {
    for (const [from, to] of directions(meeting)) {
      const words = [0, 1, 2].map((index) => `message ${index} of turn ${turn}`);
      const messages = await encryptAll(from, words);
      await reads(to, messages[1], words[1]!);
      await reads(to, messages[0], words[0]!);
      late.push({ to, message: messages[2], words: words[2]! });
    }
  }
  for (const { to, message, words } of late) await reads(to, message, words);
  await converse(meeting, 1);
}
