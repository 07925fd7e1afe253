import SQLite, { type Database } from "better-sqlite3";
import { chmodSync, closeSync, openSync } from "node:fs";
import { StorageError } from "../../src/errors.js";
import { toStorageError } from "./sqlite-errors.js";

/** In the header of the file, so that no other SQLite file is taken for a store: "twTk". */
const APPLICATION_ID = 0x7477546b;

/** Raised with every change of the schema. */
const SCHEMA_VERSION = 1;

/** `PRAGMA synchronous` as SQLite numbers it: every commit is on the disk when it returns. */
const SYNCHRONOUS_FULL = 2;

/** Reading and writing for the owner of the file, and nobody else. */
const OWNER_ONLY = 0o600;

/**
 * Opens the file of a store: private, locked for this process, durable, with the schema of this version.
 *
 * @throws {StorageError} as `openSqliteStorage` says
 */
export function openFile(path: string): Database {
  makePrivate(path);
  const database = connect(path);
  try {
    // The lock is the kernel's, so that a process that is killed leaves none behind; and without the shared
    // memory of several processes there is no -shm file
    database.pragma("locking_mode = EXCLUSIVE");
    refuseForeign(database);
    database.pragma("journal_mode = WAL");
    // By name, because better-sqlite3 falls to NORMAL in WAL mode, which loses commits with the power
    database.pragma("synchronous = FULL");
    // Used keys are overwritten, not only forgotten
    database.pragma("secure_delete = ON");
    assertDurable(database);
    createSchema(database);
    return database;
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

function refuseForeign(database: Database): void {
  const application = database.pragma("application_id", { simple: true });
  const version = database.pragma("user_version", { simple: true }) as number;
  const tables = database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
  if (application !== APPLICATION_ID && (application !== 0 || tables !== 0)) {
    throw new StorageError("not-a-store", "the file is a database of something else");
  }
  if (version > SCHEMA_VERSION) {
    throw new StorageError("schema-newer", `the store was written by a newer version (schema ${version})`);
  }
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

/** In one transaction, which also takes the lock that is then kept until the store is closed. */
function createSchema(database: Database): void {
  database
    .transaction(() => {
      database.exec(
        "CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
      );
      database.pragma(`application_id = ${APPLICATION_ID}`);
      database.pragma(`user_version = ${SCHEMA_VERSION}`);
    })
    .exclusive();
}
