import type { Clock, EpochMs } from "../../src/clock.js";

/** A clock that stands still until it jumps; what falls due on the way is done once, at the end. */
export class JumpClock implements Clock {
  #nowMs: EpochMs = Date.UTC(2026, 0, 1);
  #timers = new Map<() => void, EpochMs>();

  now(): EpochMs {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, work: () => void): () => void {
    this.#timers.set(work, this.#nowMs + delayMs);
    return () => void this.#timers.delete(work);
  }

  /** Moves the time. A month takes no longer than a second. */
  jump(byMs: number): void {
    this.#nowMs += byMs;
    for (const [work, atMs] of this.#timers) {
      if (atMs > this.#nowMs) continue;
      this.#timers.delete(work);
      work();
    }
  }

  /** Forgets every timer: the process that set them is gone. */
  clear(): void {
    this.#timers.clear();
  }
}
