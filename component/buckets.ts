import type { Clock } from "../src/clock.js";

/** Accounts whose bucket is remembered; one that is forgotten is full again. */
const MAX_REMEMBERED = 20_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Limits how often each account may do something: so many at once, and so many a day after that. */
export class Buckets {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #perMs: number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param capacity at once @param perDay how many come back in a day */
  constructor(clock: Clock, capacity: number, perDay: number) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#perMs = perDay / 86_400_000;
  }

  /** Takes one; answers whether there was one. */
  take(account: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#buckets.get(account);
    const refill = known ? (nowMs - known.atMs) * this.#perMs : 0;
    const tokens = known ? Math.min(this.#capacity, known.tokens + refill) : this.#capacity;
    const isTaken = tokens >= 1;
    this.#buckets.delete(account);
    this.#buckets.set(account, { tokens: isTaken ? tokens - 1 : tokens, atMs: nowMs });
    const oldest = this.#buckets.keys().next().value;
    if (this.#buckets.size > MAX_REMEMBERED && oldest !== undefined) this.#buckets.delete(oldest);
    return isTaken;
  }
}
