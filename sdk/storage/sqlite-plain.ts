import type { Database, Statement } from "better-sqlite3";
import { type Backend, MAX_KEY_LENGTH } from "./guard.js";
import { SqliteTransactions } from "./sqlite-transactions.js";

type Row = [key: Buffer, value: Buffer];

/**
 * Records in clear. Keys are stored as UTF-16BE: SQLite compares blobs byte by byte, and so by code unit, where UTF-8 would sort
 * by code point and lose unpaired surrogates.
 */
export class PlainBackend implements Backend {
  readonly #database: Database;
  readonly #transactions: SqliteTransactions;
  readonly #get: Statement<[Buffer], Buffer>;
  readonly #scan: Statement<[Buffer, Buffer, number], Row>;
  readonly #set: Statement<[Buffer, Uint8Array]>;
  readonly #delete: Statement<[Buffer]>;

  constructor(database: Database) {
    this.#database = database;
    this.#transactions = new SqliteTransactions(database);
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
    this.#transactions.begin();
  }

  commit(): void {
    this.#transactions.commit();
  }

  rollback(): void {
    this.#transactions.rollback();
  }

  close(): void {
    this.#transactions.run(() => this.#database.close());
  }

  get(key: string): Uint8Array | undefined {
    return this.#transactions.run(() => this.#get.get(encodeKey(key)));
  }

  scan(prefix: string, after: string | undefined, limit = -1): [string, Uint8Array][] {
    const first = encodeKey(prefix);
    const from = after !== undefined && after >= prefix ? successorOf(encodeKey(after)) : first;
    const rows = this.#transactions.run(() => this.#scan.all(from, endOf(first), limit));
    return rows.map(([key, value]) => [decodeKey(key), value]);
  }

  set(key: string, value: Uint8Array): void {
    this.#transactions.run(() => this.#set.run(encodeKey(key), value));
  }

  delete(key: string): void {
    this.#transactions.run(() => this.#delete.run(encodeKey(key)));
  }
}

function encodeKey(key: string): Buffer {
  return Buffer.from(key, "utf16le").swap16();
}

/** Reads a key as {@link PlainBackend} stores it; the bytes are swapped. */
export function decodeKey(key: Buffer): string {
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
