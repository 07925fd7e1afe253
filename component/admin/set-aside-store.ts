import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { DeviceId, MessageId } from "../../src/ids.js";
import { openReceipts, type NewReceiptEntry, type Receipts } from "../receipts/store.js";
import type { Migration } from "../store/migrations.js";

/** Entries that one turn of ending what was set aside takes. */
const TURN = 200;

/** An entry that was set aside, as an admin may see it: everything but what it says. */
export interface SetAsideRow {
  readonly id: number;
  readonly kind: "message" | "receipt";
  /** The sender's id of a message. */
  readonly messageId: MessageId | null;
  /** Bare JID of the account whose device could not get past it; null when the device is gone. */
  readonly account: string | null;
  readonly deviceId: DeviceId | null;
  readonly sizeBytes: number;
  /** When it came into the mailbox. */
  readonly enteredAt: EpochMs;
  readonly setAsideAt: EpochMs;
}

/** What became of an entry that was to be delivered again or dropped. */
export type SetAsideOutcome =
  | { readonly status: "done"; readonly device: number; readonly receipts: readonly NewReceiptEntry[] }
  | { readonly status: "no-such-entry" | "device-gone" };

interface HeldRow {
  readonly id: number;
  readonly device: number;
  readonly sizeBytes: number;
  readonly message: number | null;
  readonly receipt: string | null;
  readonly receiptNumber: number | null;
}

/** The schema of what is set aside: entries keep their content, so that they can be delivered again. */
export const setAsideMigrations: readonly Migration[] = [
  {
    number: 1,
    // What the earlier table names has lost its content, and its senders were told
    sql: `
      DROP TABLE set_aside;
      CREATE TABLE set_aside_entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        device INTEGER NOT NULL,
        at INTEGER NOT NULL,
        entered_at INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL,
        message INTEGER,
        receipt TEXT,
        receipt_number INTEGER
      ) STRICT;`,
  },
];

/** The SQL by which a mailbox sets an entry aside. */
export function openSetAside(database: Database) {
  const copy = database.prepare(
    `INSERT INTO set_aside_entries (device, at, entered_at, size_bytes, message, receipt, receipt_number)
     SELECT device, @now, at, size_bytes, message, receipt, receipt_number FROM entries
     WHERE device = @device AND seq = @seq`,
  );
  const hold = database.prepare(
    `UPDATE messages SET pending = pending + 1
     WHERE id = (SELECT message FROM entries WHERE device = @device AND seq = @seq)`,
  );
  return {
    /** Copies an entry that is about to end; its body is kept for as long as it is set aside. */
    keep(device: number, seq: number, now: EpochMs): void {
      copy.run({ device, seq, now });
      hold.run({ device, seq });
    },
  };
}

/** The SQL of looking at what is set aside, delivering it again and dropping it. */
export function openSetAsideOperations(database: Database, receipts: Receipts = openReceipts(database)) {
  const list = database.prepare<[number, number], SetAsideRow>(
    `SELECT set_aside_entries.id, CASE WHEN message IS NULL THEN 'receipt' ELSE 'message' END AS kind,
       origin_id AS messageId, jid AS account, device_id AS deviceId, size_bytes AS sizeBytes,
       entered_at AS enteredAt, set_aside_entries.at AS setAsideAt
     FROM set_aside_entries LEFT JOIN messages ON messages.id = message LEFT JOIN devices ON devices.id = device
       LEFT JOIN accounts ON accounts.id = account
     WHERE set_aside_entries.id > ? ORDER BY set_aside_entries.id LIMIT ?`,
  );
  const held = `SELECT id, device, size_bytes AS sizeBytes, message, receipt, receipt_number AS receiptNumber
    FROM set_aside_entries`;
  const find = database.prepare<[number], HeldRow>(`${held} WHERE id = ?`);
  const stale = database.prepare<[EpochMs], HeldRow>(
    `${held} WHERE at < ? OR device NOT IN (SELECT id FROM devices) LIMIT ${TURN}`,
  );
  const remove = database.prepare("DELETE FROM set_aside_entries WHERE id = ?");
  const release = database.prepare(
    "UPDATE messages SET pending = pending - 1, payload = CASE WHEN pending > 1 THEN payload END WHERE id = ?",
  );
  const takeSeq = database.prepare<[number, number], { seq: number }>(
    `UPDATE devices SET next_seq = next_seq + 1, pending_count = pending_count + 1, pending_bytes = pending_bytes + ?
     WHERE id = ? RETURNING next_seq - 1 AS seq`,
  );
  const insert = database.prepare(
    "INSERT INTO entries (device, seq, at, size_bytes, message, receipt, receipt_number) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const count = database.prepare<[], { entries: number }>(
    "SELECT count(*) AS entries FROM set_aside_entries",
  );

  const drop = ({ id, device, message }: HeldRow, now: EpochMs): NewReceiptEntry[] => {
    remove.run(id);
    if (message === null) return [];
    release.run(message);
    return receipts.raise([{ message, device, state: "expired" }], now);
  };

  return {
    /** What is set aside, in order, after an id. */
    setAside: (after: number, limit: number): SetAsideRow[] => list.all(after, limit),

    /** How many entries are set aside. */
    countSetAside: (): number => count.get()?.entries ?? 0,

    /** Puts an entry at the end of its mailbox, as new as any there. */
    retry(id: number, now: EpochMs): SetAsideOutcome {
      const row = find.get(id);
      if (!row) return { status: "no-such-entry" };
      const { device, sizeBytes, message, receipt, receiptNumber } = row;
      const place = takeSeq.get(sizeBytes, device);
      if (!place) return { status: "device-gone" };
      // A mailbox stands in the order of time, by which it expires: the entry counts from now
      insert.run(device, place.seq, now, sizeBytes, message, receipt, receiptNumber);
      remove.run(id);
      return { status: "done", device, receipts: [] };
    },

    /** Ends an entry for good: its body is gone. */
    drop(id: number, now: EpochMs): SetAsideOutcome {
      const row = find.get(id);
      if (!row) return { status: "no-such-entry" };
      return { status: "done", device: row.device, receipts: drop(row, now) };
    },

    /** Drops what was set aside before a time, or for a device that is gone. Answers whether there may be more. */
    dropStale(before: EpochMs, now: EpochMs): { receipts: readonly NewReceiptEntry[]; hasMore: boolean } {
      const rows = stale.all(before);
      return { receipts: rows.flatMap((row) => drop(row, now)), hasMore: rows.length === TURN };
    },
  };
}
