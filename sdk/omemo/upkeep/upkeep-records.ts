import type { EpochMs } from "../../../src/clock.js";
import type { Transaction, View } from "../../storage/port.js";
import { ofPeer, parseJson, type Peer, peersWith, readJson, writeJson } from "../records.js";

/** How often and when last a session with a device was begun anew because it was broken. */
export interface RepairRecord {
  readonly at: EpochMs;
  /** In a row, each sooner than the memory of the one before was lost. */
  readonly count: number;
}

interface Moment {
  readonly at: EpochMs;
}

const REPAIR = "repair";
const ANSWER_DUE = "answer-due";
const ANSWERED = "answered";
const DELISTED = "delisted";

/** When a device's session was last begun anew. */
export function readRepair(view: View, peer: Peer): RepairRecord | undefined {
  return readJson(view, ofPeer(REPAIR, peer)) as RepairRecord | undefined;
}

/** Keeps when a device's session was last begun anew. */
export function writeRepair(transaction: Transaction, peer: Peer, record: RepairRecord): void {
  writeJson(transaction, ofPeer(REPAIR, peer), record);
}

/** The repairs that are remembered, of all devices or of one person's. */
export function repairs(view: View, of?: string): (readonly [Peer, RepairRecord])[] {
  return peersWith(view, REPAIR, of).map(([peer, value]) => [peer, parseJson(value) as RepairRecord]);
}

/** Notes that a device is to be answered. */
export function markAnswerDue(transaction: Transaction, peer: Peer): void {
  transaction.set(ofPeer(ANSWER_DUE, peer), new Uint8Array());
}

/** Notes that a device need not be answered any more. */
export function clearAnswerDue(transaction: Transaction, peer: Peer): void {
  transaction.delete(ofPeer(ANSWER_DUE, peer));
}

/** The devices that are to be answered. */
export function dueAnswers(view: View): Peer[] {
  return peersWith(view, ANSWER_DUE).map(([peer]) => peer);
}

/** When a device was last sent an answer without content. */
export function answeredAt(view: View, peer: Peer): EpochMs | undefined {
  return (readJson(view, ofPeer(ANSWERED, peer)) as Moment | undefined)?.at;
}

/** Notes when a device was sent an answer without content. */
export function markAnswered(transaction: Transaction, peer: Peer, at: EpochMs): void {
  writeJson(transaction, ofPeer(ANSWERED, peer), { at });
}

/** When the devices were last sent an answer without content. */
export function answers(view: View): (readonly [Peer, EpochMs])[] {
  return moments(view, ANSWERED);
}

/** Since when a device stands in no list, as far as that is known; or when it last wrote since then. */
export function delistedAt(view: View, peer: Peer): EpochMs | undefined {
  return (readJson(view, ofPeer(DELISTED, peer)) as Moment | undefined)?.at;
}

/** Notes since when a device stands in no list; `undefined` when it does. */
export function markDelisted(transaction: Transaction, peer: Peer, at: EpochMs | undefined): void {
  const key = ofPeer(DELISTED, peer);
  if (at === undefined) transaction.delete(key);
  else writeJson(transaction, key, { at });
}

/** The devices that stand in no list any more, or never did. */
export function delisted(view: View): (readonly [Peer, EpochMs])[] {
  return moments(view, DELISTED);
}

function moments(view: View, kind: string): (readonly [Peer, EpochMs])[] {
  return peersWith(view, kind).map(([peer, value]) => [peer, (parseJson(value) as Moment).at]);
}

/** Forgets what upkeep has noted of a device. */
export function forgetUpkeep(transaction: Transaction, peer: Peer): void {
  for (const kind of [REPAIR, ANSWER_DUE, ANSWERED, DELISTED]) transaction.delete(ofPeer(kind, peer));
}

/** Forgets a repair. */
export function forgetRepair(transaction: Transaction, peer: Peer): void {
  transaction.delete(ofPeer(REPAIR, peer));
}

/** Forgets when a device was answered. */
export function forgetAnswered(transaction: Transaction, peer: Peer): void {
  transaction.delete(ofPeer(ANSWERED, peer));
}
