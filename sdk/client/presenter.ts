import type { Storage } from "../storage/port.js";
import { readInbox, type InboxRecord } from "./inbox-records.js";

const PAGE = 50;

/**
 * Shows what lies in the inbox, in order: to each reader by itself, from the first that is not acknowledged.
 *
 * Nothing is kept in memory: a slow reader costs none. Nothing is shown before `begin`: a store that turns out to be a
 * copy would show again what was shown elsewhere.
 */
export class Presenter {
  readonly #storage: Storage;
  readonly #waiting = new Set<() => void>();
  #hasBegun = false;
  #isClosed = false;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** The mailbox was opened: the store is the one that the service knows. */
  begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.added();
  }

  /** Something was added. */
  added(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Ends every reader. */
  close(): void {
    this.#isClosed = true;
    this.added();
  }

  /** What lies in the inbox and what comes, until `close`. */
  async *read(): AsyncGenerator<InboxRecord, void, undefined> {
    let after = 0;
    for (;;) {
      const page =
        this.#isClosed || !this.#hasBegun ? [] : this.#storage.read((view) => readInbox(view, after, PAGE));
      for (const record of page) {
        if (this.#isClosed) return;
        after = record.order;
        yield record;
      }
      if (this.#isClosed) return;
      if (page.length === 0) await this.#change();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
    });
  }
}
