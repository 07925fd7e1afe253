import type { Clock } from "../../src/clock.js";
import type { Transaction, View } from "../storage/port.js";
import { orderKey } from "./codec.js";

/** How long a record is kept at least: longer than a mailbox keeps an entry. */
export const KEPT_AT_LEAST_MS = 45 * 86_400_000;

/** Keys that one pruning removes, so that it does not hold up other work. */
const PRUNE_LIMIT = 500;

/**
 * Records that are forgotten when they are 45 to 90 days old.
 *
 * They lie in generations of 45 days, and a generation goes as a whole: no index by age, two look-ups a record.
 */
export class AgingMap {
  readonly #prefix: string;
  readonly #clock: Clock;

  /** @param prefix what the keys begin with, with a slash at the end */
  constructor(prefix: string, clock: Clock) {
    this.#prefix = prefix;
    this.#clock = clock;
  }

  /** The value of a key. */
  get(view: View, key: string): Uint8Array | undefined {
    const generation = this.#generation();
    return view.get(this.#key(generation, key)) ?? view.get(this.#key(generation - 1, key));
  }

  /** Stores a value where the key is, or as a new one. */
  set(transaction: Transaction, key: string, value: Uint8Array): void {
    const generation = this.#generation();
    const earlier = this.#key(generation - 1, key);
    transaction.set(transaction.get(earlier) ? earlier : this.#key(generation, key), value);
  }

  /** Removes some of what is too old. Answers whether there may be more. */
  prune(transaction: Transaction): boolean {
    const oldest = this.#key(this.#generation() - 1, "");
    const old = transaction
      .scan(this.#prefix, { limit: PRUNE_LIMIT })
      .filter(([key]) => key < oldest)
      .map(([key]) => key);
    for (const key of old) transaction.delete(key);
    return old.length === PRUNE_LIMIT;
  }

  #generation(): number {
    return Math.max(1, Math.floor(this.#clock.now() / KEPT_AT_LEAST_MS));
  }

  #key(generation: number, key: string): string {
    return `${this.#prefix}${orderKey(generation)}/${key}`;
  }
}
