import { LinkError } from "../../src/errors.js";

/** How much may wait, and where it goes. */
export interface OutboxSettings {
  readonly highWaterBytes: number;
  readonly maxBufferedBytes: number;
}

/** Where an outbox writes. */
export interface OutboxTarget {
  /** Writes; `written` is called when the system has taken the text. */
  write(text: string, written: () => void): void;
  /** What was written and not yet taken. */
  unwrittenBytes(): number;
}

/** A batch this long does not wait for the end of the tick, so that the server begins to read. */
const FLUSH_LENGTH = 65_536;

/**
 * Gathers what is sent within one tick into one write, and bounds what waits.
 *
 * What waits in the batch counts by UTF-16 code unit, what waits in the socket by byte.
 */
export class Outbox {
  readonly #settings: OutboxSettings;
  readonly #target: OutboxTarget;
  #batch = "";
  #isScheduled = false;
  #isClosed = false;
  #waiting: { resolve: () => void; reject: (error: LinkError) => void }[] = [];

  /** @param settings the marks @param target where the text goes */
  constructor(settings: OutboxSettings, target: OutboxTarget) {
    this.#settings = settings;
    this.#target = target;
  }

  /** Adds text; answers false above the high-water mark. @throws {LinkError} `buffer-full` when nothing more fits. */
  add(text: string): boolean {
    const waiting = this.#waitingBytes() + text.length;
    if (waiting > this.#settings.maxBufferedBytes) {
      throw new LinkError("buffer-full", "the server does not read, and no more output is held for it");
    }
    this.#batch += text;
    if (this.#batch.length >= FLUSH_LENGTH) this.flush();
    else if (!this.#isScheduled) this.#schedule();
    return waiting <= this.#settings.highWaterBytes;
  }

  /** Writes what has gathered. */
  flush(): void {
    const batch = this.#batch;
    if (batch === "" || this.#isClosed) return;
    this.#batch = "";
    this.#target.write(batch, () => this.#onWritten());
  }

  /** Settles once the output is below half of the high-water mark. @throws {LinkError} when the link is lost first. */
  async drained(): Promise<void> {
    if (this.#isLow()) return;
    await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Forgets what has not been written, because the stream is gone. */
  close(error: LinkError): void {
    this.#isClosed = true;
    this.#batch = "";
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #schedule(): void {
    this.#isScheduled = true;
    // after the poll phase: what one read of the socket brought is answered with one write
    setImmediate(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  #onWritten(): void {
    if (this.#waiting.length === 0 || !this.#isLow()) return;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #isLow(): boolean {
    return this.#waitingBytes() * 2 <= this.#settings.highWaterBytes;
  }

  #waitingBytes(): number {
    return this.#batch.length + this.#target.unwrittenBytes();
  }
}
