import type { EpochMs } from "../../src/clock.js";

/** One more every so many seconds, and at most `burst` saved up. */
export interface Rate {
  readonly burst: number;
  readonly everySeconds: number;
}

/** How many at most in a day of UTC. */
export interface DailyBudget {
  readonly perDay: number;
}

/** What is left of a limit, and as of when. */
export interface Bucket {
  readonly tokens: number;
  readonly at: EpochMs;
}

/** What came of asking a limit for one. */
export type Taken =
  { readonly isTaken: true; readonly bucket: Bucket } | { readonly isTaken: false; readonly waitMs: number };

const DAY_MS = 86_400_000;

/** Takes one, or so many at once, from a limit; one never used before (`undefined`) is full. */
export function take(bucket: Bucket | undefined, limit: Rate | DailyBudget, now: EpochMs, count = 1): Taken {
  const tokens = tokensAt(bucket, limit, now);
  if (tokens >= count) return { isTaken: true, bucket: { tokens: tokens - count, at: now } };
  if ("perDay" in limit) return { isTaken: false, waitMs: DAY_MS - (now % DAY_MS) };
  return { isTaken: false, waitMs: Math.ceil((count - tokens) * limit.everySeconds * 1000) };
}

/** Gives one back that was taken for nothing. */
export function giveBack(bucket: Bucket | undefined, limit: Rate | DailyBudget, now: EpochMs): Bucket {
  return { tokens: Math.min(capacity(limit), tokensAt(bucket, limit, now) + 1), at: now };
}

/** When the bucket is as good as one never used, so that it can be forgotten. */
export function fullAt(bucket: Bucket, limit: Rate | DailyBudget): EpochMs {
  if ("perDay" in limit) return bucket.at - (bucket.at % DAY_MS) + DAY_MS;
  return bucket.at + Math.ceil((limit.burst - bucket.tokens) * limit.everySeconds * 1000);
}

function tokensAt(bucket: Bucket | undefined, limit: Rate | DailyBudget, now: EpochMs): number {
  if (!bucket) return capacity(limit);
  if ("perDay" in limit) {
    // A clock that steps back opens no new day
    const isNewDay = Math.floor(now / DAY_MS) > Math.floor(bucket.at / DAY_MS);
    return isNewDay ? limit.perDay : Math.min(limit.perDay, bucket.tokens);
  }
  const regained = Math.max(0, now - bucket.at) / (limit.everySeconds * 1000);
  return Math.min(limit.burst, bucket.tokens + regained);
}

function capacity(limit: Rate | DailyBudget): number {
  return "perDay" in limit ? limit.perDay : limit.burst;
}
