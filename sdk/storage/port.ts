/**
 * Where a device keeps what it must not lose: keys, sessions, the outbox, the inbox.
 *
 * The port is a sorted map from text keys to bytes, changed only inside transactions. Transactions are
 * synchronous, so nothing can come between reading a ratchet state and writing the next one. A store that the
 * host supplies has to pass `test/contract/storage.ts`.
 *
 * What a store must not do: return from `transaction` before the changes would survive a power loss, keep part
 * of a transaction that threw, or let a key leave by any other way than `get` and `scan`.
 */
export interface Storage {
  /**
   * Runs `work` with a view of the whole store and makes its changes durable together.
   *
   * When `work` throws, nothing has changed and the error goes on to the caller. Transactions do not nest, and
   * `work` is not asynchronous.
   *
   * @throws {StorageError} when the changes cannot be made durable; nothing has changed then
   */
  transaction<Result>(work: (transaction: Transaction) => Result): Result;

  /** Reads outside of a transaction. @throws {StorageError} */
  read<Result>(work: (view: View) => Result): Result;

  /** Releases files and locks; the store is not used again. Closing twice is no error. */
  close(): void;
}

/** What can be read of a store, as long as the `transaction` or `read` runs that handed it out. */
export interface View {
  /** The value of a key; the caller owns the bytes. */
  get(key: string): Uint8Array | undefined;
  /** The pairs whose key starts with `prefix`, in key order (by code unit), from after the key `after`, at most `limit`. */
  scan(
    prefix: string,
    options?: { after?: string; limit?: number },
  ): readonly (readonly [key: string, value: Uint8Array])[];
}

/** What can be read and changed of a store; what was changed is seen by what is read after it. */
export interface Transaction extends View {
  /** Stores a copy of the bytes. @throws {StorageError} when the key has more than 4096 characters */
  set(key: string, value: Uint8Array): void;
  /** Removes a key; one that is not there is no error. */
  delete(key: string): void;
}
