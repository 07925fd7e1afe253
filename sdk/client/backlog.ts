import type { Clock } from "../../src/clock.js";
import type { Storage } from "../storage/port.js";
import { countInbox } from "./inbox-records.js";

/**
 * The longest that arriving entries are held back. The service sends them again after 5, 15 and 35 seconds meanwhile; it
 * is well before it would take the device for dead, and set entries aside. Source: docs/protocol.md §4.3
 */
const MAX_HOLD_MS = 60_000;

/**
 * How much lies in the inbox that the app has not acknowledged. While it is too much, what arrives is held back: the
 * service keeps what comes after its window, and tells senders when a mailbox is full.
 */
export class Backlog {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #count: () => number;
  #size: number | undefined;
  #waiting: (() => void)[] = [];
  #isClosed = false;

  /** @param limit of items in the inbox; Infinity for none */
  constructor(limit: number, storage: Storage, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
    this.#count = () => storage.read((view) => countInbox(view));
  }

  /** Whether there is too much. */
  get isFull(): boolean {
    return this.#limit !== Infinity && !this.#isClosed && this.#known() >= this.#limit;
  }

  /** Items were added to the inbox, durably. */
  added(items: number): void {
    if (this.#size !== undefined) this.#size += items;
  }

  /** Items were acknowledged, durably. */
  acknowledged(items: number): void {
    if (this.#size !== undefined) this.#size -= items;
    if (!this.isFull) this.#release();
  }

  /** Resolves when there is room, or it has been held back for long enough. */
  room(): Promise<void> {
    if (!this.isFull) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#waiting = this.#waiting.filter((other) => other !== end);
        resolve();
      };
      const cancel = this.#clock.after(MAX_HOLD_MS, end);
      this.#waiting.push(end);
    });
  }

  /** Ends every wait. */
  close(): void {
    this.#isClosed = true;
    this.#release();
  }

  #known(): number {
    this.#size ??= this.#count();
    return this.#size;
  }

  #release(): void {
    for (const end of this.#waiting) end();
  }
}
