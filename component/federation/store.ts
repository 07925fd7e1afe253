import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { MessageId } from "../../src/ids.js";
import { decideAcceptance, type MailboxFacts, type MailboxLimits } from "../mailbox/service.js";
import type { NewMessageEntry } from "../mailbox/accept-store.js";
import { openReceipts } from "../receipts/store.js";
import type { Migration } from "../store/migrations.js";
import type { StoreModule } from "../store/operations.js";
import { SWEEP_ROWS } from "../turns.js";

/** Bytes that an entry is taken to cost beside its payload. */
const ENTRY_OVERHEAD_BYTES = 200;

/** A message of somebody on another server. */
export interface StrangerMessage {
  /** Keyed hash of the sender's escaped address, and the address sealed. */
  readonly fromHash: Uint8Array;
  readonly fromSealed: Uint8Array;
  /** Under which resource of its address the sender's app is shown here. */
  readonly resource: string;
  /** Keyed hash of the recipient's number. */
  readonly toHash: Uint8Array;
  readonly id: MessageId;
  readonly payload: string;
  readonly digest: Uint8Array;
  readonly now: EpochMs;
}

/** That somebody tries to reach a number. */
export interface Trial {
  /** Keyed hashes of the one who tries, and of the domain, with how many numbers each may try in a day. */
  readonly of: readonly { readonly hash: Uint8Array; readonly limit: number }[];
  readonly toHash: Uint8Array;
  /** The day it is, counted from 1970. */
  readonly day: number;
}

const migrations: readonly Migration[] = [
  {
    number: 1,
    sql: `
      CREATE TABLE stranger_welcomes (
        account INTEGER PRIMARY KEY REFERENCES accounts ON DELETE CASCADE
      ) STRICT;
      CREATE TABLE stranger_trials (
        who BLOB NOT NULL,
        number BLOB NOT NULL,
        day INTEGER NOT NULL,
        PRIMARY KEY (who, day, number)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE stranger_answers (
        account INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
        stranger BLOB NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (account, stranger)
      ) STRICT, WITHOUT ROWID;`,
  },
];

/** The SQL of who lets strangers write, and of what they wrote. */
function openFederation(database: Database) {
  const accountOf = database.prepare<[string], number>("SELECT id FROM accounts WHERE jid = ?").pluck();
  const isWelcome = database
    .prepare<[number], 1>("SELECT 1 FROM stranger_welcomes WHERE account = ?")
    .pluck();
  const welcome = database.prepare("INSERT INTO stranger_welcomes VALUES (?) ON CONFLICT DO NOTHING");
  const unwelcome = database.prepare("DELETE FROM stranger_welcomes WHERE account = ?");
  return {
    ...openAccepting(database, (account) => isWelcome.get(account) !== undefined),
    ...openTrials(database),
    ...openAnswers(database),

    /** Whether an account (bare JID) lets strangers write; `undefined` without a number. */
    welcomesStrangers(jid: string): boolean | undefined {
      const account = accountOf.get(jid);
      return account === undefined ? undefined : isWelcome.get(account) !== undefined;
    },

    /** Decides it anew. Answers whether the account (bare JID) has a number. */
    setWelcome(jid: string, isWelcoming: boolean): boolean {
      const account = accountOf.get(jid);
      if (account === undefined) return false;
      (isWelcoming ? welcome : unwelcome).run(account);
      return true;
    },
  };
}

function openAccepting(database: Database, isWelcome: (account: number) => boolean) {
  const receipts = openReceipts(database);
  const target = database.prepare<[Uint8Array], { account: number; numberId: number }>(
    "SELECT accounts.id AS account, number AS numberId FROM accounts JOIN numbers ON numbers.id = number WHERE hash = ?",
  );
  const appsOf = database.prepare<[number], MailboxFacts>(
    `SELECT id AS device, pending_count AS pendingCount, pending_bytes AS pendingBytes
     FROM devices WHERE account = ? AND resource IS NOT NULL`,
  );
  const keep = database.prepare("INSERT INTO numbers (hash, sealed) VALUES (?, ?) ON CONFLICT DO NOTHING");
  const find = database.prepare<[Uint8Array], number>("SELECT id FROM numbers WHERE hash = ?").pluck();
  const earlier = database.prepare<[number, string], { digest: Uint8Array; acceptedAt: EpochMs }>(
    "SELECT digest, accepted_at AS acceptedAt FROM messages WHERE sender = ? AND origin_id = ?",
  );
  const insert = database.prepare(
    `INSERT INTO messages (sender, origin_id, recipient, sender_number, recipient_number, accepted_at, digest, pending, payload,
       sender_resource)
     VALUES (@sender, @id, @recipient, @number, @numberId, @now, @digest, @pending, @payload, @resource)`,
  );
  const takeSeq = database.prepare<[number, number], { seq: number }>(
    `UPDATE devices SET next_seq = next_seq + 1, pending_count = pending_count + 1, pending_bytes = pending_bytes + ?
     WHERE id = ? RETURNING next_seq - 1 AS seq`,
  );
  const enter = database.prepare(
    "INSERT INTO entries (device, seq, at, size_bytes, message) VALUES (?, ?, ?, ?, ?)",
  );

  return {
    /**
     * Puts a message into the mailboxes of the recipient's apps.
     *
     * The sender is no account: its messages count as those of the negative row of its address among the numbers.
     *
     * @returns `undefined` when it is refused, whatever the reason
     */
    acceptFromStranger(message: StrangerMessage, limits: MailboxLimits): NewMessageEntry[] | undefined {
      const { fromHash, fromSealed, resource, toHash, id, payload, digest, now } = message;
      const recipient = target.get(toHash);
      if (!recipient || !isWelcome(recipient.account)) return undefined;
      const mailboxes = appsOf.all(recipient.account);
      if (mailboxes.length === 0) return undefined;
      const sizeBytes = Buffer.byteLength(payload) + ENTRY_OVERHEAD_BYTES;
      keep.run(fromHash, fromSealed);
      const number = find.get(fromHash) as number;
      const known = earlier.get(-number, id);
      const decision = decideAcceptance(
        {
          earlier: known && {
            isSame: Buffer.compare(known.digest, digest) === 0,
            acceptedAt: known.acceptedAt,
          },
          recipient: { account: recipient.account, mailboxes },
          senderMailboxes: [],
          senderAccount: -number,
          sizeBytes,
          isBehindRefused: false,
        },
        limits,
      );
      if (decision.kind === "refuse") return undefined;
      if (decision.kind === "duplicate") return [];
      const { deliver } = decision;
      const { account, numberId } = recipient;
      const row = insert.run({
        sender: -number,
        id,
        recipient: account,
        number,
        numberId,
        now,
        digest,
        pending: deliver.length,
        payload,
        resource,
      });
      return deliver.map(({ device }) => {
        const { seq } = takeSeq.get(sizeBytes, device) as { seq: number };
        enter.run(device, seq, now, sizeBytes, row.lastInsertRowid);
        receipts.begin(Number(row.lastInsertRowid), device, null, now);
        return { device, seq };
      });
    },
  };
}

