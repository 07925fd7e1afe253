import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { StoreModule } from "../store/operations.js";
import { SWEEP_ROWS } from "../turns.js";

/** The SQL of linkings that wait for their code. */
export function openLinkings(database: Database) {
  const find = database.prepare<[string, EpochMs], { sealed: Uint8Array }>(
    "SELECT sealed FROM linkings WHERE account = ? AND expires_at > ?",
  );
  const keep = database.prepare(
    "INSERT OR REPLACE INTO linkings (account, sealed, expires_at) VALUES (?, ?, ?)",
  );
  const remove = database.prepare("DELETE FROM linkings WHERE account = ?");
  const sweep = database.prepare(
    `DELETE FROM linkings WHERE account IN (SELECT account FROM linkings WHERE expires_at <= ? LIMIT ${SWEEP_ROWS})`,
  );
  return {
    /** What an account (bare JID) waits with, sealed. */
    find: (account: string, now: EpochMs): Uint8Array | undefined => find.get(account, now)?.sealed,

    /** Notes what an account waits with; one number at a time. */
    keep: (account: string, sealed: Uint8Array, expiresAt: EpochMs): void =>
      void keep.run(account, sealed, expiresAt),

    /** The linking is over. */
    remove: (account: string): void => void remove.run(account),

    /** Forgets those that have expired. @returns whether there may be more */
    sweep: (now: EpochMs): boolean => sweep.run(now).changes === SWEEP_ROWS,
  };
}

/** Linkings as the main thread calls them. */
export type LinkingOperations = ReturnType<typeof openLinkings>;

/** The part of the store thread that keeps linkings. */
export const store: StoreModule<LinkingOperations> = {
  name: "linking",
  migrations: [
    {
      number: 1,
      sql: `
        CREATE TABLE linkings (
          account TEXT PRIMARY KEY,
          sealed BLOB NOT NULL,
          expires_at INTEGER NOT NULL
        ) STRICT;`,
    },
  ],
  open: openLinkings,
};
