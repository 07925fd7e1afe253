import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import { openSetAside } from "../admin/set-aside-store.js";
import type { openEntries } from "../mailbox/entries-store.js";
import { decideHead, type Head } from "../mailbox/service.js";
import type { NewReceiptEntry } from "../receipts/store.js";

/** How far an app was sent the entries of its mailbox. */
export interface Tries {
  /** Entries up to here have gone at least once. */
  readonly once: number;
  /** Entries up to here have gone twice: those that nothing can acknowledge do not go again. */
  readonly twice: number;
  /** Up to here the app has answered a request that came behind them. */
  readonly answered: number;
  /** Whether entries wait that went before. */
  readonly hasUnconfirmed: boolean;
}

/** What the return of an app means for the entry that is first in line and went before. */
export interface AppReturn {
  /** Whether it went in vain too often and was set aside. */
  readonly hasSetAside: boolean;
  /** Whether entries should go one at a time. */
  readonly isCautious: boolean;
  readonly receipts: readonly NewReceiptEntry[];
}

/** The SQL of how often entries went to an app. */
export function openTries(database: Database, entries: ReturnType<typeof openEntries>) {
  const setAside = openSetAside(database);
  const first = database.prepare<
    [number],
    { first: number | null; seq: number; attempts: number; answered: number }
  >(
    `SELECT (SELECT min(seq) FROM entries WHERE device = devices.id) AS first, head_seq AS seq, head_attempts AS attempts,
       answered FROM devices WHERE id = ?`,
  );
  const count = database.prepare("UPDATE devices SET head_seq = ?, head_attempts = ? WHERE id = ?");
  const tries = database.prepare<
    [number],
    { once: number; twice: number; answered: number; hasUnconfirmed: 0 | 1 }
  >(
    `SELECT sent_once AS once, sent_twice AS twice, answered,
       EXISTS (SELECT 1 FROM entries WHERE device = devices.id AND seq <= sent_once) AS hasUnconfirmed
     FROM devices WHERE id = ?`,
  );
  const once = database.prepare(
    "UPDATE devices SET sent_once = @seq WHERE id = @device AND sent_once < @seq",
  );
  const twice = database.prepare(
    "UPDATE devices SET sent_twice = min(@seq, sent_once) WHERE id = @device AND sent_twice < @seq",
  );
  const answered = database.prepare(
    "UPDATE devices SET answered = @seq WHERE id = @device AND answered < @seq",
  );
  const undo = database.prepare(
    `UPDATE devices SET sent_once = min(sent_once, @before), sent_twice = min(sent_twice, @before),
       answered = min(answered, @before)
     WHERE id = @device`,
  );
  return {
    /** How far the app was sent what is in its mailbox. */
    tries(device: number): Tries | undefined {
      const row = tries.get(device);
      return row && { ...row, hasUnconfirmed: row.hasUnconfirmed === 1 };
    },

    /** Everything up to here has gone once. */
    sentOnce(device: number, seq: number): void {
      once.run({ device, seq });
    },

    /** Everything up to here that had gone once has gone twice. */
    sentTwice(device: number, seq: number): void {
      twice.run({ device, seq });
    },

    /** The app has answered a request that came behind everything up to here. */
    answered(device: number, seq: number): void {
      answered.run({ device, seq });
    },

    /** Everything that went once is about to go again, but for a first entry that an app did not outlive too often. */
    sendAgain(device: number, now: EpochMs): AppReturn {
      const row = first.get(device);
      // What the app was there after did not end it
      if (!row || row.first === null || row.first <= row.answered)
        return { hasSetAside: false, isCautious: false, receipts: [] };
      const head: Head = { seq: row.first, attempts: row.seq === row.first ? row.attempts + 1 : 1 };
      count.run(head.seq, head.attempts, device);
      const { isSetAside, isCautious } = decideHead(head, row.first);
      if (!isSetAside) return { hasSetAside: false, isCautious, receipts: [] };
      setAside.keep(device, row.first, now);
      return {
        hasSetAside: true,
        isCautious,
        receipts: entries.endSome(device, [row.first], "expired", now),
      };
    },

    /** From here on nothing has arrived: the server said that there was nobody. */
    notSent(device: number, seq: number): void {
      undo.run({ device, before: seq - 1 });
    },
  };
}
