import type { Clock, EpochMs } from "./clock.js";

/** How fast the time of day is corrected: a hundredth of the time that passes. */
const CORRECTION = 0.01;
/** Smaller differences are what a time service corrects every day. */
const STEP_MS = 2_000;

/**
 * A time of day that does not step: the machine's at the start, plus what has passed since.
 *
 * When the machine's clock is set while the process runs, this one moves towards it by a hundredth of the time that
 * passes. So what lasts ten minutes lasts ten minutes, give or take six seconds: no code lives for a day more and no
 * message expires a month early. A new process takes over the machine's time at once.
 */
export class SteadyClock implements Clock {
  readonly #clock: Clock;
  readonly #onStep: (stepMs: number) => void;
  #atMs: EpochMs;
  #seenMs: number;
  #behindMs = 0;

  /** @param clock the machine's @param onStep hears of each step of the machine's clock: milliseconds, negative is back */
  constructor(clock: Clock, onStep: (stepMs: number) => void = () => undefined) {
    this.#clock = clock;
    this.#onStep = onStep;
    this.#atMs = clock.now();
    this.#seenMs = clock.monotonicMs();
  }

  /** The time of day; it never steps back. */
  now(): EpochMs {
    const seenMs = this.#clock.monotonicMs();
    const passedMs = seenMs - this.#seenMs;
    const behindMs = this.#clock.now() - this.#atMs - passedMs;
    const correctionMs = Math.max(-passedMs * CORRECTION, Math.min(passedMs * CORRECTION, behindMs));
    const stepMs = behindMs - this.#behindMs;
    this.#seenMs = seenMs;
    this.#atMs += passedMs + correctionMs;
    this.#behindMs = behindMs - correctionMs;
    if (Math.abs(stepMs) >= STEP_MS) this.#onStep(stepMs);
    return Math.floor(this.#atMs);
  }

  /** Milliseconds since an arbitrary point; it never steps back. */
  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  /** Calls `work` once after `delayMs`; the answer cancels it. */
  after(delayMs: number, work: () => void): () => void {
    return this.#clock.after(delayMs, work);
  }
}
