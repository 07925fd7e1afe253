import { closeSync, openSync } from "node:fs";
import SQLite, { type Database } from "better-sqlite3";
import { StorageError } from "../../src/errors.js";

/** `PRAGMA synchronous` as SQLite numbers it: every commit is on the disk when it returns. */
const SYNCHRONOUS_FULL = 2;

/**
 * Opens the database file durably: WAL with every commit synced.
 *
 * Asked for by name because better-sqlite3 falls to NORMAL in WAL mode, which loses commits with the power.
 *
 * @throws {StorageError} `not-durable`, `open-failed`
 */
export function openDatabase(path: string): Database {
  const database = openFile(path);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.pragma("foreign_keys = ON");
  // What is deleted is overwritten: a privacy promise, not a speed one
  database.pragma("secure_delete = ON");
  database.pragma("cache_size = -32768");
  database.pragma("temp_store = MEMORY");
  // The store thread copies the log between turns; this is for the turns that are too large for that
  database.pragma("wal_autocheckpoint = 4000");
  assertDurable(database);
  return database;
}

/** @throws {StorageError} `not-durable` unless commits are synced. */
export function assertDurable(database: Database): void {
  const mode: unknown = database.pragma("journal_mode", { simple: true });
  const synchronous: unknown = database.pragma("synchronous", { simple: true });
  if (synchronous !== SYNCHRONOUS_FULL || (mode !== "wal" && mode !== "memory")) {
    throw new StorageError(
      "not-durable",
      `SQLite runs with journal ${String(mode)}, synchronous ${String(synchronous)}`,
    );
  }
}

function openFile(path: string): Database {
  try {
    // Nobody else on the machine may read it; the write-ahead log gets the same mode
    closeSync(openSync(path, "a", 0o600));
    return new SQLite(path);
  } catch (error) {
    throw new StorageError(
      "open-failed",
      `the database ${path} cannot be opened: ${(error as Error).message}`,
      error,
    );
  }
}
