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
  toId: number;
  receipt: string | null;
}

const READ_ENTRIES = `
  SELECT seq, at, size_bytes AS sizeBytes, origin_id AS id, payload, receipt, sender_resource AS resource,
    coalesce(receipt_number, sender_number) AS fromId, recipient_number AS toId
  FROM entries LEFT JOIN messages ON messages.id = message
  WHERE device = ? AND seq > ? ORDER BY seq LIMIT ?`;

/** The SQL of reading mailboxes. */
export function openReading(database: Database) {
  const readEntries = database.prepare<[number, number, number], ReadRow>(READ_ENTRIES);
  const sealedOf = database.prepare<[number], Uint8Array>("SELECT sealed FROM numbers WHERE id = ?").pluck();
  return {
    /** The entries of a mailbox after a sequence number, in order, up to a number of entries and bytes. */
    read(device: number, after: number, maxEntries: number, maxBytes: number): StoredEntry[] {
      const entries: StoredEntry[] = [];
      // Most of a backlog is between few numbers, and what stands in it twice crosses the threads once
      const numbers = new Map<number, StoredNumber>();
      let bytes = 0;
      for (const row of readEntries.iterate(device, after, maxEntries)) {
        bytes += row.sizeBytes;
        if (entries.length > 0 && bytes > maxBytes) break;
        entries.push(readEntry(row, numberOf));
      }
      return entries;

      function numberOf(id: number): StoredNumber {
        const known = numbers.get(id);
        if (known) return known;
        const number = { id, sealed: sealedOf.get(id) as Uint8Array };
        numbers.set(id, number);
        return number;
      }
    },
  };
}

function readEntry(row: ReadRow, numberOf: (id: number) => StoredNumber): StoredEntry {
  const { seq, at, sizeBytes, id, payload, resource, receipt } = row;
  const from = numberOf(row.fromId);
  return {
    seq,
    at,
    sizeBytes,
    message: id === null ? undefined : { id, payload: payload ?? "", from, to: numberOf(row.toId), resource },
    receipt: receipt === null ? undefined : { json: receipt, from },
  };
}
