import type { Database } from "better-sqlite3";

/** That somebody came online, or was the last resource of an account to go. */
export interface Sighting {
  /** Bare JID. */
  readonly jid: string;
  readonly isOnline: boolean;
  /** In milliseconds since 1970. */
  readonly at: number;
}

/** The SQL of when people were last seen. */
export function openSightings(database: Database) {
  const put = database.prepare(
    `INSERT INTO sightings (account, is_online, at) SELECT id, @isOnline, @at FROM accounts WHERE jid = @jid
     ON CONFLICT DO UPDATE SET is_online = excluded.is_online, at = excluded.at`,
  );
  const online = database
    .prepare<[string, number], string>(
      `SELECT jid FROM sightings JOIN accounts ON accounts.id = account
       WHERE is_online = 1 AND jid > ? ORDER BY jid LIMIT ?`,
    )
    .pluck();
  return {
    /** Notes that people came or went. */
    noteSightings(sightings: readonly Sighting[]): void {
      for (const { jid, isOnline, at } of sightings) put.run({ jid, isOnline: Number(isOnline), at });
    },

    /** Who was online when last heard of, in pages. */
    leftOnline: (afterJid: string, limit: number): string[] => online.all(afterJid, limit),
  };
}
