import type { EpochMs } from "./clock.js";
import type { OpenedEnvelope } from "./envelope.js";
import type { Jid } from "./jid.js";

/** An affix element that is verified. Source: XEP-0420 §4. */
export type Affix = "from" | "to" | "time";

/** Why an envelope does not fit its stanza. */
export type AffixProblem = `missing-${Affix}` | `wrong-${Affix}`;

/**
 * The affixes without which an envelope is refused, by what it carries; `rpad` is written always and checked never.
 *
 * Between two people OMEMO recommends `from` and demands none. Source: XEP-0384 0.8 §5.5.1, XEP-0434 0.6 §5.2.1.
 */
export const REQUIRED_AFFIXES = {
  chat: [],
  groupchat: ["to"],
  trustMessage: ["time"],
} as const satisfies Record<string, readonly Affix[]>;

/**
 * How far ahead of the stanza's sending a clock may be: a day.
 *
 * Clocks that are set to another time zone are common, and whoever has one is not to lose every message for it. A
 * message cannot be opened twice in any case: the ratchet sees to that, not the time.
 */
export const MAX_TIME_AHEAD_MS = 24 * 60 * 60_000;

/**
 * How long before the stanza's sending it may have been encrypted: 30 days, as long as an entry waits in a mailbox.
 *
 * Senders without a network wait, and what they wrote is sealed already.
 */
export const MAX_TIME_BEHIND_MS = 30 * 24 * 60 * 60_000;

/** What the stanza says, against which an envelope is held. */
export interface ExpectedAffixes {
  /** The JIDs of the stanza; resourceparts do not count. */
  readonly from: Jid;
  readonly to: Jid;
  /** Whether the sender may call itself this too; `from` alone is right unless given. */
  readonly isSender?: ((name: Jid) => boolean) | undefined;
  /** Whether the recipient may be called this too; `to` alone is right unless given. */
  readonly isRecipient?: ((name: Jid) => boolean) | undefined;
  /** When the stanza was sent, by XEP-0203 or by its arrival. */
  readonly sentAt?: EpochMs | undefined;
  /** The time of day, for a stanza of which nobody knows when it was sent. */
  readonly now?: EpochMs | undefined;
  /** Those that must be there: one of {@link REQUIRED_AFFIXES}, or more; none when not given. */
  readonly required?: readonly Affix[] | undefined;
}

/**
 * Holds what an envelope says of itself against its stanza; answers what is wrong first, or nothing.
 *
 * An affix that is there is checked, whether or not it is required. The time must not be later than the stanza's
 * sending by more than {@link MAX_TIME_AHEAD_MS}, nor earlier by more than {@link MAX_TIME_BEHIND_MS}; where `sentAt`
 * is not given only the former, against `now`; where neither is, any time passes. Source: XEP-0420 §4.
 */
export function checkAffixes(
  envelope: Pick<OpenedEnvelope, Affix>,
  { from, to, isSender, isRecipient, sentAt, now, required = [] }: ExpectedAffixes,
): AffixProblem | undefined {
  const missing = required.find((affix) => envelope[affix] === undefined);
  if (missing) return `missing-${missing}`;
  if (isWrong(envelope.from, from, isSender)) return "wrong-from";
  if (isWrong(envelope.to, to, isRecipient)) return "wrong-to";
  return isPlausible(envelope.time, sentAt, now) ? undefined : "wrong-time";
}

function isWrong(
  name: Jid | undefined,
  expected: Jid,
  isAlso: ((name: Jid) => boolean) | undefined,
): boolean {
  return name !== undefined && name.bare !== expected.bare && isAlso?.(name) !== true;
}

function isPlausible(
  time: EpochMs | undefined,
  sentAt: EpochMs | undefined,
  now: EpochMs | undefined,
): boolean {
  const latest = sentAt ?? now;
  if (time === undefined || latest === undefined) return true;
  if (time > latest + MAX_TIME_AHEAD_MS) return false;
  return sentAt === undefined || time >= sentAt - MAX_TIME_BEHIND_MS;
}
