import type { Database, Statement } from "better-sqlite3";
import { toStorageError } from "./sqlite-errors.js";

/** Transactions of an SQLite database, with our errors. */
export class SqliteTransactions {
  readonly #database: Database;
  readonly #begin: Statement<[]>;
  readonly #commit: Statement<[]>;
  readonly #rollback: Statement<[]>;

  constructor(database: Database) {
    this.#database = database;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#rollback = database.prepare("ROLLBACK");
  }

  /** @throws {StorageError} */
  begin(): void {
    this.run(() => this.#begin.run());
  }

  /** @throws {StorageError} and keeps nothing of the transaction */
  commit(): void {
    try {
      this.#commit.run();
    } catch (error) {
      this.rollback();
      throw toStorageError(error);
    }
  }

  /** Undoes the transaction, if there still is one. @throws {StorageError} */
  rollback(): void {
    // A full disk makes SQLite roll back by itself
    if (this.#database.inTransaction) this.run(() => this.#rollback.run());
  }

  /** Does something with the database. @throws {StorageError} */
  run<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw toStorageError(error);
    }
  }
}
