import { createHash } from "node:crypto";
import type { Database } from "better-sqlite3";
import { StorageError } from "../../src/errors.js";

/** One step of a capability's schema. A released step is never edited: its checksum is kept. */
export interface Migration {
  /** From 1, without gaps, within one capability. */
  readonly number: number;
  readonly sql: string;
}

/** The schema history of one capability. */
export interface Schema {
  readonly name: string;
  readonly migrations: readonly Migration[];
}

interface AppliedRow {
  capability: string;
  number: number;
  checksum: string;
}

/**
 * Brings the database to the schema of this version, each step in a transaction of its own.
 *
 * @throws {StorageError} `schema-newer` when the database has a step this version does not know,
 *   `schema-changed` when a step that was applied reads differently now
 */
export function migrate(database: Database, schemas: readonly Schema[]): void {
  database.exec(
    `CREATE TABLE IF NOT EXISTS migrations (
       capability TEXT NOT NULL, number INTEGER NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL,
       PRIMARY KEY (capability, number)) STRICT`,
  );
  const applied = database
    .prepare("SELECT capability, number, checksum FROM migrations")
    .all() as AppliedRow[];
  for (const row of applied) refuseUnknown(row, schemas);
  const done = new Set(applied.map((row) => `${row.capability} ${row.number}`));
  for (const schema of schemas) {
    for (const migration of schema.migrations) {
      if (!done.has(`${schema.name} ${migration.number}`)) apply(database, schema.name, migration);
    }
  }
}

function refuseUnknown(row: AppliedRow, schemas: readonly Schema[]): void {
  const known = schemas
    .find((schema) => schema.name === row.capability)
    ?.migrations.find((migration) => migration.number === row.number);
  const step = `${row.capability} ${row.number}`;
  if (!known) {
    throw new StorageError(
      "schema-newer",
      `the database was written by a newer Twotick (it has the step ${step})`,
    );
  }
  if (checksum(known) !== row.checksum) {
    throw new StorageError(
      "schema-changed",
      `the step ${step} of the database is not the one of this Twotick`,
    );
  }
}

function apply(database: Database, capability: string, migration: Migration): void {
  database.transaction(() => {
    database.exec(migration.sql);
    database
      .prepare("INSERT INTO migrations (capability, number, checksum, applied_at) VALUES (?, ?, ?, ?)")
      .run(capability, migration.number, checksum(migration), Date.now());
  })();
}

function checksum(migration: Migration): string {
  return createHash("sha256").update(migration.sql).digest("hex");
}
