import type { Clock, EpochMs } from "../../src/clock.js";

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs: EpochMs;
  readonly #timers = new Set<{ atMs: number; work: () => void }>();

  /** @param nowMs the time of day at which it stands; the first day of 2026 unless given */
  constructor(nowMs: EpochMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = nowMs;
  }

  /** The time of day. */
  now(): EpochMs {
    return this.#nowMs;
  }

  /** The same as `now`. */
  monotonicMs(): number {
    return this.#nowMs;
  }

  /** Calls `work` when the clock is moved so far; the answer cancels it. */
  after(delayMs: number, work: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, work };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** How long until the next timer; missing while none waits. */
  get nextInMs(): number | undefined {
    const times = [...this.#timers].map(({ atMs }) => atMs);
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - this.#nowMs);
  }

  /** Moves the time forward and does what falls due on the way, in order. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const due = [...this.#timers]
        .filter((timer) => timer.atMs <= untilMs)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.work();
    }
    this.#nowMs = untilMs;
  }
}
