import type { Element } from "../../src/xml.js";

/** What a gate opens and shuts. */
export interface GateTarget {
  /** Stop reading. */
  pause(): void;
  /** Read again. */
  resume(): void;
  /** A handler threw or its promise was rejected. */
  failed(error: unknown): void;
}

/** Shuts off reading when the owner says so, or while too many handlers have not finished. */
export class ReadingGate {
  readonly #maxInFlight: number;
  readonly #target: GateTarget;
  #inFlight = 0;
  #isHeld = false;
  #isFull = false;

  /** @param maxInFlight unfinished handlers above which reading stops, until half of them have finished */
  constructor(maxInFlight: number, target: GateTarget) {
    this.#maxInFlight = maxInFlight;
    this.#target = target;
  }

  /** Whether nothing is read now. */
  get isClosed(): boolean {
    return this.#isHeld || this.#isFull;
  }

  /** Holds the gate shut. */
  pause(): void {
    this.#isHeld = true;
    this.#target.pause();
  }

  /** Lets go of the gate; it stays shut while too many handlers run. */
  resume(): void {
    this.#isHeld = false;
    if (!this.isClosed) this.#target.resume();
  }

  /** Hands a stanza over; what the handler throws does not reach the reader. */
  run(handle: (stanza: Element) => void | Promise<void>, stanza: Element): void {
    try {
      const work = handle(stanza);
      if (work instanceof Promise) void this.#track(work);
    } catch (error) {
      this.#target.failed(error);
    }
  }

  async #track(work: Promise<void>): Promise<void> {
    this.#inFlight += 1;
    if (this.#inFlight > this.#maxInFlight && !this.#isFull) {
      this.#isFull = true;
      this.#target.pause();
    }
    try {
      await work;
    } catch (error) {
      this.#target.failed(error);
    } finally {
      this.#onDone();
    }
  }

  #onDone(): void {
    this.#inFlight -= 1;
    if (!this.#isFull || this.#inFlight * 2 > this.#maxInFlight) return;
    this.#isFull = false;
    if (!this.isClosed) this.#target.resume();
  }
}
