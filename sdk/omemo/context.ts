import type { Clock } from "../../src/clock.js";
import type { Jid } from "../../src/jid.js";
import type { Storage, Transaction } from "../storage/port.js";
import type { ControlMessage } from "./sealing/control.js";
import type { KnownDevices } from "./devices/listed-devices.js";
import type { News } from "./news.js";
import type { OwnKeys } from "./own/own-keys.js";
import type { IqPort } from "./port.js";
import type { Endpoint, TrustPolicy } from "./trust/mod.js";
import type { OmemoVersion } from "./versions/version.js";

/** How long things are believed and how soon they are tried again. */
export interface OmemoTimes {
  /** How old a device list may be before it is fetched again; pushed lists and unknown devices make it sooner. */
  readonly listMaxAgeMs: number;
  /** How long a session that was built from a bundle may wait for its first message. */
  readonly bundleMaxAgeMs: number;
  /** How long a missing, broken or untrusted bundle is not asked for again. */
  readonly bundleRetryMs: number;
  /** How long used prekeys are collected before the bundle is published again. */
  readonly topUpDelayMs: number;
  /** How long nothing must have come before devices are answered that wait for a message of ours. */
  readonly answerDelayMs: number;
  /** How long such an answer waits at most while messages come. */
  readonly answerMaxDelayMs: number;
  /** One device gets at most one such answer in this time. */
  readonly answerIntervalMs: number;
  /** Messages in one receiving chain from which on it is answered, so that the peer can take a new ratchet key. */
  readonly heartbeatMessages: number;
  /** How soon after a repair the same session may be repaired again; twice as long after each further one. */
  readonly repairIntervalMs: number;
  /** The longest time between two repairs of a session; after twice as long the next is a first one. */
  readonly repairMaxIntervalMs: number;
  /** How long a one-time prekey is kept after its first use: others may have drawn the same. */
  readonly usedPreKeyKeptMs: number;
  /** How old the signed prekey becomes. Source: XEP-0384 0.8 §4.2, between a week and a month. */
  readonly signedPreKeyMaxAgeMs: number;
  /** How long a signed prekey is kept after another took its place: what a mailbox holds may have been built with it. */
  readonly signedPreKeyKeptMs: number;
  /** After how many days on which this device ran and heard nothing of it an own other device is taken off the list. */
  readonly staleAfterDays: number;
  /** How long the sessions with a device are kept that stands in no list any more. */
  readonly delistedKeptMs: number;
  /** One pushed list of a person is taken in within this time; of several the last one, at its end. */
  readonly listPushIntervalMs: number;
  /** How often it is looked whether any of this is due. */
  readonly upkeepIntervalMs: number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The defaults of {@link OmemoTimes}. */
export const DEFAULT_TIMES: OmemoTimes = {
  listMaxAgeMs: 10 * MINUTE_MS,
  bundleMaxAgeMs: DAY_MS,
  bundleRetryMs: 10 * MINUTE_MS,
  topUpDelayMs: SECOND_MS,
  answerDelayMs: 5 * SECOND_MS,
  answerMaxDelayMs: MINUTE_MS,
  answerIntervalMs: 5 * MINUTE_MS,
  heartbeatMessages: 53,
  repairIntervalMs: 5 * MINUTE_MS,
  repairMaxIntervalMs: DAY_MS,
  usedPreKeyKeptMs: DAY_MS,
  signedPreKeyMaxAgeMs: 7 * DAY_MS,
  signedPreKeyKeptMs: 30 * DAY_MS,
  staleAfterDays: 90,
  delistedKeptMs: 30 * DAY_MS,
  listPushIntervalMs: 5 * SECOND_MS,
  upkeepIntervalMs: HOUR_MS,
};

/** What the parts of the OMEMO service share. */
export interface OmemoContext {
  readonly storage: Storage;
  readonly connection: IqPort;
  readonly clock: Clock;
  readonly news: News;
  readonly keys: OwnKeys;
  /** The bare JID of the own account, where the own nodes are. */
  readonly account: Jid;
  readonly times: OmemoTimes;
  /** The own bare number JID and the identity of this device. */
  readonly self: Endpoint;
  readonly trustPolicy: TrustPolicy;
  readonly listed: KnownDevices;
  /** The versions that this device speaks, the preferred first. */
  readonly versions: readonly OmemoVersion[];
  /**
   * Writes a message of OMEMO's own down, to be sent; without it there are no answers, no heartbeats and no repairs.
   */
  readonly enqueue?: Enqueue | undefined;
  /** Called when a device is to be answered, in the transaction that says so. */
  readonly answerDue?: () => void;
}

/** Writes a message of OMEMO's own down in a transaction, to be sealed and sent when its turn comes. */
export type Enqueue = (transaction: Transaction, control: ControlMessage) => void;

/** Whether something that was noted at a time is younger than `maxAgeMs`; a clock that stepped back makes it old. */
export function isFresh(context: OmemoContext, at: number, maxAgeMs: number): boolean {
  const ageMs = context.clock.now() - at;
  return ageMs >= 0 && ageMs < maxAgeMs;
}
