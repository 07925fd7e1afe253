import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { NewReceiptEntry, Receipts } from "../receipts/store.js";
import { openEntries } from "./entries-store.js";

/** Entries, or messages, that one turn of clean-up takes: short enough not to hold up a delivery. */
const TURN = 500;

/** What a turn of clean-up did. */
export interface CleanUp {
  readonly expired: number;
  readonly receipts: readonly NewReceiptEntry[];
  /** Whether there is more of the same to do. */
  readonly hasMore: boolean;
}

/** The SQL of ending what waited too long and forgetting what is over. */
export function openRetention(database: Database, receipts: Receipts) {
  const entries = openEntries(database, receipts);
  // Within a mailbox entries stand in the order of time, so its first one tells
  const stale = database.prepare<{ before: EpochMs }, { device: number; seq: number }>(
    `SELECT devices.id AS device,
       (SELECT max(seq) FROM (SELECT seq, at FROM entries WHERE device = devices.id ORDER BY seq LIMIT ${TURN}) WHERE at < @before) AS seq
     FROM devices
     WHERE pending_count > 0 AND (SELECT at FROM entries WHERE device = devices.id ORDER BY seq LIMIT 1) < @before
     LIMIT 1`,
  );
  const orphans = database.prepare<[], { device: number; seq: number }>(
    `SELECT device, max(seq) AS seq FROM (
       SELECT device, seq FROM entries WHERE device NOT IN (SELECT id FROM devices) LIMIT ${TURN})
     GROUP BY device`,
  );
  const forget = database.prepare(
    `DELETE FROM messages WHERE id IN (
       SELECT id FROM messages WHERE accepted_at < ? AND pending = 0 ORDER BY id LIMIT ${TURN})`,
  );
  const forgetNumbers = database.prepare(
    `DELETE FROM numbers WHERE id NOT IN (SELECT number FROM accounts)
       AND id NOT IN (SELECT sender_number FROM messages) AND id NOT IN (SELECT recipient_number FROM messages)
       AND id NOT IN (SELECT receipt_number FROM entries WHERE receipt_number IS NOT NULL)`,
  );

  const end = (rows: readonly { device: number; seq: number }[], now: EpochMs): CleanUp => {
    const ended = rows.map(({ device, seq }) => entries.end(device, seq, () => "expired", now));
    return {
      expired: ended.reduce((sum, { count }) => sum + count, 0),
      receipts: ended.flatMap((one) => one.receipts),
      hasMore: rows.length > 0,
    };
  };

  return {
    /** Ends entries that have waited since before a time; their senders are told `expired`. One mailbox a turn. */
    expire: (before: EpochMs, now: EpochMs): CleanUp => end(stale.all({ before }), now),

    /** Ends the entries of devices that are gone; their senders are told `expired`. */
    endOrphans: (now: EpochMs): CleanUp => end(orphans.all(), now),

    /** Forgets messages accepted before a time, with their ids and receipts. Answers whether there is more. */
    forget: (before: EpochMs): boolean => forget.run(before).changes === TURN,

    /** Forgets numbers that no account has and no message speaks of. */
    forgetNumbers(): void {
      forgetNumbers.run();
    },

    /** How many entries wait, and since when the oldest does: for the metrics. */
    depth: (): { readonly entries: number } => ({
      entries: (
        database.prepare("SELECT coalesce(sum(pending_count), 0) AS entries FROM devices").get() as {
          entries: number;
        }
      ).entries,
    }),
  };
}
