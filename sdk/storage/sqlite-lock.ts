import { randomBytes } from "node:crypto";
import type { Database } from "better-sqlite3";
import { KEY_BYTES, type StoreSecret, unwrapDataKey, wrapDataKey } from "./key-envelope.js";
import { ENCRYPTED_TABLES, EncryptedBackend, readEnvelope, writeEnvelope } from "./sqlite-encrypted.js";
import { toStorageError } from "./sqlite-errors.js";
import { layOut, VERSION } from "./sqlite-file.js";
import { decodeKey } from "./sqlite-plain.js";

/** Records that are encrypted at a time when a store is. */
const PAGE = 500;

/**
 * Opens the lock of a store, or puts one on: a store that was written in clear is encrypted where it is.
 *
 * @returns the data key
 * @throws {StorageError} `wrong-key`, `corrupt`; nothing was changed then
 */
export function unlock(database: Database, version: number, secret: StoreSecret): Buffer {
  const dataKey =
    version === VERSION.encrypted
      ? unwrapDataKey(readEnvelope(database), secret)
      : encrypt(database, version, secret);
  // What was overwritten by the encryption is gone from the write-ahead log too, also when it was cut short
  database.pragma("wal_checkpoint(TRUNCATE)");
  return dataKey;
}

function encrypt(database: Database, version: number, secret: StoreSecret): Buffer {
  const dataKey = randomBytes(KEY_BYTES);
  const envelope = wrapDataKey(dataKey, secret);
  layOut(database, VERSION.encrypted, () => {
    database.exec(ENCRYPTED_TABLES);
    writeEnvelope(database, envelope);
    if (version === VERSION.plain) move(database, dataKey);
  });
  if (version === VERSION.plain) shrink(database);
  return dataKey;
}

/** Gives back the pages that were in clear: with secure_delete they are zeros already, so that it may fail. */
function shrink(database: Database): void {
  try {
    database.exec("VACUUM");
  } catch (error) {
    if (toStorageError(error).code !== "disk-full") throw error;
  }
}

function move(database: Database, dataKey: Buffer): void {
  const encrypted = new EncryptedBackend(database, Buffer.from(dataKey));
  const read = database
    .prepare<[Buffer], [key: Buffer, value: Buffer]>(
      `SELECT key, value FROM entries WHERE key > ? ORDER BY key LIMIT ${PAGE}`,
    )
    .raw();
  const first = database.prepare<[], [key: Buffer, value: Buffer]>(
    `SELECT key, value FROM entries ORDER BY key LIMIT ${PAGE}`,
  );
  let rows = first.raw().all();
  while (rows.length > 0) {
    const last = Buffer.from(rows.at(-1)?.[0] as Buffer);
    for (const [key, value] of rows) {
      encrypted.set(decodeKey(key), value);
      value.fill(0);
    }
    encrypted.flush();
    rows = read.all(last);
  }
  database.exec("DROP TABLE entries");
  encrypted.forget();
}
