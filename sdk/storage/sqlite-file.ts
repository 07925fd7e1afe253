import SQLite, { type Database } from "better-sqlite3";
import { chmodSync, closeSync, openSync } from "node:fs";
import { StorageError } from "../../src/errors.js";
import { toStorageError } from "./sqlite-errors.js";

/** In the header of the file, so that no other SQLite file is taken for a store: "twTk". */
const APPLICATION_ID = 0x7477546b;

/** The schema of a file: 0 is an empty one. Raised with every change. */
export const VERSION = { empty: 0, plain: 1, encrypted: 2 };

/** `PRAGMA synchronous` as SQLite numbers it: every commit is on the disk when it returns. */
const SYNCHRONOUS_FULL = 2;

/** Reading and writing for the owner of the file, and nobody else. */
const OWNER_ONLY = 0o600;

/** An open file, and the version of its schema. */
export interface OpenedFile {
  readonly database: Database;
  readonly version: number;
}

/**
 * Opens the file of a store: private, locked for this process, durable.
 *
 * @throws {StorageError} as `openSqliteStorage` says
 */
export function openFile(path: string): OpenedFile {
  makePrivate(path);
  const database = connect(path);
  try {
    // The lock is the kernel's, so that a process that is killed leaves none behind; and without the shared
    // memory of several processes there is no -shm file
    database.pragma("locking_mode = EXCLUSIVE");
    const version = refuseForeign(database);
    database.pragma("journal_mode = WAL");
    // By name, because better-sqlite3 falls to NORMAL in WAL mode, which loses commits with the power
    database.pragma("synchronous = FULL");
    // Used keys are overwritten, not only forgotten
    database.pragma("secure_delete = ON");
    assertDurable(database);
    return { database, version };
  } catch (error) {
    database.close();
    throw toStorageError(error);
  }
}

/** Creates the file so that there is no moment in which others could open it. SQLite gives -wal the same mode. */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, "wx", OWNER_ONLY));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw openFailed(error);
    // By path: opening and closing a file gives up every lock that this process has on it
    tighten(path);
  }
}

function tighten(path: string): void {
  try {
    chmodSync(path, OWNER_ONLY);
  } catch (error) {
    throw openFailed(error);
  }
}

function connect(path: string): Database {
  try {
    return new SQLite(path, { fileMustExist: true, timeout: 0 });
  } catch (error) {
    throw openFailed(error);
  }
}

function openFailed(error: unknown): StorageError {
  return new StorageError("open-failed", "the file of the store cannot be opened", error);
}

function refuseForeign(database: Database): number {
  const application = database.pragma("application_id", { simple: true });
  const version = database.pragma("user_version", { simple: true }) as number;
  const tables = database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
  if (application !== APPLICATION_ID && (application !== 0 || tables !== 0)) {
    throw new StorageError("not-a-store", "the file is a database of something else");
  }
  if (version > VERSION.encrypted) {
    throw new StorageError("schema-newer", `the store was written by a newer version (schema ${version})`);
  }
  return version;
}

function assertDurable(database: Database): void {
  const mode = database.pragma("journal_mode", { simple: true });
  const synchronous = database.pragma("synchronous", { simple: true });
  if (mode !== "wal" || synchronous !== SYNCHRONOUS_FULL) {
    throw new StorageError(
      "not-durable",
      `SQLite runs with journal ${String(mode)}, synchronous ${String(synchronous)}`,
    );
  }
}

/** Lays a store in clear out. @throws {StorageError} `encrypted` */
export function createPlain(database: Database, version: number): void {
  if (version === VERSION.encrypted)
    throw new StorageError("encrypted", "the store is encrypted: open it with its key or passphrase");
  layOut(database, VERSION.plain, () =>
    database.exec(
      "CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
    ),
  );
}

/** Lays a store out in one transaction, which also takes the lock that is then kept until the store is closed. */
export function layOut(database: Database, version: number, create: () => void): void {
  database
    .transaction(() => {
      create();
      database.pragma(`application_id = ${APPLICATION_ID}`);
      database.pragma(`user_version = ${version}`);
    })
    .exclusive();
}
