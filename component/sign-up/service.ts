import { randomInt, timingSafeEqual } from "node:crypto";
import type { EpochMs } from "../../src/clock.js";
import type { PhoneNumber } from "../../src/phone-number.js";
import type { SignUpConfig } from "./config.js";
import type { DailyBudget, Rate } from "./limits.js";

/** How a code travels. */
export type Channel = "sms" | "voice";

/** A code that was sent in a session. */
export interface SentCode {
  readonly channel: Channel;
  readonly sentAt: EpochMs;
  /** Keyed hash of the code; null when the provider could not send it. */
  readonly hash: Uint8Array | null;
}

/** How far the checks of a session have come. */
export interface CheckProgress {
  readonly checks: number;
  readonly lastCheckAt: EpochMs;
}

/** What may happen in a session from now on, in milliseconds; `undefined` is never again. */
export interface NextSteps {
  readonly smsInMs: number | undefined;
  readonly voiceInMs: number | undefined;
  readonly checkInMs: number | undefined;
  readonly checksLeft: number;
}

/** What a check of a code found. */
export type CheckDecision =
  | { readonly outcome: "right" }
  | { readonly outcome: "wrong" | "expired" }
  | { readonly outcome: "too-early"; readonly waitMs: number }
  | { readonly outcome: "exhausted" };

/** Every code has this many digits. */
export const CODE_LENGTH = 6;
/** How long a code can be used. */
export const CODE_TTL_MS = 10 * 60_000;
/** How long a sign-up may take from its first code; a right code starts this anew. */
export const SESSION_TTL_MS = 30 * 60_000;
/** Checks of a session. */
export const MAX_CHECKS = 5;
/** So many of the codes sent last can be used: messages overtake each other. */
const USABLE_CODES = 2;
/** Codes that the provider could not send, in one session. */
const MAX_FAILED_SENDS = 5;
const FAILED_SEND_WAIT_MS = 15_000;

const minutes = (...values: readonly number[]): readonly number[] => values.map((value) => value * 60_000);
/** Waits after the first, second … check. */
const CHECK_WAITS_MS = minutes(0, 0, 1, 2);
/** Waits after the first, second … message. */
const SMS_WAITS_MS = minutes(1, 2, 5, 10);
/** Waits after the first, second … call. */
const VOICE_WAITS_MS = minutes(1, 5);
/** A call is for those whom the message did not reach. */
const VOICE_AFTER_SMS_MS = 60_000;

/**
 * Decides over one guess of a code.
 *
 * @param progress the checks made so far @param hash of the guess @param accepted the code that was right before,
 *   after which no other is
 */
export function decideCheck(
  progress: CheckProgress,
  codes: readonly SentCode[],
  hash: Uint8Array,
  accepted: Uint8Array | null,
  now: EpochMs,
): CheckDecision {
  const waitMs = checkWaitMs(progress, now);
  if (waitMs === undefined) return { outcome: "exhausted" };
  if (waitMs > 0) return { outcome: "too-early", waitMs };
  const usable = accepted ? [accepted] : usableHashes(codes, now);
  // Every candidate is compared, so that the time tells nothing
  const isRight = usable.map((candidate) => isEqual(candidate, hash)).some(Boolean);
  if (isRight) return { outcome: "right" };
  return { outcome: usable.length === 0 ? "expired" : "wrong" };
}

/** Until the next check may be made, in milliseconds; `undefined` is never. */
export function checkWaitMs({ checks, lastCheckAt }: CheckProgress, now: EpochMs): number | undefined {
  if (checks >= MAX_CHECKS) return undefined;
  if (checks === 0) return 0;
  return Math.max(0, lastCheckAt + (CHECK_WAITS_MS[checks - 1] ?? 0) - now);
}

/** Until the next code may be sent this way, in milliseconds; `undefined` is never. */
export function sendWaitMs(codes: readonly SentCode[], channel: Channel, now: EpochMs): number | undefined {
  const failed = codes.filter((code) => code.hash === null);
  if (failed.length >= MAX_FAILED_SENDS) return undefined;
  const lastFailed = failed.at(-1);
  const afterFailure = lastFailed ? lastFailed.sentAt + FAILED_SEND_WAIT_MS - now : 0;
  const planned = plannedWaitMs(
    codes.filter((code) => code.hash !== null),
    channel,
    now,
  );
  return planned === undefined ? undefined : Math.max(0, afterFailure, planned);
}

/** What may happen in a session from now on. */
export function nextSteps(progress: CheckProgress, codes: readonly SentCode[], now: EpochMs): NextSteps {
  return {
    smsInMs: sendWaitMs(codes, "sms", now),
    voiceInMs: sendWaitMs(codes, "voice", now),
    checkInMs: checkWaitMs(progress, now),
    checksLeft: MAX_CHECKS - progress.checks,
  };
}

