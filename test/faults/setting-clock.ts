import { systemClock, type Clock, type EpochMs } from "../../src/clock.js";

/** Work that is planned so far ahead is a job's, which {@link SettingClock.runJobs} brings forward. */
const JOB_MS = 3_600_000;

/** The clock of a real machine that a test sets, and lets time pass on. */
export class SettingClock implements Clock {
  #setByMs = 0;
  #passedMs = 0;
  readonly #jobs = new Set<() => void>();

  /** Sets the time of day forwards or (negative) back; no time passes. */
  step(byMs: number): void {
    this.#setByMs += byMs;
  }

  /** Lets time pass: the time of day and the monotonic one go on together. Timers are left alone. */
  pass(ms: number): void {
    this.#passedMs += ms;
  }

  /** Runs the jobs that wait for their next time. */
  runJobs(): void {
    const jobs = [...this.#jobs];
    this.#jobs.clear();
    for (const job of jobs) job();
  }

  now(): EpochMs {
    return systemClock.now() + this.#setByMs + this.#passedMs;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.#passedMs;
  }

  after(delayMs: number, work: () => void): () => void {
    if (delayMs < JOB_MS) return systemClock.after(delayMs, work);
    this.#jobs.add(work);
    return () => this.#jobs.delete(work);
  }
}
