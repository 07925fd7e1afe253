import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { Migration } from "../store/migrations.js";

/** An invitation that was given out for an account which a number belongs to already. */
export interface InvitationRow {
  /** Bare JID of the account to come. */
  readonly jid: string;
  /** The link, sealed: it holds the token. */
  readonly uriSealed: Uint8Array;
  readonly expiresAt: EpochMs;
  /** When the account was first seen online. */
  readonly seenAt: EpochMs | null;
}

/** An invitation about to be kept. */
export type NewInvitation = Pick<InvitationRow, "uriSealed" | "expiresAt">;

/** Invitations that one turn looks at. */
const DUE_ROWS = 100;

/** The schema of invitations, a part of sign-up's; an invitation goes with its account. */
export const invitationSchema: Migration["sql"] = `
  CREATE TABLE invitations (
    account INTEGER PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    uri_sealed BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    seen_at INTEGER
  ) STRICT;
  CREATE INDEX invitations_by_due_at ON invitations (due_at);`;

/** The SQL of invitations. */
export function openInvitations(database: Database) {
  const account = "(SELECT id FROM accounts WHERE jid = ?)";
  const keep = database.prepare(
    `INSERT OR REPLACE INTO invitations (account, uri_sealed, expires_at, due_at) VALUES (${account}, ?, ?, ?)`,
  );
  const columns = "jid, uri_sealed AS uriSealed, expires_at AS expiresAt, seen_at AS seenAt";
  const find = database.prepare<[string], InvitationRow>(
    `SELECT ${columns} FROM invitations JOIN accounts ON accounts.id = account WHERE jid = ?`,
  );
  const due = database.prepare<[EpochMs], InvitationRow>(
    `SELECT ${columns} FROM invitations JOIN accounts ON accounts.id = account
     WHERE due_at <= ? ORDER BY due_at LIMIT ${DUE_ROWS}`,
  );
  const unseen = database.prepare<[], { jid: string }>(
    "SELECT jid FROM invitations JOIN accounts ON accounts.id = account WHERE seen_at IS NULL",
  );
  const see = database.prepare(
    `UPDATE invitations SET seen_at = ? WHERE account = ${account} AND seen_at IS NULL`,
  );
  const remove = database.prepare(`DELETE FROM invitations WHERE account = ${account}`);

  return {
    /** Keeps the invitation of an account, in place of an earlier one. @param dueAt when to see what came of it */
    keep: (jid: string, { uriSealed, expiresAt }: NewInvitation, dueAt: EpochMs): void =>
      void keep.run(jid, uriSealed, expiresAt, dueAt),
    find: (jid: string): InvitationRow | undefined => find.get(jid),
    /** The invitations of which it is time to see what came of them. */
    due: (now: EpochMs): InvitationRow[] => due.all(now),
    /** The accounts to come: those that were not seen online yet. */
    unseen: (): string[] => unseen.all().map(({ jid }) => jid),
    /** The account was seen online. Answers whether that was the first time. */
    see: (jid: string, now: EpochMs): boolean => see.run(now, jid).changes > 0,
    remove: (jid: string): void => void remove.run(jid),
  };
}