function plannedWaitMs(sent: readonly SentCode[], channel: Channel, now: EpochMs): number | undefined {
  const same = sent.filter((code) => code.channel === channel);
  const last = same.at(-1);
  if (last) {
    const wait = (channel === "sms" ? SMS_WAITS_MS : VOICE_WAITS_MS)[same.length - 1];
    return wait === undefined ? undefined : last.sentAt + wait - now;
  }
  const first = sent[0];
  if (!first) return 0;
  return first.sentAt + VOICE_AFTER_SMS_MS - now;
}

function usableHashes(codes: readonly SentCode[], now: EpochMs): Uint8Array[] {
  return (
    codes
      .filter((code) => code.hash !== null)
      .slice(-USABLE_CODES)
      // One from the future is from before the clock was set back: nobody knows how old it is
      .filter((code) => code.sentAt <= now && now < code.sentAt + CODE_TTL_MS)
      .flatMap((code) => (code.hash ? [code.hash] : []))
  );
}

/** Compares two hashes in constant time. */
export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Draws a code of six digits. */
export function newCode(draw: (below: number) => number = randomInt): string {
  return String(draw(10 ** CODE_LENGTH)).padStart(CODE_LENGTH, "0");
}

/** One limit that a step counts against. */
export interface Charge {
  /** What the refusal and the metric call it. */
  readonly limit: "number" | "prefix" | "country" | "address" | "network" | "account" | "budget";
  /** Tells this number, prefix, address … from others; no number in clear. */
  readonly key: string;
  readonly rate: Rate | DailyBudget;
}

/** Who asks for a code: a newcomer by HTTP, or an account of the host. */
export type Asker = { readonly address: string; readonly network: string } | { readonly account: string };

/**
 * A test number costs nothing, but its code stays the same: guesses add up over all sign-ups.
 *
 * At five guesses each, a year of them goes through less than a sixth of the codes.
 */
export const TEST_NUMBER_RATE: Rate = { burst: 100, everySeconds: 1000 };

/** What beginning a sign-up counts against. @param keyed makes a key that tells nothing */
export function beginCharges(
  config: SignUpConfig,
  number: PhoneNumber,
  asker: Asker,
  keyed: (text: string) => string,
): Charge[] {
  const { limits } = config;
  if (Object.hasOwn(config.testNumbers, number))
    return [{ limit: "number", key: keyed(number), rate: TEST_NUMBER_RATE }];
  const own: Charge = { limit: "number", key: keyed(number), rate: limits.number };
  if ("account" in asker) return [{ limit: "account", key: keyed(asker.account), rate: limits.account }, own];
  return [
    { limit: "address", key: keyed(asker.address), rate: limits.address },
    { limit: "network", key: keyed(asker.network), rate: limits.network },
    own,
  ];
}

/** What sending a code counts against; given back when it could not be sent. */
export function sendCharges(
  config: SignUpConfig,
  number: PhoneNumber,
  country: string,
  keyed: (text: string) => string,
): Charge[] {
  if (Object.hasOwn(config.testNumbers, number)) return [];
  return [
    { limit: "prefix", key: keyed(number.slice(0, -4)), rate: config.limits.prefix },
    { limit: "country", key: country, rate: config.limits.country },
    { limit: "budget", key: "all", rate: { perDay: config.dailyBudget } },
  ];
}

/** How long after an attempt whose answer was lost a chosen address is taken for the one that it made. */
const CHOSEN_CLAIM_MS = 2 * 60_000;

/**
 * Whether an account that exists on the host is the one that this sign-up attempted to make.
 *
 * A random address can be nobody else's. A chosen one was free before the attempt; but if the attempt came to
 * nothing, somebody else may be given it by another door, so the claim to it is short.
 */
export function mayBeOurs(
  { attemptedAt, isChosen }: { readonly attemptedAt: EpochMs | null; readonly isChosen: 0 | 1 },
  now: EpochMs,
): boolean {
  return attemptedAt !== null && (isChosen === 0 || now - attemptedAt < CHOSEN_CLAIM_MS);
}

const LOCALPART = /^[a-z][a-z0-9._-]{2,31}$/;
/** RFC 2142 and what people would take for the service itself. */
const RESERVED_LOCALPARTS: ReadonlySet<string> = new Set(
  "abuse admin administrator hostmaster noc operator postmaster register registrar root security support webmaster xmpp".split(
    " ",
  ),
);

/** Whether people may choose this as the localpart of their account. */
export function isChoosableLocalpart(text: string): boolean {
  return LOCALPART.test(text) && !RESERVED_LOCALPARTS.has(text);
}

/** Letters and digits that are not taken for each other. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";

/** Draws a localpart that says nothing and that nobody has: 80 random bits. */
export function newLocalpart(draw: (below: number) => number = randomInt): string {
  return Array.from({ length: 16 }, () => ALPHABET[draw(ALPHABET.length)]).join("");
}
