import type { Storage, View } from "../storage/port.js";
import type { OmemoEvent } from "./port.js";

interface Item {
  readonly event: OmemoEvent;
  readonly isTrue: (view: View) => boolean;
}

/**
 * Tells events after the transaction in which they arose, and only what is then true: what a transaction that
 * was rolled back would have told is never told.
 */
export class News {
  readonly #storage: Storage;
  readonly #listener: (event: OmemoEvent) => void;
  #waiting: Item[] = [];
  #isClosed = false;

  /** @param listener told one event at a time */
  constructor(storage: Storage, listener: (event: OmemoEvent) => void) {
    this.#storage = storage;
    this.#listener = listener;
  }

  /** Tells an event soon, if the store then says that it is true. */
  tell(event: OmemoEvent, isTrue: (view: View) => boolean = () => true): void {
    if (this.#waiting.push({ event, isTrue }) === 1) queueMicrotask(() => this.#flush());
  }

  /** Does something soon, when no transaction runs; a failure is told. */
  later(work: () => void): void {
    queueMicrotask(() => {
      if (!this.#isClosed) this.attempt(work);
    });
  }

  /** Does something that nobody waits for; a failure is told and goes no further, as it would end the process. */
  attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#listener({ kind: "storage-failed", error: error as Error });
    }
  }

  /** Tells nothing from now on. */
  close(): void {
    this.#isClosed = true;
  }

  #flush(): void {
    const items = this.#waiting;
    this.#waiting = [];
    if (this.#isClosed) return;
    this.attempt(() => {
      const events = this.#storage.read((view) => items.filter(({ isTrue }) => isTrue(view)));
      for (const { event } of events) this.#listener(event);
    });
  }
}
