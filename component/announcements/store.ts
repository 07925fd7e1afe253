import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import { newMessageId, type MessageId } from "../../src/ids.js";
import type { NewMessageEntry } from "../mailbox/accept-store.js";
import { decideAcceptance, type MailboxFacts, type MailboxLimits } from "../mailbox/service.js";
import { openReceipts } from "../receipts/store.js";
import type { Migration } from "../store/migrations.js";
import type { StoreModule } from "../store/operations.js";

/** Bytes that an entry is taken to cost beside its payload. */
const ENTRY_OVERHEAD_BYTES = 200;
/** Announcements that one answer lists, the newest first. */
const LIST = 20;

/** Whom an announcement would reach. */
export interface Reach {
  /** People with an ordinary app, which shows it. */
  readonly people: number;
  /** People who have none: devices of the SDK take messages of numbers alone. */
  readonly withoutApp: number;
}

/** How far an announcement has come. */
export interface AnnouncementRow {
  readonly id: number;
  readonly startedAt: EpochMs;
  /** When it had gone to everybody, or was ended; null while it is under way. */
  readonly endedAt: EpochMs | null;
  readonly isCancelled: 0 | 1;
  /** People in whose mailboxes it is, or was. */
  readonly reached: number;
  /** People without an app, or whose mailboxes are full. */
  readonly unreached: number;
  /** People that are still to come. */
  readonly left: number;
}

/** The service as a sender: its row among the numbers. */
export interface ServiceSender {
  readonly hash: Uint8Array;
  readonly sealed: Uint8Array;
}

/** A turn of an announcement. */
export interface TurnRequest {
  readonly sender: ServiceSender;
  readonly people: number;
  readonly now: EpochMs;
  readonly limits: MailboxLimits;
}

/** A message of an announcement that was just put into mailboxes. */
export interface Announced {
  readonly id: MessageId;
  readonly payload: string;
  readonly to: { readonly id: number; readonly sealed: Uint8Array };
  readonly entries: readonly NewMessageEntry[];
}

const migrations: readonly Migration[] = [
  {
    number: 1,
    // up_to: who signs up afterwards does not get it. The payload goes when the announcement ends.
    sql: `
      CREATE TABLE announcements (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        payload TEXT NOT NULL,
        started_at INTEGER NOT NULL,
        ended_at INTEGER,
        is_cancelled INTEGER NOT NULL DEFAULT 0,
        last_account INTEGER NOT NULL DEFAULT 0,
        up_to INTEGER NOT NULL,
        reached INTEGER NOT NULL DEFAULT 0,
        unreached INTEGER NOT NULL DEFAULT 0
      ) STRICT;`,
  },
];

interface UnderWay {
  readonly id: number;
  readonly payload: string;
  readonly lastAccount: number;
  readonly upTo: number;
}

interface Person {
  readonly account: number;
  readonly numberId: number;
  readonly sealed: Uint8Array;
}

/** The SQL of announcements. */
function openAnnouncements(database: Database) {
  const underWay = database.prepare<[], UnderWay>(
    "SELECT id, payload, last_account AS lastAccount, up_to AS upTo FROM announcements WHERE ended_at IS NULL",
  );
  const begin = database.prepare<[string, EpochMs]>(
    `INSERT INTO announcements (payload, started_at, up_to)
     VALUES (?, ?, (SELECT coalesce(max(id), 0) FROM accounts))`,
  );
  const people = database.prepare<[number, number, number], Person>(
    `SELECT accounts.id AS account, number AS numberId, sealed FROM accounts JOIN numbers ON numbers.id = number
     WHERE accounts.id > ? AND accounts.id <= ? ORDER BY accounts.id LIMIT ?`,
  );
  const advance = database.prepare<{ id: number; last: number; reached: number; unreached: number }>(
    `UPDATE announcements SET last_account = @last, reached = reached + @reached, unreached = unreached + @unreached
     WHERE id = @id`,
  );
  const end = database.prepare<{ id: number; now: EpochMs; isCancelled: 0 | 1 }>(
    "UPDATE announcements SET payload = '', ended_at = @now, is_cancelled = @isCancelled WHERE id = @id",
  );
  const give = openGiving(database);

  return {
    ...openLooking(database),

    /** Begins an announcement. Answers its id; `undefined` while another one is under way. */
    begin(payload: string, now: EpochMs): number | undefined {
      return underWay.get() ? undefined : Number(begin.run(payload, now).lastInsertRowid);
    },

    /** Puts the announcement under way into the mailboxes of the next people; `undefined` when there is none. */
    announceNext(request: TurnRequest): Announced[] | undefined {
      const current = underWay.get();
      if (!current) return undefined;
      const { id, payload, lastAccount, upTo } = current;
      const next = people.all(lastAccount, upTo, request.people);
      const given = next.map((person) => give(person, payload, request)).filter((one) => one !== undefined);
      const last = next.at(-1)?.account ?? upTo;
      advance.run({ id, last, reached: given.length, unreached: next.length - given.length });
      if (next.length < request.people) end.run({ id, now: request.now, isCancelled: 0 });
      return given;
    },

    /** Ends the announcement under way: those that it has not come to do not get it. Answers whether there was one. */
    cancel(now: EpochMs): boolean {
      const current = underWay.get();
      if (current) end.run({ id: current.id, now, isCancelled: 1 });
      return current !== undefined;
    },
  };
}

