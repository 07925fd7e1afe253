import type { Clock } from "../src/clock.js";
import type { Log } from "./log.js";

const EVERY_MS = 60_000;
/** Reasons that are told apart at the same time; those beyond count as one. */
const MAX_REASONS = 50;

interface Repeated {
  /** How often it came since the last line. */
  times: number;
  readonly cancel: () => void;
}

/**
 * Warnings that others can cause as often as they like, so that they do not fill the disk.
 *
 * The first for a reason is written at once; those of the minute after it are one line with how many there were.
 */
export class SparseWarnings {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #message: string;
  readonly #reasons = new Map<string, Repeated>();

  /** @param message what the lines say, beside their reason */
  constructor(log: Log, clock: Clock, message: string) {
    this.#log = log;
    this.#clock = clock;
    this.#message = message;
  }

  /** Writes it, or counts it. */
  warn(reason: string): void {
    const known = this.#reasons.has(reason) || this.#reasons.size < MAX_REASONS ? reason : "other";
    const repeated = this.#reasons.get(known);
    if (repeated) {
      repeated.times += 1;
      return;
    }
    this.#log.warn({ reason: known }, this.#message);
    this.#wait(known);
  }

  /** Writes what was counted. */
  stop(): void {
    for (const [reason, { times, cancel }] of this.#reasons) {
      cancel();
      this.#tell(reason, times);
    }
    this.#reasons.clear();
  }

  #wait(reason: string): void {
    const cancel = this.#clock.after(EVERY_MS, () => {
      const { times = 0 } = this.#reasons.get(reason) ?? {};
      this.#reasons.delete(reason);
      this.#tell(reason, times);
      // It goes on: the next line comes in a minute
      if (times > 0) this.#wait(reason);
    });
    this.#reasons.set(reason, { times: 0, cancel });
  }

  #tell(reason: string, times: number): void {
    if (times > 0) this.#log.warn({ reason, times, seconds: EVERY_MS / 1000 }, this.#message);
  }
}
