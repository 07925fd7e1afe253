import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { DeviceId, MessageId } from "../../src/ids.js";
import { appMessagesMigrations, openAppMessages, type AppTraits } from "../apps/messages-store.js";
import { openBlockCheck } from "../contacts/block-store.js";
import { openReceipts, receiptsMigrations, type NewReceiptEntry } from "../receipts/store.js";
import type { Migration } from "../store/migrations.js";
import type { StoreModule } from "../store/operations.js";
import { openAttach } from "./attach-store.js";
import { openDepth } from "./depth-store.js";
import { openRetention } from "./retention-store.js";
import { decideAcceptance, type MailboxFacts, type MailboxLimits, type Refusal } from "./service.js";

/** A message as the store thread takes it. */
export interface StoredSubmission {
  readonly id: MessageId;
  /** Keyed hash of the recipient's number. */
  readonly toHash: Uint8Array;
  readonly payload: string;
  /** Hash of payload and recipient: tells a repeated message from another under the same id. */
  readonly digest: Uint8Array;
  /** Set when an ordinary app sent it: what that app is to be told of it. */
  readonly app?: AppTraits | undefined;
}

/** Who submits. */
export interface SubmittingDevice {
  readonly account: number;
  readonly device: number;
}

/** An entry that was just written to a mailbox. */
export interface NewMessageEntry {
  readonly device: number;
  readonly seq: number;
}

/** What became of one submission. */
export type StoredOutcome =
  | { readonly refusal: Refusal }
  | {
      readonly acceptedAt: EpochMs;
      readonly isDuplicate: boolean;
      readonly entries: readonly NewMessageEntry[];
    };

/** What a batch of submissions led to. */
export interface AcceptResult {
  readonly outcomes: readonly StoredOutcome[];
  /** Receipts for the sender, of mailboxes that were full. */
  readonly receipts: readonly NewReceiptEntry[];
}

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

const migrations: readonly Migration[] = [
  {
    number: 1,
    // A message outlives its entries for as long as its id and its receipts are kept; its body does not.
    // Entries are not tied to devices by a foreign key: those of a device that is gone still have to end in
    // a state that the sender is told.
    sql: `
      CREATE TABLE messages (
        id INTEGER PRIMARY KEY,
        sender INTEGER NOT NULL,
        origin_id TEXT NOT NULL,
        recipient INTEGER NOT NULL,
        sender_number INTEGER NOT NULL REFERENCES numbers,
        recipient_number INTEGER NOT NULL REFERENCES numbers,
        accepted_at INTEGER NOT NULL,
        digest BLOB NOT NULL,
        pending INTEGER NOT NULL,
        payload TEXT,
        UNIQUE (sender, origin_id)
      ) STRICT;
      CREATE TABLE entries (
        device INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL,
        message INTEGER,
        receipt TEXT,
        receipt_number INTEGER,
        PRIMARY KEY (device, seq)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE set_aside (
        device INTEGER NOT NULL,
        message INTEGER,
        at INTEGER NOT NULL
      ) STRICT;`,
  },
  ...receiptsMigrations,
  ...appMessagesMigrations,
];

/** Bytes that an entry is taken to cost beside its payload. */
const ENTRY_OVERHEAD_BYTES = 200;

