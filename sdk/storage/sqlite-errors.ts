import { StorageError } from "../../src/errors.js";

/** Our code and sentence for what SQLite reports by its primary result code. */
const BY_CODE: Record<string, readonly [code: string, message: string]> = {
  SQLITE_FULL: ["disk-full", "there is no room left to store anything"],
  SQLITE_BUSY: ["in-use", "another process has the store open"],
  SQLITE_LOCKED: ["in-use", "another connection has the store open"],
  SQLITE_CORRUPT: ["corrupt", "the file of the store is damaged"],
  SQLITE_NOTADB: ["not-a-store", "the file is no store"],
  SQLITE_READONLY: ["read-only", "the file of the store cannot be written"],
  SQLITE_IOERR: ["io-error", "reading or writing the file of the store failed"],
  SQLITE_CANTOPEN: ["open-failed", "the file of the store cannot be opened"],
};

/**
 * Turns what better-sqlite3 throws into a {@link StorageError}; one stays as it is.
 *
 * Trying again helps after `disk-full` and `io-error` once the cause is gone, and after `in-use`.
 */
export function toStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const primary = /^SQLITE_[A-Z]+/.exec(codeOf(error))?.[0] ?? "";
  const [code, message] = BY_CODE[primary] ?? ["storage-failed", "the store failed"];
  return new StorageError(code, message, error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
