import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { ReceiptState } from "../../src/receipt-state.js";
import type { NewReceiptEntry, Receipts } from "../receipts/store.js";

interface PendingEntry {
  readonly seq: number;
  readonly sizeBytes: number;
  readonly message: number | null;
}

/** The SQL of taking entries out of mailboxes: the only way in which one ends. */
export function openEntries(database: Database, receipts: Receipts) {
  const upTo = database.prepare<[number, number], PendingEntry>(
    "SELECT seq, size_bytes AS sizeBytes, message FROM entries WHERE device = ? AND seq <= ? ORDER BY seq",
  );
  const one = database.prepare<[number, number], PendingEntry>(
    "SELECT seq, size_bytes AS sizeBytes, message FROM entries WHERE device = ? AND seq = ?",
  );
  const removeOne = database.prepare("DELETE FROM entries WHERE device = ? AND seq = ?");
  const removeUpTo = database.prepare("DELETE FROM entries WHERE device = ? AND seq <= ?");
  const release = database.prepare(
    `UPDATE messages SET pending = pending - 1, payload = CASE WHEN pending > 1 THEN payload END WHERE id = ?`,
  );
  const discount = database.prepare(
    "UPDATE devices SET pending_count = pending_count - ?, pending_bytes = pending_bytes - ? WHERE id = ?",
  );

  const finish = (
    device: number,
    entries: readonly PendingEntry[],
    stateOf: (seq: number) => ReceiptState | undefined,
    now: EpochMs,
  ): NewReceiptEntry[] => {
    let bytes = 0;
    const changes = [];
    for (const entry of entries) {
      bytes += entry.sizeBytes;
      if (entry.message === null) continue;
      release.run(entry.message);
      const state = stateOf(entry.seq);
      if (state !== undefined) changes.push({ message: entry.message, device, state });
    }
    discount.run(entries.length, bytes, device);
    return receipts.raise(changes, now);
  };

  return {
    /**
     * Ends every entry of a mailbox up to a sequence number; bodies that nobody waits for are gone with it.
     *
     * @param stateOf what the sender of a message is told
     * @returns the receipts for the senders, how many entries ended, and the last of them
     */
    end(
      device: number,
      seq: number,
      stateOf: (seq: number) => ReceiptState,
      now: EpochMs,
    ): { readonly count: number; readonly last: number; readonly receipts: NewReceiptEntry[] } {
      const entries = upTo.all(device, seq);
      if (entries.length === 0) return { count: 0, last: 0, receipts: [] };
      removeUpTo.run(device, seq);
      const last = entries.at(-1)?.seq ?? 0;
      return { count: entries.length, last, receipts: finish(device, entries, stateOf, now) };
    },

    /**
     * Ends some entries of a mailbox, wherever in it they stand; those that have ended before count no more.
     *
     * @param state what their senders are told; nothing when it is `undefined`
     */
    endSome(
      device: number,
      seqs: readonly number[],
      state: ReceiptState | undefined,
      now: EpochMs,
    ): NewReceiptEntry[] {
      const entries = seqs.map((seq) => one.get(device, seq)).filter((entry) => entry !== undefined);
      if (entries.length === 0) return [];
      for (const { seq } of entries) removeOne.run(device, seq);
      return finish(device, entries, () => state, now);
    },
  };
}
