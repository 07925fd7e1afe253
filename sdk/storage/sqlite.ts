import type { Database, Statement } from "better-sqlite3";
import { type Backend, guard, MAX_KEY_LENGTH } from "./guard.js";
import type { Storage } from "./port.js";
import { openFile } from "./sqlite-file.js";
import { toStorageError } from "./sqlite-errors.js";

/** What may be chosen about a store in a file. */
export interface SqliteStorageOptions {
  /** The file; it is made when it is missing, its folder is not. */
  readonly path: string;
  /** The largest that the file may get; then writing throws `disk-full`. Without a bound unless given. */
  readonly maxSizeBytes?: number;
}

/**
 * Opens a store in an SQLite file that only its owner may read and only one process has open.
 *
 * A commit is on the disk when `transaction` returns: some milliseconds each, whatever it holds, so that what
 * belongs together or comes at once is best written in one transaction.
 *
 * @throws {StorageError} `in-use` (another process has it open), `schema-newer`, `not-a-store`, `corrupt`,
 *   `not-durable`, `open-failed`
 */
export function openSqliteStorage(options: SqliteStorageOptions): Storage {
  const database = openFile(options.path);
  try {
    if (options.maxSizeBytes !== undefined) bound(database, options.maxSizeBytes);
    return guard(new SqliteBackend(database));
  } catch (error) {
    database.close();
    throw toStorageError(error);
  }
}

function bound(database: Database, maxSizeBytes: number): void {
  const pageSize = database.pragma("page_size", { simple: true }) as number;
  database.pragma(`max_page_count = ${Math.max(1, Math.floor(maxSizeBytes / pageSize))}`);
}

type Row = [key: Buffer, value: Buffer];

/**
 * Keys are stored as UTF-16BE: SQLite compares blobs byte by byte, and so by code unit, where UTF-8 would sort
 * by code point and lose unpaired surrogates.
 */
class SqliteBackend implements Backend {
  readonly #database: Database;
  readonly #begin: Statement<[]>;
  readonly #commit: Statement<[]>;
  readonly #rollback: Statement<[]>;
  readonly #get: Statement<[Buffer], Buffer>;
  readonly #scan: Statement<[Buffer, Buffer, number], Row>;
  readonly #set: Statement<[Buffer, Uint8Array]>;
  readonly #delete: Statement<[Buffer]>;

  constructor(database: Database) {
    this.#database = database;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#rollback = database.prepare("ROLLBACK");
    this.#get = database.prepare<[Buffer], Buffer>("SELECT value FROM entries WHERE key = ?").pluck();
    this.#scan = database
      .prepare<[Buffer, Buffer, number], Row>(
        "SELECT key, value FROM entries WHERE key >= ? AND key < ? ORDER BY key LIMIT ?",
      )
      .raw();
    this.#set = database.prepare(
      "INSERT INTO entries (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    );
    this.#delete = database.prepare("DELETE FROM entries WHERE key = ?");
  }

  begin(): void {
    run(() => this.#begin.run());
  }

  commit(): void {
    try {
      this.#commit.run();
    } catch (error) {
      this.rollback();
      throw toStorageError(error);
    }
  }

  rollback(): void {
    // A full disk makes SQLite roll back by itself
    if (this.#database.inTransaction) run(() => this.#rollback.run());
  }

  close(): void {
    run(() => this.#database.close());
  }

  get(key: string): Uint8Array | undefined {
    return run(() => this.#get.get(encodeKey(key)));
  }

  scan(prefix: string, after: string | undefined, limit = -1): [string, Uint8Array][] {
    const first = encodeKey(prefix);
    const from = after !== undefined && after >= prefix ? successorOf(encodeKey(after)) : first;
    const rows = run(() => this.#scan.all(from, endOf(first), limit));
    return rows.map(([key, value]) => [decodeKey(key), value]);
  }

  set(key: string, value: Uint8Array): void {
    run(() => this.#set.run(encodeKey(key), value));
  }

  delete(key: string): void {
    run(() => this.#delete.run(encodeKey(key)));
  }
}

function run<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw toStorageError(error);
  }
}

function encodeKey(key: string): Buffer {
  return Buffer.from(key, "utf16le").swap16();
}

function decodeKey(key: Buffer): string {
  return key.swap16().toString("utf16le");
}

/** The first blob after this one. */
function successorOf(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.alloc(1)]);
}

/** The first blob that is after every key with this prefix. */
function endOf(prefix: Buffer): Buffer {
  for (let last = prefix.length - 1; last >= 0; last -= 1) {
    const byte = prefix[last] as number;
    if (byte === 0xff) continue;
    const end = Buffer.from(prefix.subarray(0, last + 1));
    end[last] = byte + 1;
    return end;
  }
  return GREATEST;
}

/** After every key there can be. */
const GREATEST = Buffer.alloc(2 * MAX_KEY_LENGTH + 1, 0xff);
