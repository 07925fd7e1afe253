import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { MessageId } from "../../src/ids.js";
import { receiptRank } from "../../src/receipt-state.js";
import { openEntries } from "../mailbox/entries-store.js";
import { openReceipts, type NewReceiptEntry } from "../receipts/store.js";
import type { StoreModule } from "../store/operations.js";
import { openTries } from "./tries-store.js";

/** Mailboxes of ordinary apps an account has at most: the one unseen for longest makes room for a new one. */
export const MAX_APPS = 10;

/** An app as it was seen. */
export interface SeenApp {
  /** Bare JID of the account. */
  readonly account: string;
  readonly resource: string;
  readonly now: EpochMs;
}

/** A message that came back from an app. */
export interface ReturnedMessage {
  /** Bare JID of the app's account. */
  readonly account: string;
  readonly resource: string;
  /** Keyed hash of the number that it was from. */
  readonly senderHash: Uint8Array;
  readonly id: string;
}

/** An app's mailbox. */
export interface AppMailbox {
  /** Row of the device, which is also its mailbox. */
  readonly device: number;
  readonly account: number;
  readonly number: { readonly id: number; readonly sealed: Uint8Array };
}

/** The SQL of the mailboxes of ordinary apps. */
function openApps(database: Database) {
  const receipts = openReceipts(database);
  const entries = openEntries(database, receipts);
  const rows = openAppRows(database);
  const received = database.prepare<[Uint8Array, string, number], { seq: number; message: number }>(
    // A stranger has no account, and the negative row of its address in its place
    `SELECT seq, messages.id AS message FROM numbers
       LEFT JOIN accounts ON accounts.number = numbers.id
       JOIN messages ON sender = coalesce(accounts.id, -numbers.id)
       JOIN entries ON entries.message = messages.id
     WHERE hash = ? AND origin_id = ? AND entries.device = ?`,
  );

  const tries = openTries(database, entries);
  return {
    ...tries,
    ...rows,

    /** A message came back from an app that has gone: neither it nor what went after it has arrived. */
    notSentById({ account, resource, senderHash, id }: ReturnedMessage): void {
      const mailbox = rows.find(account, resource);
      const found = mailbox && received.get(senderHash, id, mailbox.device);
      if (mailbox && found) tries.notSent(mailbox.device, found.seq);
    },

    /** Ends entries that an app has, wherever in its mailbox they stand. Answers the receipts for the senders. */
    end(device: number, seqs: readonly number[], now: EpochMs): NewReceiptEntry[] {
      return entries.endSome(device, seqs, "delivered", now);
    },

    /** Ends entries that an app refused. Answers the receipts for the senders. */
    refuse(device: number, seqs: readonly number[], now: EpochMs): NewReceiptEntry[] {
      return entries.endSome(device, seqs, "undecryptable", now);
    },

    /** Ends entries that the host has dropped, as of a number that was blocked there: nobody is told. */
    drop(device: number, seqs: readonly number[], now: EpochMs): void {
      entries.endSome(device, seqs, undefined, now);
    },

    /** Ends the entry of a message by its sender (hash of the number) and id; none when it is not in this mailbox. */
    endById(device: number, senderHash: Uint8Array, id: MessageId, now: EpochMs): NewReceiptEntry[] {
      const found = received.get(senderHash, id, device);
      return found ? entries.endSome(device, [found.seq], "delivered", now) : [];
    },
  };
}

interface PendingRow {
  readonly message: number;
  readonly at: EpochMs;
  readonly sizeBytes: number;
}

