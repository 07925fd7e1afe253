import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { NewReceiptEntry, Receipts } from "../receipts/store.js";
import { openEntries } from "./entries-store.js";
import { openNumberSweep } from "./number-sweep-store.js";

/** Entries, or messages, that one turn of clean-up takes: short enough not to hold up a delivery. */
const TURN = 500;

/** Mailboxes that one turn looks into. */
const MAILBOXES = 500;

/** What a turn of clean-up did. */
export interface CleanUp {
  readonly expired: number;
  readonly receipts: readonly NewReceiptEntry[];
  /** Whether there is more of the same to do. */
  readonly hasMore: boolean;
}

/** The SQL of ending what waited too long and forgetting what is over. No turn reads a whole table. */
export function openRetention(database: Database, receipts: Receipts) {
  return {
    ...openExpiry(database, receipts),
    ...openForgetting(database),
    ...openNumberSweep(database),
  };
}

function openExpiry(database: Database, receipts: Receipts) {
  const entries = openEntries(database, receipts);
  // Within a mailbox entries stand in the order of time, so its first one tells
  const oldest = database.prepare<[number, number], { device: number; at: EpochMs | null }>(
    `SELECT id AS device, CASE WHEN pending_count > 0
       THEN (SELECT at FROM entries WHERE device = devices.id ORDER BY seq LIMIT 1) END AS at
     FROM devices WHERE id > ? ORDER BY id LIMIT ?`,
  );
  const stale = database.prepare<[number, EpochMs], { seq: number | null }>(
    `SELECT max(seq) AS seq FROM (SELECT seq, at FROM entries WHERE device = ? ORDER BY seq LIMIT ${TURN}) WHERE at < ?`,
  );
  const nextMailbox = database.prepare<[number], { device: number }>(
    "SELECT device FROM entries WHERE device > ? ORDER BY device LIMIT 1",
  );
  const isBound = database.prepare<[number], { id: number }>("SELECT id FROM devices WHERE id = ?");
  const orphans = database.prepare<[number], { seq: number }>(
    `SELECT max(seq) AS seq FROM (SELECT seq FROM entries WHERE device = ? ORDER BY seq LIMIT ${TURN})`,
  );
  // Where the next turn goes on; 0 when it begins anew
  let [expiredUpTo, orphansUpTo] = [0, 0];

  return {
    /** Ends entries that have waited since before a time; their senders are told `expired`. One mailbox a turn. */
    expire(before: EpochMs, now: EpochMs): CleanUp {
      const mailboxes = oldest.all(expiredUpTo, MAILBOXES);
      const found = mailboxes.find(({ at }) => at !== null && at < before);
      const seq = found && stale.get(found.device, before)?.seq;
      if (found && typeof seq === "number") {
        expiredUpTo = found.device - 1;
        const ended = entries.end(found.device, seq, () => "expired", now);
        return { expired: ended.count, receipts: ended.receipts, hasMore: true };
      }
      const isEnd = mailboxes.length < MAILBOXES;
      expiredUpTo = isEnd ? 0 : (mailboxes.at(-1)?.device ?? 0);
      return { expired: 0, receipts: [], hasMore: !isEnd };
    },

    /** Ends the entries of devices that are gone; their senders are told `expired`. */
    endOrphans(now: EpochMs): CleanUp {
      let expired = 0;
      const made: NewReceiptEntry[] = [];
      for (let looked = 0; looked < MAILBOXES && expired < TURN; looked += 1) {
        const device = nextMailbox.get(orphansUpTo)?.device;
        if (device === undefined) {
          orphansUpTo = 0;
          return { expired, receipts: made, hasMore: false };
        }
        if (isBound.get(device)) orphansUpTo = device;
        else {
          const ended = entries.end(device, orphans.get(device)?.seq ?? 0, () => "expired", now);
          expired += ended.count;
          made.push(...ended.receipts);
        }
      }
      return { expired, receipts: made, hasMore: true };
    },
  };
}

function openForgetting(database: Database) {
  const first = database.prepare<[number], { id: number; acceptedAt: EpochMs; pending: number }>(
    `SELECT id, accepted_at AS acceptedAt, pending FROM messages WHERE id > ? ORDER BY id LIMIT ${TURN}`,
  );
  const remove = database.prepare("DELETE FROM messages WHERE id = ?");
  let forgottenUpTo = 0;
  return {
    /** Forgets messages accepted before a time, with their ids and receipts. Answers whether there is more. */
    forget(before: EpochMs): boolean {
      const rows = first.all(forgottenUpTo);
      for (const { id, acceptedAt, pending } of rows)
        if (acceptedAt < before && pending === 0) remove.run(id);
      // Messages are numbered as they are accepted: behind one that is young enough are none to forget
      const hasMore = rows.length === TURN && (rows.at(-1)?.acceptedAt ?? before) < before;
      forgottenUpTo = hasMore ? (rows.at(-1)?.id ?? 0) : 0;
      return hasMore;
    },
  };
}
