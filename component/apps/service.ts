import type { StanzaError } from "../../src/errors.js";

/** How far entries of a mailbox have gone. */
export interface SentSoFar {
  /** Up to here once at least, and up to here twice at least. */
  readonly once: number;
  readonly twice: number;
  /** Up to here the app has answered a request that came behind them. */
  readonly answered: number;
}

/** What to do with an entry whose turn it is: send it for the first time, or again, or take it for delivered. */
export type TryDecision = "first" | "again" | "over";

/**
 * Decides whether an entry may go.
 *
 * What an app can acknowledge goes until it does. What nothing can acknowledge goes at least once and at most once more.
 */
export function decideTry(seq: number, { once, twice }: SentSoFar, canAcknowledge: boolean): TryDecision {
  if (seq > once) return "first";
  return seq <= twice && !canAcknowledge ? "over" : "again";
}

/**
 * Whether an app will say of an entry that it has it.
 *
 * One that announces receipts, was there after the entry and went without one gives none for it: it may be switched off.
 */
export function canAcknowledge(
  seq: number,
  { answered }: SentSoFar,
  { isContent, givesReceipts }: { readonly isContent: boolean; readonly givesReceipts: boolean },
): boolean {
  return isContent && givesReceipts && seq > answered;
}

/** What a server says when there is nobody under a full JID, or nobody any more. */
const GONE: ReadonlySet<string> = new Set([
  "gone",
  "item-not-found",
  "recipient-unavailable",
  "remote-server-not-found",
  "remote-server-timeout",
  "service-unavailable",
]);

/** Whether an error says that the app is not there; any other one is of the app itself. Source: RFC 6120 §8.3.3 */
export function isGone({ condition }: Pick<StanzaError, "condition">): boolean {
  return GONE.has(condition);
}

/**
 * Whether an error says that a message has certainly not arrived.
 *
 * Stream management gives back what was not acknowledged with `recipient-unavailable`, also what did arrive.
 * Source: XEP-0198 §5, RFC 6121 §8.5.3.2.1
 */
export function isUndelivered({ condition }: Pick<StanzaError, "condition">): boolean {
  return condition === "service-unavailable";
}