/** The SQL of the rows themselves: an app's is made when it is first seen, and goes when it is not seen any more. */
function openAppRows(database: Database) {
  const receipts = openReceipts(database);
  const find = database.prepare<[string, string], AppMailboxRow>(
    `SELECT devices.id AS device, account, numbers.id AS numberId, sealed AS numberSealed
     FROM devices JOIN accounts ON accounts.id = account JOIN numbers ON numbers.id = number
     WHERE jid = ? AND resource = ?`,
  );
  const accountOf = database.prepare<[string], { id: number }>("SELECT id FROM accounts WHERE jid = ?");
  const claim = database.prepare(
    "UPDATE devices SET resource = ?, seen_at = ? WHERE account = ? AND device_id IS NULL AND resource IS NULL",
  );
  const insert = database.prepare<[number, string, EpochMs, EpochMs]>(
    "INSERT INTO devices (account, resource, created_at, seen_at) VALUES (?, ?, ?, ?)",
  );
  const see = database.prepare("UPDATE devices SET seen_at = ? WHERE id = ?");
  const appsOf = database.prepare<[number], { id: number }>(
    "SELECT id FROM devices WHERE account = ? AND resource IS NOT NULL ORDER BY seen_at DESC, id DESC",
  );
  const remove = database.prepare("DELETE FROM devices WHERE id = ?");
  const unseen = database.prepare<[EpochMs], { id: number }>(
    "SELECT id FROM devices WHERE resource IS NOT NULL AND seen_at < ? LIMIT 500",
  );
  // An account is never without a mailbox: its last one waits for whatever comes next
  const release = database.prepare(
    `UPDATE devices SET resource = NULL, sent_once = 0, sent_twice = 0, answered = 0 WHERE id = @id
       AND NOT EXISTS (SELECT 1 FROM devices AS other WHERE other.account = devices.account AND other.id <> @id)`,
  );
  const pending = database.prepare<{ account: number }, PendingRow>(
    `SELECT message, min(at) AS at, size_bytes AS sizeBytes
     FROM entries JOIN devices ON devices.id = device JOIN messages ON messages.id = message
     WHERE account = @account AND recipient = @account AND NOT EXISTS (
       SELECT 1 FROM receipts JOIN devices AS own ON own.id = receipts.device AND own.account = @account
       WHERE receipts.message = entries.message AND state >= ${receiptRank("delivered")})
     GROUP BY message ORDER BY min(at), message`,
  );
  const takeSeq = database.prepare<[number, number], { seq: number }>(
    `UPDATE devices SET next_seq = next_seq + 1, pending_count = pending_count + 1, pending_bytes = pending_bytes + ?
     WHERE id = ? RETURNING next_seq - 1 AS seq`,
  );
  const enter = database.prepare(
    "INSERT INTO entries (device, seq, at, size_bytes, message) VALUES (?, ?, ?, ?, ?)",
  );
  const hold = database.prepare("UPDATE messages SET pending = pending + 1 WHERE id = ?");

  const begin = (device: number, waiting: readonly PendingRow[], now: EpochMs): void => {
    for (const { message, at, sizeBytes } of waiting) {
      const { seq } = takeSeq.get(sizeBytes, device) as { seq: number };
      enter.run(device, seq, at, sizeBytes, message);
      hold.run(message);
      receipts.begin(message, device, null, now);
    }
  };

  const make = (account: number, resource: string, now: EpochMs): void => {
    if (claim.run(resource, now, account).changes > 0) return;
    const waiting = pending.all({ account });
    for (const { id } of appsOf.all(account).slice(MAX_APPS - 1)) remove.run(id);
    begin(Number(insert.run(account, resource, now, now).lastInsertRowid), waiting, now);
  };

  return {
    /**
     * The mailbox of an app; a new one begins with what no device of the account has acknowledged.
     *
     * @returns `undefined` when no number belongs to the account
     */
    seen({ account: jid, resource, now }: SeenApp): AppMailbox | undefined {
      if (!find.get(jid, resource)) {
        const account = accountOf.get(jid);
        if (!account) return undefined;
        make(account.id, resource, now);
      }
      const { device, account, numberId, numberSealed } = find.get(jid, resource) as AppMailboxRow;
      see.run(now, device);
      return { device, account, number: { id: numberId, sealed: numberSealed } };
    },

    /** The mailbox of an app that was seen before. */
    find(jid: string, resource: string): AppMailbox | undefined {
      const row = find.get(jid, resource);
      return row && { device: row.device, account: row.account, number: numberOf(row) };
    },

    /** Notes that apps are still there. */
    stillSeen(devices: readonly number[], now: EpochMs): void {
      for (const device of devices) see.run(now, device);
    },

    /** Forgets apps that were not seen since a time. Answers whether there may be more. */
    forgetUnseen(before: EpochMs, now: EpochMs): boolean {
      const rows = unseen.all(before);
      for (const { id } of rows) {
        if (release.run({ id }).changes > 0) see.run(now, id);
        else remove.run(id);
      }
      return rows.length === 500;
    },
  };
}

interface AppMailboxRow {
  readonly device: number;
  readonly account: number;
  readonly numberId: number;
  readonly numberSealed: Uint8Array;
}

function numberOf({ numberId, numberSealed }: AppMailboxRow): AppMailbox["number"] {
  return { id: numberId, sealed: numberSealed };
}

/** Apps as the main thread calls them. */
export type AppOperations = ReturnType<typeof openApps>;

/** The apps part of the store thread; its rows are devices of accounts and messages of the mailbox. */
export const store: StoreModule<AppOperations> = {
  name: "apps",
  migrations: [],
  takesRoom: [],
  open: openApps,
};
