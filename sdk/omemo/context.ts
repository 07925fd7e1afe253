import type { Clock } from "../../src/clock.js";
import type { Jid } from "../../src/jid.js";
import type { Storage } from "../storage/port.js";
import type { News } from "./news.js";
import type { OwnKeys } from "./own-keys.js";
import type { IqPort } from "./port.js";

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
}

/** The defaults of {@link OmemoTimes}. */
export const DEFAULT_TIMES: OmemoTimes = {
  listMaxAgeMs: 10 * 60 * 1000,
  bundleMaxAgeMs: 24 * 60 * 60 * 1000,
  bundleRetryMs: 10 * 60 * 1000,
  topUpDelayMs: 1000,
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
}

/** Whether something that was noted at a time is younger than `maxAgeMs`; a clock that stepped back makes it old. */
export function isFresh(context: OmemoContext, at: number, maxAgeMs: number): boolean {
  const ageMs = context.clock.now() - at;
  return ageMs >= 0 && ageMs < maxAgeMs;
}
