import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { MessageId } from "../../src/ids.js";

/** An entry as it is read for delivery. Numbers are row ids with their sealed form. */
export interface StoredEntry {
  readonly seq: number;
  readonly at: EpochMs;
  readonly sizeBytes: number;
  readonly message:
    | {
        readonly id: MessageId;
        readonly payload: string;
        readonly from: StoredNumber;
        readonly to: StoredNumber;
        /** Under which resource of its number others are shown the device that sent it. */
        readonly resource: string | null;
      }
    | undefined;
  /** JSON of a {@link NewReceiptEntry}'s content, and the number it came from. */
  readonly receipt: { readonly json: string; readonly from: StoredNumber } | undefined;
}

/** A number in the store. */
export interface StoredNumber {
  readonly id: number;
  readonly sealed: Uint8Array;
}

interface ReadRow {
  seq: number;
  at: number;
  sizeBytes: number;
  id: MessageId | null;
  payload: string | null;
  resource: string | null;
  fromId: number;
  fromSealed: Uint8Array;
  toId: number;
  toSealed: Uint8Array;
  receipt: string | null;
}

const READ_ENTRIES = `
  SELECT seq, at, size_bytes AS sizeBytes, origin_id AS id, payload, receipt, sender_resource AS resource,
    sender.id AS fromId, sender.sealed AS fromSealed, recipient.id AS toId, recipient.sealed AS toSealed
  FROM entries
    LEFT JOIN messages ON messages.id = message
    LEFT JOIN numbers AS sender ON sender.id = coalesce(receipt_number, sender_number)
    LEFT JOIN numbers AS recipient ON recipient.id = recipient_number
  WHERE device = ? AND seq > ? ORDER BY seq LIMIT ?`;

/** The SQL of reading mailboxes. */
export function openReading(database: Database) {
  const readEntries = database.prepare<[number, number, number], ReadRow>(READ_ENTRIES);
  return {
    /** The entries of a mailbox after a sequence number, in order, up to a number of entries and bytes. */
    read(device: number, after: number, maxEntries: number, maxBytes: number): StoredEntry[] {
      const entries: StoredEntry[] = [];
      let bytes = 0;
      for (const row of readEntries.iterate(device, after, maxEntries)) {
        bytes += row.sizeBytes;
        if (entries.length > 0 && bytes > maxBytes) break;
        entries.push(readEntry(row));
      }
      return entries;
    },
  };
}

function readEntry(row: ReadRow): StoredEntry {
  const from = { id: row.fromId, sealed: row.fromSealed };
  const to = { id: row.toId, sealed: row.toSealed };
  return {
    seq: row.seq,
    at: row.at,
    sizeBytes: row.sizeBytes,
    message:
      row.id === null
        ? undefined
        : { id: row.id, payload: row.payload ?? "", from, to, resource: row.resource },
    receipt: row.receipt === null ? undefined : { json: row.receipt, from },
  };
}
