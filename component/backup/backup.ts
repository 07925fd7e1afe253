import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import SQLite, { type Database } from "better-sqlite3";
import { StorageError } from "../../src/errors.js";
import type { Vault } from "../store/vault.js";

/** What a backup holds. */
export interface BackupFacts {
  readonly sizeBytes: number;
  readonly accounts: number;
  readonly waitingEntries: number;
}

/**
 * Copies the store into a new file (mode 0600), whether the component runs or not.
 *
 * The copy is one state of the store, read on a connection of its own while commits go on, and holds nothing of what was
 * deleted. It is checked before it gets its name. Source: SQLite, `VACUUM INTO`.
 *
 * @throws {StorageError} `backup-exists`, `backup-failed`
 */
export function backUp(storePath: string, target: string, vault: Vault): BackupFacts {
  if (existsSync(target)) throw new StorageError("backup-exists", `${target} exists already`);
  const partial = partialPath(target);
  try {
    rmSync(partial, { force: true });
    // Nobody else on the machine may read it, from its first byte on; SQLite takes an empty file
    closeSync(openSync(partial, "wx", 0o600));
    copy(storePath, partial);
    const facts = checkBackup(partial, vault);
    sync(partial);
    renameSync(partial, target);
    sync(dirname(target));
    return facts;
  } catch (error) {
    rmSync(partial, { force: true });
    if (error instanceof StorageError) throw error;
    throw new StorageError("backup-failed", `no backup was made: ${(error as Error).message}`, error);
  }
}

/** Where a backup is until it is whole. */
export function partialPath(target: string): string {
  return join(dirname(target), `.${basename(target)}.partial`);
}

/**
 * Reads a whole backup and finds out whether it could be restored.
 *
 * @throws {StorageError} `backup-damaged`, `backup-other-key`
 */
export function checkBackup(path: string, vault: Vault): BackupFacts {
  const database = openReadOnly(path);
  try {
    const found: unknown = database.pragma("integrity_check(1)", { simple: true });
    if (found !== "ok") throw new StorageError("backup-damaged", `${path} is damaged: ${String(found)}`);
    assertKey(database, vault, path);
    const count = (sql: string): number => Number(database.prepare(sql).pluck().get());
    return {
      sizeBytes: statSync(path).size,
      accounts: count("SELECT count(*) FROM accounts"),
      waitingEntries: count("SELECT count(*) FROM entries"),
    };
  } catch (error) {
    if (error instanceof StorageError) throw error;
    throw new StorageError("backup-damaged", `${path} is no backup: ${(error as Error).message}`, error);
  } finally {
    database.close();
  }
}

/**
 * Puts a backup in the place of the store. What was there is kept beside it.
 *
 * @param suffix that the files of before get
 * @returns the facts of the backup, and where the store of before is
 * @throws {StorageError} `store-in-use` while the component runs; nothing is changed then
 */
export function restore(
  storePath: string,
  backup: string,
  vault: Vault,
  suffix: string,
): BackupFacts & { readonly before: string | undefined } {
  const facts = checkBackup(backup, vault);
  const partial = `${storePath}.restoring`;
  rmSync(partial, { force: true });
  closeSync(openSync(partial, "wx", 0o600));
  copy(backup, partial);
  sync(partial);
  try {
    const before = setAside(storePath, suffix);
    renameSync(partial, storePath);
    sync(dirname(storePath));
    return { ...facts, before };
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

function copy(from: string, to: string): void {
  const database = openReadOnly(from);
  try {
    database.prepare("VACUUM INTO ?").run(to);
    chmodSync(to, 0o600);
  } finally {
    database.close();
  }
}

function openReadOnly(path: string): Database {
  try {
    return new SQLite(path, { readonly: true, fileMustExist: true });
  } catch (error) {
    throw new StorageError("open-failed", `${path} cannot be opened: ${(error as Error).message}`, error);
  }
}

function assertKey(database: Database, vault: Vault, path: string): void {
  const sealed = database
    .prepare("SELECT sealed FROM numbers WHERE length(sealed) > 0 LIMIT 1")
    .pluck()
    .get();
  if (sealed instanceof Uint8Array && !vault.open("number", sealed))
    throw new StorageError("backup-other-key", `${path} was written with another store key`);
}

// A log that stayed behind would be taken for the restored store's own
function setAside(storePath: string, suffix: string): string | undefined {
  if (!existsSync(storePath)) {
    for (const end of ["-wal", "-shm"]) rmSync(`${storePath}${end}`, { force: true });
    return undefined;
  }
  assertNotInUse(storePath);
  const before = `${storePath}.${suffix}`;
  for (const end of ["", "-wal", "-shm"])
    if (existsSync(`${storePath}${end}`)) renameSync(`${storePath}${end}`, `${before}${end}`);
  return before;
}

// Only a store that nobody else has open leaves its log
function assertNotInUse(path: string): void {
  let database: Database | undefined;
  try {
    database = new SQLite(path, { timeout: 0 });
    database.pragma("journal_mode = DELETE");
  } catch (error) {
    const { code } = error as { code?: string };
    if (code?.startsWith("SQLITE_BUSY") || code?.startsWith("SQLITE_LOCKED"))
      throw new StorageError("store-in-use", `${path} is in use: stop the component first`, error);
    // A damaged one is what a backup is for; it is kept as it is
  } finally {
    database?.close();
  }
}

function sync(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
