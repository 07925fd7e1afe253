import type { AppSession } from "./session.js";

/** Entries (sequence numbers) of one mailbox that have ended. */
export type Ended = (device: number, seqs: readonly number[]) => void;

/** Gathers what ends in one turn of the event loop: receipts come in bursts. */
export class Endings {
  readonly #write: Ended;
  readonly #waiting = new Map<number, Set<number>>();

  /** @param write is told once a mailbox and turn */
  constructor(write: Ended) {
    this.#write = write;
  }

  /** Entries of a session have ended. */
  add({ device }: AppSession, seqs: readonly number[]): void {
    if (this.#waiting.size === 0) setImmediate(() => this.#flush());
    const ended = this.#waiting.get(device) ?? new Set();
    for (const seq of seqs) ended.add(seq);
    this.#waiting.set(device, ended);
  }

  #flush(): void {
    for (const [device, seqs] of this.#waiting) this.#write(device, [...seqs]);
    this.#waiting.clear();
  }
}