/** The SQL of mailboxes: accepting, reading, acknowledging. */
export function openMailbox(database: Database) {
  const receipts = openReceipts(database);
  const appMessages = openAppMessages(database);
  const hasBlocked = openBlockCheck(database);
  const sameDevice = database.prepare<[number, number], SenderNumber>(
    `SELECT number AS numberId, hash FROM devices JOIN accounts ON accounts.id = account
       JOIN numbers ON numbers.id = number WHERE devices.id = ? AND accounts.id = ?`,
  );
  const earlier = database.prepare<[number, string], { digest: Uint8Array; acceptedAt: number }>(
    "SELECT digest, accepted_at AS acceptedAt FROM messages WHERE sender = ? AND origin_id = ?",
  );
  const accountByNumber = database.prepare<[Uint8Array], { account: number; numberId: number }>(
    "SELECT accounts.id AS account, number AS numberId FROM accounts JOIN numbers ON numbers.id = number WHERE hash = ?",
  );
  const mailboxesOf = database.prepare<[number], MailboxFacts & { deviceId: DeviceId | null }>(
    `SELECT id AS device, device_id AS deviceId, pending_count AS pendingCount, pending_bytes AS pendingBytes,
       resource IS NOT NULL AS isApp FROM devices WHERE account = ?`,
  );
  const insertMessage = database.prepare(
    `INSERT INTO messages (sender, origin_id, recipient, sender_number, recipient_number, accepted_at, digest, pending, payload)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const takeSeq = database.prepare<[number, number], { seq: number }>(
    `UPDATE devices SET next_seq = next_seq + 1, pending_count = pending_count + 1, pending_bytes = pending_bytes + ?
     WHERE id = ? RETURNING next_seq - 1 AS seq`,
  );
  const insertEntry = database.prepare(
    "INSERT INTO entries (device, seq, at, size_bytes, message) VALUES (?, ?, ?, ?, ?)",
  );
  const countSent = database.prepare("UPDATE devices SET sent = @sent WHERE id = @device AND sent < @sent");
  const readEntries = database.prepare<[number, number, number], ReadRow>(READ_ENTRIES);

  const accept = (
    sender: SubmittingDevice,
    senderNumber: SenderNumber,
    submission: StoredSubmission,
    now: EpochMs,
    limits: MailboxLimits,
    made: NewReceiptEntry[],
    full: Set<string>,
  ): StoredOutcome => {
    const { id, toHash, payload, digest, app } = submission;
    const known = earlier.get(sender.account, id);
    const target = accountByNumber.get(toHash);
    // Whoever is blocked sees what everybody sees of somebody who never comes: accepted, and no more
    const isReached = target !== undefined && !hasBlocked(target.account, senderNumber.hash);
    const recipientMailboxes = isReached ? mailboxesOf.all(target.account) : [];
    const senderMailboxes = mailboxesOf.all(sender.account).filter(({ device }) => device !== sender.device);
    const sizeBytes = Buffer.byteLength(payload) + ENTRY_OVERHEAD_BYTES;
    const recipientKey = Buffer.from(toHash).toString("latin1");
    const decision = decideAcceptance(
      {
        earlier: known && {
          isSame: Buffer.compare(known.digest, digest) === 0,
          acceptedAt: known.acceptedAt,
        },
        recipient: target && { account: target.account, mailboxes: recipientMailboxes },
        senderMailboxes,
        senderAccount: sender.account,
        sizeBytes,
        isBehindRefused: full.has(recipientKey),
      },
      limits,
    );
    if (decision.kind === "refuse") {
      if (decision.refusal === "mailbox-full") full.add(recipientKey);
      return { refusal: decision.refusal };
    }
    if (decision.kind === "duplicate")
      return { acceptedAt: decision.acceptedAt, isDuplicate: true, entries: [] };
    const { account: recipient, numberId } = target as { account: number; numberId: number };
    const places = [...decision.deliver, ...decision.copy];
    const row = insertMessage.run(
      sender.account,
      id,
      recipient,
      senderNumber.numberId,
      numberId,
      now,
      digest,
      places.length,
      places.length > 0 ? payload : null,
    );
    const message = Number(row.lastInsertRowid);
    if (app) appMessages.note(message, sender.device, app);
    const deviceIdOf = (device: number) =>
      [...recipientMailboxes, ...senderMailboxes].find((m) => m.device === device)?.deviceId ?? null;
    const entries = places.map(({ device }) => {
      const { seq } = takeSeq.get(sizeBytes, device) as { seq: number };
      insertEntry.run(device, seq, now, sizeBytes, message);
      return { device, seq };
    });
    for (const { device } of decision.deliver) receipts.begin(message, device, deviceIdOf(device), now);
    for (const { device } of decision.skip) {
      receipts.begin(message, device, deviceIdOf(device), now);
      made.push(...receipts.raise([{ message, device, state: "expired" }], now));
    }
    return { acceptedAt: now, isDuplicate: false, entries };
  };

  return {
    ...openAttach(database, receipts),
    ...openRetention(database, receipts),
    ...openDepth(database),

    /**
     * Accepts messages of one device: each is deduplicated, stored and put into every mailbox, or refused.
     *
     * @param sent how often the device had encrypted something by then, when it says so
     */
    accept(
      sender: SubmittingDevice,
      submissions: readonly StoredSubmission[],
      now: EpochMs,
      limits: MailboxLimits,
      sent?: number,
    ): AcceptResult | undefined {
      const device = sameDevice.get(sender.device, sender.account);
      if (!device) return undefined;
      if (sent !== undefined) countSent.run({ sent, device: sender.device });
      const made: NewReceiptEntry[] = [];
      const full = new Set<string>();
      const outcomes = submissions.map((submission) =>
        accept(sender, device, submission, now, limits, made, full),
      );
      return { outcomes, receipts: made };
    },

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

interface SenderNumber {
  readonly numberId: number;
  readonly hash: Uint8Array;
}

interface ReadRow {
  seq: number;
  at: number;
  sizeBytes: number;
  id: MessageId | null;
  payload: string | null;
  fromId: number;
  fromSealed: Uint8Array;
  toId: number;
  toSealed: Uint8Array;
  receipt: string | null;
}

const READ_ENTRIES = `
  SELECT seq, at, size_bytes AS sizeBytes, origin_id AS id, payload, receipt,
    sender.id AS fromId, sender.sealed AS fromSealed, recipient.id AS toId, recipient.sealed AS toSealed
  FROM entries
    LEFT JOIN messages ON messages.id = message
    LEFT JOIN numbers AS sender ON sender.id = coalesce(receipt_number, sender_number)
    LEFT JOIN numbers AS recipient ON recipient.id = recipient_number
  WHERE device = ? AND seq > ? ORDER BY seq LIMIT ?`;

function readEntry(row: ReadRow): StoredEntry {
  const from = { id: row.fromId, sealed: row.fromSealed };
  return {
    seq: row.seq,
    at: row.at,
    sizeBytes: row.sizeBytes,
    message:
      row.id === null
        ? undefined
        : { id: row.id, payload: row.payload ?? "", from, to: { id: row.toId, sealed: row.toSealed } },
    receipt: row.receipt === null ? undefined : { json: row.receipt, from },
  };
}

/** Mailboxes as the main thread calls them. */
export type MailboxOperations = ReturnType<typeof openMailbox>;

/** The mailbox part of the store thread. */
export const store: StoreModule<MailboxOperations> = {
  name: "mailbox",
  migrations,
  takesRoom: ["accept"],
  open: openMailbox,
};