function openLooking(database: Database) {
  const withApp = "EXISTS (SELECT 1 FROM devices WHERE account = accounts.id AND resource IS NOT NULL)";
  const reach = database.prepare<[], Reach>(
    `SELECT coalesce(sum(${withApp}), 0) AS people, coalesce(sum(NOT ${withApp}), 0) AS withoutApp FROM accounts`,
  );
  const list = database.prepare<[number], AnnouncementRow>(
    `SELECT id, started_at AS startedAt, ended_at AS endedAt, is_cancelled AS isCancelled, reached, unreached,
       CASE WHEN ended_at IS NULL THEN
         (SELECT count(*) FROM accounts WHERE accounts.id > last_account AND accounts.id <= up_to) ELSE 0 END AS left
     FROM announcements ORDER BY id DESC LIMIT ?`,
  );
  return {
    /** Whom an announcement would reach now. */
    reach: (): Reach => reach.get() ?? { people: 0, withoutApp: 0 },

    /** The last announcements, the newest first. */
    announcements: (): AnnouncementRow[] => list.all(LIST),
  };
}

function openGiving(database: Database) {
  const receipts = openReceipts(database);
  const appsOf = database.prepare<[number], MailboxFacts>(
    `SELECT id AS device, pending_count AS pendingCount, pending_bytes AS pendingBytes
     FROM devices WHERE account = ? AND resource IS NOT NULL`,
  );
  const keep = database.prepare("INSERT INTO numbers (hash, sealed) VALUES (?, ?) ON CONFLICT DO NOTHING");
  const find = database.prepare<[Uint8Array], number>("SELECT id FROM numbers WHERE hash = ?").pluck();
  const insert = database.prepare(
    `INSERT INTO messages (sender, origin_id, recipient, sender_number, recipient_number, accepted_at, digest, pending, payload)
     VALUES (?, ?, ?, ?, ?, ?, x'', ?, ?)`,
  );
  const takeSeq = database.prepare<[number, number], { seq: number }>(
    `UPDATE devices SET next_seq = next_seq + 1, pending_count = pending_count + 1, pending_bytes = pending_bytes + ?
     WHERE id = ? RETURNING next_seq - 1 AS seq`,
  );
  const enter = database.prepare(
    "INSERT INTO entries (device, seq, at, size_bytes, message) VALUES (?, ?, ?, ?, ?)",
  );

  /** Puts the message into the mailboxes of a person's apps; `undefined` when there is none that has room. */
  return (
    { account, numberId, sealed }: Person,
    payload: string,
    request: TurnRequest,
  ): Announced | undefined => {
    const { sender, now, limits } = request;
    const mailboxes = appsOf.all(account);
    if (mailboxes.length === 0) return undefined;
    keep.run(sender.hash, sender.sealed);
    const number = find.get(sender.hash) as number;
    const sizeBytes = Buffer.byteLength(payload) + ENTRY_OVERHEAD_BYTES;
    const decision = decideAcceptance(
      {
        earlier: undefined,
        recipient: { account, mailboxes },
        senderMailboxes: [],
        // As a stranger's: no account has such a row. Source: docs/decisions/0010-federation.md
        senderAccount: -number,
        sizeBytes,
        isBehindRefused: false,
      },
      limits,
    );
    if (decision.kind !== "accept") return undefined;
    const id = newMessageId();
    const { deliver } = decision;
    const row = insert.run(-number, id, account, number, numberId, now, deliver.length, payload);
    const message = Number(row.lastInsertRowid);
    const entries = deliver.map(({ device }) => {
      const { seq } = takeSeq.get(sizeBytes, device) as { seq: number };
      enter.run(device, seq, now, sizeBytes, message);
      receipts.begin(message, device, null, now);
      return { device, seq };
    });
    return { id, payload, to: { id: numberId, sealed }, entries };
  };
}

/** Announcements as the main thread calls them. */
export type AnnouncementOperations = ReturnType<typeof openAnnouncements>;

/** The part of the store thread that writes to everybody; comes after those of accounts and mailbox. */
export const store: StoreModule<AnnouncementOperations> = {
  name: "announcements",
  migrations,
  takesRoom: ["begin", "announceNext"],
  open: openAnnouncements,
};
