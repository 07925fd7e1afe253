import { InvalidInput } from "./errors.js";

/** A point in time: milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

/** Where the time comes from. Production passes {@link systemClock}, tests one that they move by hand. */
export interface Clock {
  /** The time of day; it may step backwards. */
  now(): EpochMs;
  /** Milliseconds since an arbitrary point; it never steps back. */
  monotonicMs(): number;
  /** Calls `work` once after `delayMs`; the answer cancels it. */
  after(delayMs: number, work: () => void): () => void;
}

/** The clock of the machine; its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, work) {
    const timer = setTimeout(work, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Writes a time as `2026-01-31T09:30:00.000Z`. Source: XEP-0082 §3.2. */
export function formatStamp(at: EpochMs): string {
  // What is accepted together has one time
  if (at !== lastStamp.at) lastStamp = { at, text: new Date(at).toISOString() };
  return lastStamp.text;
}

let lastStamp = { at: 0, text: "1970-01-01T00:00:00.000Z" };

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** Years have four digits, also after the offset is taken off: what is read can be written. */
const FIRST_STAMP = Date.parse("0000-01-01T00:00:00.000Z");
const LAST_STAMP = Date.parse("9999-12-31T23:59:59.999Z");

/** Reads an XEP-0082 DateTime. @throws {InvalidInput} when it is none. Source: XEP-0082 §3.2. */
export function parseStamp(text: string | undefined): EpochMs {
  const at = text !== undefined && STAMP.test(text) ? Date.parse(text) : Number.NaN;
  if (!(at >= FIRST_STAMP && at <= LAST_STAMP)) throw new InvalidInput("not a date and time of XEP-0082");
  return at;
}
