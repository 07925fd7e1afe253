import { expect } from "chai";
import type { Profile } from "../../../sdk/ratchet/mod.js";
import type { Party, WireMessage } from "../party.js";

/** Two devices that have not met yet. */
export interface Meeting {
  readonly profile: Profile;
  readonly initiator: Party;
  readonly responder: Party;
}

/** What is to hold between any two implementations, whichever of them begins. The keys are what the tests are called. */
export type Scenarios = Record<string, (meeting: Meeting) => Promise<void>>;

/** A plaintext. */
export const text = (words: string) => Buffer.from(words);

/** Encrypts some messages. */
export async function encryptAll(from: Party, words: readonly string[]): Promise<WireMessage[]> {
  const messages: WireMessage[] = [];
  for (const each of words) messages.push(await from.encrypt(text(each)));
  return messages;
}

/** Hands over a message and expects these words. */
export async function reads(to: Party, message: WireMessage | undefined, words: string): Promise<void> {
  if (!message) throw new Error("there is no such message");
  expect((await to.decrypt(message)).toString()).to.equal(words);
}

/** One message that arrives. */
export async function pass(from: Party, to: Party, words: string): Promise<void> {
  await reads(to, await from.encrypt(text(words)), words);
}

/** Begins a session and has it answered. */
export async function meet({ initiator, responder }: Meeting): Promise<void> {
  await initiator.initiate(await responder.bundle(1));
  await pass(initiator, responder, "wherefore");
  await pass(responder, initiator, "art");
}

/** A few changes of direction. */
export async function converse({ initiator, responder }: Meeting, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await pass(initiator, responder, `there ${turn}`);
    await pass(responder, initiator, `back ${turn}`);
  }
}
