import type { Clock } from "../../src/clock.js";
import type { RetryOptions } from "./options.js";
import { retryDelayMs } from "./retry.js";

/** A session that held this long was a good one: the next drop starts with the shortest wait again. */
const STEADY_AFTER_MS = 30_000;

/** What a pause is measured with. */
export interface PauseSettings {
  readonly clock: Clock;
  readonly random: () => number;
  readonly retry: RetryOptions;
}

/** The pause between two attempts to connect: random, and longer after each that came to nothing. */
export class ReconnectPause {
  readonly #settings: PauseSettings;
  #failures = 0;
  #end: () => void = () => {};

  constructor(settings: PauseSettings) {
    this.#settings = settings;
  }

  /** Forgets what failed before. */
  reset(): void {
    this.#failures = 0;
  }

  /** An attempt came to nothing. */
  failed(): void {
    this.#failures++;
  }

  /** A session is over. @param heldMs how long it held */
  served(heldMs: number): void {
    this.#failures = heldMs >= STEADY_AFTER_MS ? 0 : this.#failures + 1;
  }

  /** Waits, until `end` at the latest. */
  async wait(): Promise<void> {
    const { clock, random, retry } = this.#settings;
    const delayMs = retryDelayMs(Math.max(0, this.#failures - 1), retry, random());
    await new Promise<void>((resolve) => {
      const cancel = clock.after(delayMs, resolve);
      this.#end = () => {
        cancel();
        resolve();
      };
    });
    this.#end = () => {};
  }

  /** Ends the wait, if there is one. */
  end(): void {
    this.#end();
  }
}
