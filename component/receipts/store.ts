import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { DeviceId, MessageId } from "../../src/ids.js";
import { RECEIPT_STATES, receiptRank, type ReceiptState } from "../../src/receipt-state.js";
import { openAppMessages } from "../apps/messages-store.js";
import type { Migration } from "../store/migrations.js";
import type { StoreModule } from "../store/operations.js";

/** One device of a recipient has come further with a message. */
export interface ReceiptChange {
  /** Row of the message. */
  readonly message: number;
  /** Row of the recipient's device. */
  readonly device: number;
  readonly state: ReceiptState;
}

/** What a receipt entry says, as it stands in the mailbox. */
export interface ReceiptContent {
  readonly state: ReceiptState;
  readonly deviceId: DeviceId | null;
  readonly at: EpochMs;
  readonly ids: readonly MessageId[];
}

/** A receipt that was just written to a mailbox of the sender. */
export interface NewReceiptEntry extends ReceiptContent {
  readonly device: number;
  readonly seq: number;
  /** The recipient's number, sealed, and its row. */
  readonly from: { readonly id: number; readonly sealed: Uint8Array };
}

/** Messages that one receipt entry speaks of at most. */
const MAX_IDS = 100;

/** Bytes that a receipt entry is taken to need. */
const RECEIPT_BYTES = 100;

/** The receipts of the messages, one row for each device that a message went to. */
export const receiptsMigrations: readonly Migration[] = [
  {
    number: 2,
    sql: `
      CREATE TABLE receipts (
        message INTEGER NOT NULL REFERENCES messages ON DELETE CASCADE,
        device INTEGER NOT NULL,
        device_id INTEGER,
        state INTEGER NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (message, device)
      ) STRICT, WITHOUT ROWID;`,
  },
];

interface Raised {
  readonly sender: number;
  readonly numberId: number;
  readonly numberSealed: Uint8Array;
  readonly deviceId: DeviceId | null;
  readonly state: ReceiptState;
  readonly ids: MessageId[];
  /** Rows of the messages, in the order of their ids. */
  readonly messages: number[];
  /** Row of the recipient's device. */
  readonly device: number;
}

/** The SQL of receipts, for the operations of other capabilities. */
export function openReceipts(database: Database) {
  const insert = database.prepare(
    "INSERT INTO receipts (message, device, device_id, state, at) VALUES (?, ?, ?, 0, ?) ON CONFLICT DO NOTHING",
  );
  // Monotone: a state is never replaced by a lower one
  const raise = database.prepare<[number, number, number, number, number], { deviceId: DeviceId | null }>(
    `UPDATE receipts SET state = ?, at = ?,
       device_id = coalesce(device_id, (SELECT device_id FROM devices WHERE id = device))
     WHERE message = ? AND device = ? AND state < ? RETURNING device_id AS deviceId`,
  );
  const messageOf = database.prepare<
    [number],
    { sender: number; id: MessageId; numberId: number; numberSealed: Uint8Array }
  >(
    `SELECT sender, origin_id AS id, numbers.id AS numberId, sealed AS numberSealed
     FROM messages JOIN numbers ON numbers.id = recipient_number WHERE messages.id = ?`,
  );
  const mailboxesOf = database.prepare<[number], { device: number; isApp: 0 | 1 }>(
    "SELECT id AS device, resource IS NOT NULL AS isApp FROM devices WHERE account = ?",
  );
  const appMessages = openAppMessages(database);
  const takeSeq = database.prepare<[number, number], { seq: number }>(
    `UPDATE devices SET next_seq = next_seq + 1, pending_count = pending_count + 1, pending_bytes = pending_bytes + ?
     WHERE id = ? RETURNING next_seq - 1 AS seq`,
  );
  const insertEntry = database.prepare(
    "INSERT INTO entries (device, seq, at, size_bytes, receipt, receipt_number) VALUES (?, ?, ?, ?, ?, ?)",
  );

  const write = (raised: Raised, at: EpochMs): NewReceiptEntry[] => {
    const { sender, numberId, numberSealed, deviceId, state } = raised;
    return mailboxesOf.all(sender).flatMap(({ device, isApp }) => {
      const ids = isApp === 1 ? appMessages.idsToTell(device, raised) : raised.ids;
      if (ids.length === 0) return [];
      const content: ReceiptContent = { state, deviceId, at, ids };
      const json = JSON.stringify(content);
      const sizeBytes = RECEIPT_BYTES + json.length;
      const { seq } = takeSeq.get(sizeBytes, device) as { seq: number };
      insertEntry.run(device, seq, at, sizeBytes, json, numberId);
      return [{ device, seq, from: { id: numberId, sealed: numberSealed }, ...content }];
    });
  };

  return {
    /** Notes that a message is in the mailbox of a device: the state `accepted`. */
    begin(message: number, device: number, deviceId: DeviceId | null, at: EpochMs): void {
      insert.run(message, device, deviceId, at);
    },

    /**
     * Raises states, and puts news of what rose into the senders' mailboxes, a batch an entry.
     *
     * A device that the message never went to, or a state not above the present one, changes nothing.
     */
    raise(changes: readonly ReceiptChange[], at: EpochMs): NewReceiptEntry[] {
      const groups = new Map<string, Raised>();
      const full: Raised[] = [];
      for (const { message, device, state } of changes) {
        const rank = receiptRank(state);
        const raised = raise.get(rank, at, message, device, rank);
        const about = raised && messageOf.get(message);
        if (!about) continue;
        const key = `${about.sender} ${about.numberId} ${device} ${state}`;
        const group = groups.get(key) ?? newGroup(about, raised.deviceId, state, device);
        group.ids.push(about.id);
        group.messages.push(message);
        groups.set(key, group);
        if (group.ids.length < MAX_IDS) continue;
        full.push(group);
        groups.delete(key);
      }
      return [...full, ...groups.values()].flatMap((group) => write(group, at));
    },
  };
}

