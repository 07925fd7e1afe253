import type { Storage, Transaction } from "../storage/port.js";

interface Piece {
  readonly work: (transaction: Transaction) => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Puts what comes at once into one transaction: a commit costs milliseconds whatever it holds.
 *
 * Pieces run in the order in which they came. A piece changes nothing but the store: it runs a second time, alone,
 * when the transaction that it shared failed.
 */
export class GroupCommit {
  readonly #storage: Storage;
  #waiting: Piece[] = [];

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Runs `work` in the next transaction; resolves when its changes are durable. @throws what `work` throws, {@link StorageError} */
  run<Result>(work: (transaction: Transaction) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      // A whole turn of the event loop, in which everything that has arrived is read
      if (this.#waiting.push({ work, resolve, reject }) === 1) setImmediate(() => this.flush());
    });
  }

  /** Commits now what waits. */
  flush(): void {
    const pieces = this.#waiting;
    this.#waiting = [];
    if (pieces.length === 0) return;
    try {
      const results = this.#storage.transaction((transaction) =>
        pieces.map(({ work }) => work(transaction) as never),
      );
      for (const [index, { resolve }] of pieces.entries()) resolve(results[index] as never);
    } catch (error) {
      if (pieces.length === 1) pieces[0]?.reject(error);
      else for (const piece of pieces) this.#runAlone(piece);
    }
  }

  #runAlone({ work, resolve, reject }: Piece): void {
    try {
      resolve(this.#storage.transaction((transaction) => work(transaction) as never));
    } catch (error) {
      reject(error);
    }
  }
}