// In the store: whoever looks for numbers has the time to wait for a restart
function openTrials(database: Database) {
  const isKnown = database.prepare<[Uint8Array, number, Uint8Array], 1>(
    "SELECT 1 FROM stranger_trials WHERE who = ? AND day = ? AND number = ?",
  );
  const count = database
    .prepare<[Uint8Array, number], number>("SELECT count(*) FROM stranger_trials WHERE who = ? AND day = ?")
    .pluck();
  const note = database.prepare("INSERT INTO stranger_trials (who, day, number) VALUES (?, ?, ?)");
  const forget = database.prepare(
    `DELETE FROM stranger_trials WHERE (who, day, number) IN
       (SELECT who, day, number FROM stranger_trials WHERE day < ? LIMIT ${SWEEP_ROWS})`,
  );

  return {
    /** Counts that a number was tried, whether it is anybody's or not. Answers whether that was still allowed. */
    tryNumber({ of, toHash, day }: Trial): boolean {
      const anew = of.filter(({ hash }) => !isKnown.get(hash, day, toHash));
      if (anew.some(({ hash, limit }) => (count.get(hash, day) ?? 0) >= limit)) return false;
      for (const { hash } of anew) note.run(hash, day, toHash);
      return true;
    },

    /** Forgets trials of the days before this one. @returns whether there may be more */
    forgetTrials: (day: number): boolean => forget.run(day).changes === SWEEP_ROWS,
  };
}

function openAnswers(database: Database) {
  const hasWritten = database.prepare<{ jid: string; stranger: Uint8Array }, 1>(
    `SELECT 1 FROM accounts WHERE jid = @jid AND (
       EXISTS (SELECT 1 FROM stranger_answers WHERE account = accounts.id AND stranger = @stranger)
       OR EXISTS (SELECT 1 FROM numbers JOIN messages ON sender = -numbers.id
         WHERE hash = @stranger AND recipient = accounts.id))`,
  );
  const answer = database.prepare<{ jid: string; stranger: Uint8Array; now: EpochMs }>(
    `INSERT INTO stranger_answers (account, stranger, at) SELECT id, @stranger, @now FROM accounts WHERE jid = @jid
     ON CONFLICT DO UPDATE SET at = excluded.at`,
  );
  const hasAnswered = database.prepare<[string, Uint8Array], 1>(
    "SELECT 1 FROM stranger_answers JOIN accounts ON accounts.id = account WHERE jid = ? AND stranger = ?",
  );
  const acquainted = database
    .prepare<[Uint8Array, Uint8Array], string>(
      `SELECT jid FROM accounts JOIN numbers ON numbers.id = number
         JOIN stranger_answers ON account = accounts.id WHERE hash = ? AND stranger = ?`,
    )
    .pluck();
  const forget = database.prepare(
    `DELETE FROM stranger_answers WHERE (account, stranger) IN
       (SELECT account, stranger FROM stranger_answers WHERE at < ? LIMIT ${SWEEP_ROWS})`,
  );

  return {
    /** Whether a stranger (keyed hash) has written to an account (bare JID), or was answered by it. */
    mayAnswer: (jid: string, stranger: Uint8Array): boolean =>
      hasWritten.get({ jid, stranger }) !== undefined,

    /** Notes that an account (bare JID) answered a stranger. */
    answered: (jid: string, stranger: Uint8Array, now: EpochMs): void => {
      answer.run({ jid, stranger, now });
    },

    /** Whether an account (bare JID) has answered a stranger. */
    hasAnswered: (jid: string, stranger: Uint8Array): boolean => hasAnswered.get(jid, stranger) !== undefined,

    /** The account (bare JID) of a number (keyed hash), if it has answered this stranger (keyed hash). */
    acquaintance: (toHash: Uint8Array, stranger: Uint8Array): string | undefined =>
      acquainted.get(toHash, stranger),

    /** Forgets whom nobody has answered since a time. @returns whether there may be more */
    forgetAnswers: (before: EpochMs): boolean => forget.run(before).changes === SWEEP_ROWS,
  };
}

/** Federation as the main thread calls it. */
export type FederationOperations = ReturnType<typeof openFederation>;

/** The federation part of the store thread. */
export const store: StoreModule<FederationOperations> = {
  name: "federation",
  migrations,
  takesRoom: ["acceptFromStranger"],
  open: openFederation,
};
