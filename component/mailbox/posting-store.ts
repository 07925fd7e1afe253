import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { DeviceId } from "../../src/ids.js";
import { openBlockCheck } from "../contacts/block-store.js";
import type { MailboxFacts } from "./service.js";

/** Whom a number belongs to. */
export interface Recipient {
  readonly account: number;
  readonly numberId: number;
  /** Whether the sender is blocked by it. */
  readonly hasBlocked: boolean;
}

/** A mailbox while a submit is taken. */
export interface OpenMailbox extends MailboxFacts {
  readonly deviceId: DeviceId | null;
  nextSeq: number;
  pendingCount: number;
  pendingBytes: number;
  /** Entries that its row does not count yet, and their bytes. */
  added: number;
  addedBytes: number;
}

const MAILBOX = `devices.id AS device, device_id AS deviceId, pending_count AS pendingCount,
  pending_bytes AS pendingBytes, next_seq AS nextSeq, resource IS NOT NULL AS isApp, 0 AS added, 0 AS addedBytes`;

/** The SQL of whom messages go to, and of their mailboxes. */
export function openPostings(database: Database) {
  const hasBlocked = openBlockCheck(database);
  const recipientOf = database.prepare<[Uint8Array], Omit<Recipient, "hasBlocked">>(
    "SELECT accounts.id AS account, number AS numberId FROM accounts JOIN numbers ON numbers.id = number WHERE hash = ?",
  );
  const mailboxesOf = database.prepare<[number], OpenMailbox>(
    `SELECT ${MAILBOX} FROM devices WHERE account = ?`,
  );
  const count = database.prepare(
    `UPDATE devices SET next_seq = next_seq + @added, pending_count = pending_count + @added,
       pending_bytes = pending_bytes + @addedBytes WHERE id = @device`,
  );
  const insertEntry = database.prepare(
    "INSERT INTO entries (device, seq, at, size_bytes, message) VALUES (?, ?, ?, ?, ?)",
  );

  return {
    /** Whom a number (keyed hash) belongs to. @param senderHash keyed hash of the number of whoever writes */
    findRecipient(hash: Uint8Array, senderHash: Uint8Array): Recipient | undefined {
      const found = recipientOf.get(hash);
      return found && { hasBlocked: hasBlocked(found.account, senderHash), ...found };
    },

    /** The mailboxes of an account. */
    findMailboxes: (account: number): OpenMailbox[] => mailboxesOf.all(account),

    /** Puts a message (its row) into a mailbox. Answers its sequence number there. */
    put(mailbox: OpenMailbox, message: number, sizeBytes: number, at: EpochMs): number {
      const seq = mailbox.nextSeq;
      insertEntry.run(mailbox.device, seq, at, sizeBytes, message);
      mailbox.nextSeq += 1;
      mailbox.pendingCount += 1;
      mailbox.pendingBytes += sizeBytes;
      mailbox.added += 1;
      mailbox.addedBytes += sizeBytes;
      return seq;
    },

    /** Counts in the row of a mailbox what was put into it. */
    count(mailbox: OpenMailbox): void {
      if (mailbox.added > 0) count.run(mailbox);
    },
  };
}

/**
 * Whom the messages of one submit go to, and their mailboxes as these fill: read once, and counted once.
 *
 * Good within one operation of the store, in which nothing else takes a sequence number but after {@link settle}.
 */
export class Postings {
  readonly #sql: ReturnType<typeof openPostings>;
  readonly #senderHash: Uint8Array;
  readonly #recipients = new Map<string, Recipient | undefined>();
  readonly #mailboxes = new Map<number, OpenMailbox[]>();

  /** @param senderHash keyed hash of the number of whoever writes */
  constructor(sql: ReturnType<typeof openPostings>, senderHash: Uint8Array) {
    this.#sql = sql;
    this.#senderHash = senderHash;
  }

  /** Whom a number (keyed hash) belongs to. */
  recipientOf(hash: Uint8Array): Recipient | undefined {
    return remembered(this.#recipients, keyOf(hash), () => this.#sql.findRecipient(hash, this.#senderHash));
  }

  /** The mailboxes of an account, with what was put into them. */
  mailboxesOf(account: number): readonly OpenMailbox[] {
    return remembered(this.#mailboxes, account, () => this.#sql.findMailboxes(account));
  }

  /** Puts a message (its row) into a mailbox. Answers its sequence number there. */
  put(mailbox: OpenMailbox, message: number, sizeBytes: number, at: EpochMs): number {
    return this.#sql.put(mailbox, message, sizeBytes, at);
  }

  /** Brings the rows of mailboxes up to date; they are read anew when they are asked for again. */
  settle(): void {
    for (const mailboxes of this.#mailboxes.values())
      for (const mailbox of mailboxes) this.#sql.count(mailbox);
    this.#mailboxes.clear();
  }
}

/** A hash as the key of a map. */
export function keyOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString("latin1");
}

function remembered<Key, Value>(known: Map<Key, Value>, key: Key, find: () => Value): Value {
  const value = known.get(key);
  if (value !== undefined || known.has(key)) return value as Value;
  const found = find();
  known.set(key, found);
  return found;
}
