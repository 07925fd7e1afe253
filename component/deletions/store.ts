import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import { openAccounts } from "../accounts/store.js";
import { openErasures } from "../admin/erasure-store.js";
import type { Migration } from "../store/migrations.js";
import type { StoreModule } from "../store/operations.js";

/** That a number was taken from its account, by whoever it was. */
export interface Deletion {
  readonly numberHash: Uint8Array;
  /** Accounts of the number made later than this are somebody's who came afterwards. */
  readonly until: EpochMs;
  /** Whether everything about the number had to go with it, not its account and mailboxes alone. */
  readonly isErased: boolean;
  /** Whether what waited for other people had to go too. */
  readonly isAtOnce: boolean;
}

/** A deletion that is not in the list beside the store yet. */
export interface PendingDeletion extends Deletion {
  readonly id: number;
}

interface DeletionRow {
  readonly id: number;
  readonly numberHash: Uint8Array;
  readonly until: EpochMs;
  readonly isErased: 0 | 1;
  readonly isAtOnce: 0 | 1;
}

const migrations: readonly Migration[] = [
  {
    number: 1,
    // Triggers, so that no way in which an account can go is forgotten
    sql: `
      CREATE TABLE deletions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        number_hash BLOB NOT NULL,
        until INTEGER NOT NULL,
        is_erased INTEGER NOT NULL DEFAULT 0,
        is_at_once INTEGER NOT NULL DEFAULT 0
      ) STRICT;
      CREATE TRIGGER account_deleted AFTER DELETE ON accounts BEGIN
        INSERT INTO deletions (number_hash, until)
          SELECT hash, OLD.created_at FROM numbers WHERE id = OLD.number;
      END;
      CREATE TRIGGER number_erased AFTER INSERT ON erasures BEGIN
        UPDATE deletions SET is_erased = 1, is_at_once = NEW.is_at_once
          WHERE number_hash = (SELECT hash FROM numbers WHERE id = NEW.number);
      END;
      CREATE TRIGGER number_erased_again AFTER UPDATE OF is_at_once ON erasures BEGIN
        UPDATE deletions SET is_erased = 1, is_at_once = NEW.is_at_once
          WHERE number_hash = (SELECT hash FROM numbers WHERE id = NEW.number);
      END;`,
  },
];

function openDeletions(database: Database) {
  const accounts = openAccounts(database);
  const erasures = openErasures(database);
  const pending = database.prepare<[number], DeletionRow>(
    `SELECT id, number_hash AS numberHash, until, is_erased AS isErased, is_at_once AS isAtOnce
     FROM deletions ORDER BY id LIMIT ?`,
  );
  const listed = database.prepare("DELETE FROM deletions WHERE id <= ?");
  const newest = database.prepare<[], { id: number }>("SELECT coalesce(max(id), 0) AS id FROM deletions");
  const forget = database.prepare("DELETE FROM deletions WHERE id > ?");
  const owner = database.prepare<[Uint8Array, EpochMs], { jid: string }>(
    `SELECT jid FROM accounts JOIN numbers ON numbers.id = number WHERE hash = ? AND created_at <= ?`,
  );

  return {
    /** Deletions that are not in the list yet, the first ones. */
    pendingDeletions: (limit: number): PendingDeletion[] =>
      pending
        .all(limit)
        .map((row) => ({ ...row, isErased: row.isErased === 1, isAtOnce: row.isAtOnce === 1 })),

    /** They are in the list, up to this one. */
    deletionsListed: (id: number): void => void listed.run(id),

    /**
     * Deletes again what a restored backup brought back; what is gone already, or came later, stays as it is.
     *
     * An account on the host is left alone: meanwhile it may be somebody else's.
     * @returns the bare JIDs of the accounts that lost their number
     */
    deleteAgain(deletions: readonly Deletion[], now: EpochMs): string[] {
      const before = newest.get()?.id ?? 0;
      const gone: string[] = [];
      for (const { numberHash, until, isErased, isAtOnce } of deletions) {
        const back = owner.get(numberHash, until);
        if (!back) continue;
        accounts.unlink(back.jid);
        gone.push(back.jid);
        if (isErased) erasures.beginErasure({ numberHash, limitKeys: [], isAtOnce, now });
      }
      // They are in the list
      forget.run(before);
      return gone;
    },
  };
}

/** The list of deletions as the main thread sees what of it is in the store. */
export type DeletionOperations = ReturnType<typeof openDeletions>;

/** The part of the store thread that notes deletions; comes after those of accounts and admin. */
export const store: StoreModule<DeletionOperations> = {
  name: "deletions",
  migrations,
  open: openDeletions,
};
