import type { Database } from "better-sqlite3";
import { InvalidInput, StorageError } from "../../src/errors.js";
import { guard } from "./guard.js";
import { hasSecret, type StoreSecret } from "./key-envelope.js";
import type { Storage } from "./port.js";
import { EncryptedBackend } from "./sqlite-encrypted.js";
import { toStorageError } from "./sqlite-errors.js";
import { createPlain, openFile } from "./sqlite-file.js";
import { unlock } from "./sqlite-lock.js";
import { PlainBackend } from "./sqlite-plain.js";
import { restWhenIdle } from "./sqlite-rest.js";

/** What may be chosen about a store in a file. With a `key` or a `passphrase` it is encrypted. */
export interface SqliteStorageOptions extends StoreSecret {
  /** The file; it is made when it is missing, its folder is not. */
  readonly path: string;
  /** The largest that the file may get; then writing throws `disk-full`. Without a bound unless given. */
  readonly maxSizeBytes?: number;
}

/** A store in an SQLite file. */
export interface SqliteStorage extends Storage {
  /** Whether what is in the file can be read with the key or passphrase only. */
  readonly isEncrypted: boolean;
  /**
   * Locks the store with another key or passphrase; the one before does not open it any more.
   *
   * What is stored is not encrypted anew: who has an older copy of the file and what it was locked with can read on in
   * this one.
   *
   * @throws {StorageError} `not-encrypted`; @throws {InvalidInput}
   */
  rekey(secret: StoreSecret): void;
}

/**
 * Opens a store in an SQLite file that only its owner may read and only one process has open.
 *
 * A commit is on the disk when `transaction` returns: some milliseconds each, whatever it holds, so that what
 * belongs together or comes at once is best written in one transaction.
 *
 * With a key or a passphrase all that is in the file is encrypted, and one that was written without is encrypted where
 * it is, at once and for good. See docs/sdk-storage.md for what that hides and what not.
 *
 * @throws {StorageError} `in-use` (another process has it open), `encrypted` (and no key was given), `wrong-key`,
 *   `schema-newer`, `not-a-store`, `corrupt`, `not-durable`, `open-failed`; in each case nothing was changed
 * @throws {InvalidInput} for a key that has not 32 bytes or is undefined, an empty passphrase, or both at once
 * @example
 * const storage = openSqliteStorage({ path: "bot.db", key: Buffer.from(process.env.BOT_STORE_KEY ?? "", "base64") });
 */
export function openSqliteStorage(options: SqliteStorageOptions): SqliteStorage {
  const isEncrypted = hasSecret(options);
  const { database, version } = openFile(options.path);
  try {
    if (!isEncrypted) createPlain(database, version);
    const dataKey = isEncrypted ? unlock(database, version, options) : undefined;
    if (options.maxSizeBytes !== undefined) bound(database, options.maxSizeBytes);
    if (!dataKey) return withoutLock(restWhenIdle(guard(new PlainBackend(database)), database));
    return withLock(new EncryptedBackend(database, dataKey), database);
  } catch (error) {
    database.close();
    throw toStorageError(error);
  }
}

function withoutLock(storage: Storage): SqliteStorage {
  return {
    ...storage,
    isEncrypted: false,
    rekey() {
      throw new StorageError("not-encrypted", "the store is not encrypted: open it with a key first");
    },
  };
}

function withLock(backend: EncryptedBackend, database: Database): SqliteStorage {
  const storage = restWhenIdle(guard(backend), database);
  return {
    ...storage,
    isEncrypted: true,
    rekey(secret) {
      if (!hasSecret(secret)) throw new InvalidInput("a store is locked with a key or a passphrase");
      storage.transaction(() => backend.rekey(secret));
      // What the old secret opens must not stay in the write-ahead log
      storage.read(() => database.pragma("wal_checkpoint(TRUNCATE)"));
    },
  };
}

function bound(database: Database, maxSizeBytes: number): void {
  const pageSize = database.pragma("page_size", { simple: true }) as number;
  database.pragma(`max_page_count = ${Math.max(1, Math.floor(maxSizeBytes / pageSize))}`);
}
