import { createHmac, hkdfSync } from "node:crypto";
import type { Database, Statement } from "better-sqlite3";
import { StorageError } from "../../src/errors.js";
import type { Backend } from "./guard.js";
import { KEY_BYTES, type StoreSecret, wrapDataKey } from "./key-envelope.js";
import { KeyIndex, type LeafRows } from "./key-index.js";
import { RowCipher } from "./row-cipher.js";
import { toStorageError } from "./sqlite-errors.js";
import { SqliteTransactions } from "./sqlite-transactions.js";

/** Bytes of a row's name: too many for two keys of one store ever to share one. */
const NAME_BYTES = 16;

/** The tables of an encrypted store. */
export const ENCRYPTED_TABLES = `
  CREATE TABLE IF NOT EXISTS envelope (id INTEGER PRIMARY KEY CHECK (id = 1), content BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS records (name BLOB PRIMARY KEY, content BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS leaves (id INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT;`;

/** Stores the wrapped data key. */
export function writeEnvelope(database: Database, envelope: Uint8Array): void {
  database
    .prepare("INSERT INTO envelope VALUES (1, ?) ON CONFLICT DO UPDATE SET content = excluded.content")
    .run(envelope);
}

/** The wrapped data key. @throws {StorageError} `corrupt` */
export function readEnvelope(database: Database): Uint8Array {
  const content = database.prepare<[], Buffer>("SELECT content FROM envelope").pluck().get();
  if (!content) throw new StorageError("corrupt", "the store has lost its lock");
  return content;
}

/**
 * Records in encrypted rows. A row is named by a keyed hash of its key, and opens under its own key only, so that rows
 * can be neither told apart nor exchanged; the order of the keys is in {@link KeyIndex}.
 */
export class EncryptedBackend implements Backend {
  readonly #database: Database;
  readonly #transactions: SqliteTransactions;
  readonly #dataKey: Buffer;
  readonly #nameKey: Buffer;
  readonly #cipher: RowCipher;
  readonly #index: KeyIndex;
  readonly #get: Statement<[Buffer], Buffer>;
  readonly #update: Statement<[Buffer, Buffer]>;
  readonly #insert: Statement<[Buffer, Buffer]>;
  readonly #delete: Statement<[Buffer]>;

  /** @param dataKey 32 bytes, which are overwritten on `close` @throws {StorageError} `corrupt` */
  constructor(database: Database, dataKey: Buffer) {
    this.#database = database;
    this.#transactions = new SqliteTransactions(database);
    this.#dataKey = dataKey;
    this.#nameKey = derive(dataKey, "twotick store names");
    const rowKey = derive(dataKey, "twotick store rows");
    this.#cipher = new RowCipher(rowKey);
    rowKey.fill(0);
    this.#get = database.prepare<[Buffer], Buffer>("SELECT content FROM records WHERE name = ?").pluck();
    this.#update = database.prepare("UPDATE records SET content = ? WHERE name = ?");
    this.#insert = database.prepare("INSERT INTO records (name, content) VALUES (?, ?)");
    this.#delete = database.prepare("DELETE FROM records WHERE name = ?");
    this.#index = new KeyIndex(leafRows(database, this.#cipher));
  }

  begin(): void {
    this.#transactions.begin();
  }

  commit(): void {
    try {
      this.#index.flush();
      this.#transactions.commit();
      this.#index.committed();
    } catch (error) {
      this.rollback();
      throw toStorageError(error);
    }
  }

  rollback(): void {
    this.#index.rolledBack();
    this.#transactions.rollback();
  }

  close(): void {
    this.forget();
    this.#transactions.run(() => this.#database.close());
  }

  /** Overwrites the keys; the database stays open, and is not used through this any more. */
  forget(): void {
    for (const key of [this.#dataKey, this.#nameKey]) key.fill(0);
    this.#cipher.close();
    this.#index.rolledBack();
  }

  get(key: string): Uint8Array | undefined {
    const place = placeOf(key);
    const sealed = this.#transactions.run(() => this.#get.get(this.#nameOf(place)));
    return sealed && opened(this.#cipher, place, sealed);
  }

  scan(prefix: string, after: string | undefined, limit = Infinity): [string, Uint8Array][] {
    const found: [string, Uint8Array][] = [];
    if (limit === 0) return found;
    for (const key of this.#index.from(after !== undefined && after >= prefix ? after : prefix)) {
      if (!key.startsWith(prefix)) break;
      if (key === after) continue;
      const value = this.get(key);
      if (!value) throw new StorageError("corrupt", "a record of the store is missing");
      if (found.push([key, value]) >= limit) break;
    }
    return found;
  }

  set(key: string, value: Uint8Array): void {
    const place = placeOf(key);
    const name = this.#nameOf(place);
    const sealed = this.#cipher.seal(place, value);
    this.#transactions.run(() => {
      if (this.#update.run(sealed, name).changes > 0) return;
      this.#insert.run(name, sealed);
      this.#index.add(key);
    });
  }

  delete(key: string): void {
    const name = this.#nameOf(placeOf(key));
    this.#transactions.run(() => {
      if (this.#delete.run(name).changes > 0) this.#index.remove(key);
    });
  }

  /** Writes what waits in memory, so that a transaction may be larger than that. */
  flush(): void {
    this.#index.flush();
  }

  /** Locks the store with another secret, in a transaction. */
  rekey(secret: StoreSecret): void {
    writeEnvelope(this.#database, wrapDataKey(this.#dataKey, secret));
  }

  #nameOf(place: Buffer): Buffer {
    return createHmac("sha256", this.#nameKey).update(place).digest().subarray(0, NAME_BYTES);
  }
}

function leafRows(database: Database, cipher: RowCipher): LeafRows {
  const ids = database.prepare<[], number>("SELECT id FROM leaves").pluck();
  const read = database.prepare<[number], Buffer>("SELECT content FROM leaves WHERE id = ?").pluck();
  const write = database.prepare(
    "INSERT INTO leaves VALUES (?, ?) ON CONFLICT DO UPDATE SET content = excluded.content",
  );
  const remove = database.prepare("DELETE FROM leaves WHERE id = ?");
  return {
    ids: () => ids.all(),
    read(id) {
      const content = opened(cipher, leafPlace(id), read.get(id) ?? Buffer.alloc(0));
      const texts = JSON.parse(content.toString()) as string[];
      content.fill(0);
      return texts;
    },
    write(id, texts) {
      const content = Buffer.from(JSON.stringify(texts));
      write.run(id, cipher.seal(leafPlace(id), content));
    },
    remove: (id) => void remove.run(id),
  };
}

function opened(cipher: RowCipher, place: Buffer, sealed: Uint8Array): Buffer {
  const content = cipher.open(place, sealed);
  if (!content) throw new StorageError("corrupt", "a row of the store is damaged");
  return content;
}

// The first byte keeps the places of records and of leaves apart; UTF-16 because a key may hold what UTF-8 cannot
function placeOf(key: string): Buffer {
  return Buffer.from(`r${key}`, "utf16le");
}

function leafPlace(id: number): Buffer {
  return Buffer.from(`l${id}`, "utf16le");
}

function derive(dataKey: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", dataKey, Buffer.alloc(0), purpose, KEY_BYTES));
}