function newGroup(
  { sender, numberId, numberSealed }: Pick<Raised, "sender" | "numberId" | "numberSealed">,
  deviceId: DeviceId | null,
  state: ReceiptState,
  device: number,
): Raised {
  return { sender, numberId, numberSealed, deviceId, state, device, ids: [], messages: [] };
}

/** Receipts as other stores use them. */
export type Receipts = ReturnType<typeof openReceipts>;

/** How far one device has come, as it is stored. */
export interface StoredReceipt {
  readonly deviceId: DeviceId | null;
  readonly state: ReceiptState;
  readonly at: EpochMs;
}

/** The answer to a status query, with the recipient's number sealed. */
export interface StoredStatus {
  readonly acceptedAt: EpochMs;
  readonly to: { readonly id: number; readonly sealed: Uint8Array };
  readonly receipts: readonly StoredReceipt[];
}

/** The SQL of reading and of queries. */
function openReceiptOperations(database: Database) {
  const receipts = openReceipts(database);
  const sent = database.prepare<
    [number, string],
    { message: number; acceptedAt: number; id: number; sealed: Uint8Array }
  >(
    `SELECT messages.id AS message, accepted_at AS acceptedAt, numbers.id, sealed
     FROM messages JOIN numbers ON numbers.id = recipient_number WHERE sender = ? AND origin_id = ?`,
  );
  const ofMessage = database.prepare<[number], { deviceId: DeviceId | null; state: number; at: number }>(
    "SELECT device_id AS deviceId, state, at FROM receipts WHERE message = ? ORDER BY device",
  );
  const received = database.prepare<[Uint8Array, string, number], { message: number }>(
    `SELECT messages.id AS message FROM messages
       JOIN accounts ON accounts.id = sender JOIN numbers ON numbers.id = accounts.number
     WHERE hash = ? AND origin_id = ? AND recipient = ?`,
  );
  const deviceOf = database.prepare<[number, number], { deviceId: DeviceId | null }>(
    "SELECT device_id AS deviceId FROM devices WHERE id = ? AND account = ?",
  );
  return {
    /** How far a message of this account has come, device by device. */
    status(account: number, id: MessageId): StoredStatus | undefined {
      const message = sent.get(account, id);
      if (!message) return undefined;
      const receipts = ofMessage
        .all(message.message)
        .map((row) => ({ ...row, state: RECEIPT_STATES[row.state] ?? "accepted" }));
      return { acceptedAt: message.acceptedAt, to: { id: message.id, sealed: message.sealed }, receipts };
    },

    /**
     * Notes that a device's person has read a message, and puts the news into the sender's mailboxes.
     *
     * @returns `undefined` when no such message ever went to this account: nobody else can claim to have read it
     */
    read(
      reader: { account: number; device: number },
      senderHash: Uint8Array,
      id: MessageId,
      now: EpochMs,
    ): NewReceiptEntry[] | undefined {
      const message = received.get(senderHash, id, reader.account)?.message;
      const device = deviceOf.get(reader.device, reader.account);
      if (message === undefined || !device) return undefined;
      receipts.begin(message, reader.device, device.deviceId, now);
      return receipts.raise([{ message, device: reader.device, state: "read" }], now);
    },
  };
}

/** Receipts as the main thread calls them. */
export type ReceiptOperations = ReturnType<typeof openReceiptOperations>;

/** The receipts part of the store thread; its table is made by the mailbox, on whose messages it builds. */
export const store: StoreModule<ReceiptOperations> = {
  name: "receipts",
  migrations: [],
  open: openReceiptOperations,
};
