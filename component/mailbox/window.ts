/** Entries and bytes that may be on the way to one device. */
export interface WindowLimits {
  readonly entries: number;
  readonly bytes: number;
}

/**
 * What is on the way to one device: sent, not yet acknowledged.
 *
 * Pure bookkeeping; it holds sequence numbers and sizes, never entries, so a slow reader costs no memory.
 */
export class DeliveryWindow {
  readonly #limits: WindowLimits;
  #sent: number;
  #highest: number;
  #onTheWay: { readonly seq: number; readonly sizeBytes: number }[] = [];
  #bytes = 0;
  #cautiousLeft: number;

  /**
   * @param acknowledged everything up to here has ended
   * @param cautiousFor entries to send one at a time before the window opens
   */
  constructor(limits: WindowLimits, acknowledged: number, cautiousFor = 0) {
    this.#limits = limits;
    this.#sent = acknowledged;
    this.#highest = acknowledged;
    this.#cautiousLeft = cautiousFor;
  }

  /** The last sequence number that is on the way or has ended. */
  get sent(): number {
    return this.#sent;
  }

  /** The first entry that is on the way. */
  get first(): number | undefined {
    return this.#onTheWay[0]?.seq;
  }

  /** Whether anything is unacknowledged. */
  get isWaiting(): boolean {
    return this.#onTheWay.length > 0;
  }

  /** How many more entries may go now. */
  get room(): number {
    const limit = this.#cautiousLeft > 0 ? 1 : this.#limits.entries;
    return this.#bytes >= this.#limits.bytes ? 0 : Math.max(0, limit - this.#onTheWay.length);
  }

  /** Bytes that may go now. */
  get roomBytes(): number {
    return Math.max(0, this.#limits.bytes - this.#bytes);
  }

  /** Whether an entry may go now as the next one. */
  takes(seq: number): boolean {
    return seq === this.#sent + 1 && this.room > 0;
  }

  /** Notes that an entry goes. Answers whether it has gone before. */
  send(seq: number, sizeBytes: number): boolean {
    const isAgain = seq <= this.#highest;
    this.#sent = seq;
    this.#highest = Math.max(this.#highest, seq);
    this.#onTheWay.push({ seq, sizeBytes });
    this.#bytes += sizeBytes;
    return isAgain;
  }

  /** Notes that everything up to `seq` is durable on the device. Answers whether that was news. */
  acknowledge(seq: number): boolean {
    const ended = this.#onTheWay.findIndex((entry) => entry.seq > seq);
    const done = this.#onTheWay.splice(0, ended < 0 ? this.#onTheWay.length : ended);
    for (const { sizeBytes } of done) this.#bytes -= sizeBytes;
    this.#cautiousLeft = Math.max(0, this.#cautiousLeft - done.length);
    return done.length > 0;
  }

  /** Takes everything unacknowledged for lost: it goes again. */
  rewind(): void {
    const first = this.#onTheWay[0];
    if (!first) return;
    this.#sent = first.seq - 1;
    this.#onTheWay = [];
    this.#bytes = 0;
  }
}
