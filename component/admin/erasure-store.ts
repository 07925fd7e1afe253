import type { Database, Statement } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import { openAccounts, type RetiredAccount } from "../accounts/store.js";
import type { Migration } from "../store/migrations.js";

/** Rows that one turn reads. */
const TURN = 1_000;

/** The schema of deletions under way. */
export const erasureMigrations: readonly Migration[] = [
  {
    number: 2,
    // up_to: what is numbered higher belongs to who signed up with the number afterwards
    sql: `
      CREATE TABLE erasures (
        number INTEGER PRIMARY KEY,
        up_to INTEGER NOT NULL,
        is_at_once INTEGER NOT NULL,
        device INTEGER NOT NULL DEFAULT 0,
        seq INTEGER NOT NULL DEFAULT 0,
        message INTEGER NOT NULL DEFAULT 0,
        found INTEGER NOT NULL DEFAULT 0
      ) STRICT;`,
  },
];

/** What is to be deleted. */
export interface ErasureRequest {
  readonly numberHash: Uint8Array;
  /** Limits of sign-up that count for this number or its account alone. */
  readonly limitKeys: readonly string[];
  /** Whether what still waits for other people goes too. */
  readonly isAtOnce: boolean;
  readonly now: EpochMs;
}

/** How far the deletions have come. */
export type ErasureProgress = "more" | "waiting" | "done";

interface ErasureRow {
  readonly number: number;
  readonly upTo: number;
  readonly isAtOnce: 0 | 1;
  readonly device: number;
  readonly seq: number;
  readonly message: number;
  readonly found: number;
}

interface EntryRow {
  readonly device: number;
  readonly seq: number;
  readonly sizeBytes: number;
  readonly message: number | null;
  readonly isTheirs: 0 | 1;
}

/** The SQL of deleting everything about a number, in turns that read no whole table. */
export function openErasures(database: Database) {
  const accounts = openAccounts(database);
  const number = database.prepare<[Uint8Array], { id: number }>("SELECT id FROM numbers WHERE hash = ?");
  const first = database.prepare<[], ErasureRow>(
    `SELECT number, up_to AS upTo, is_at_once AS isAtOnce, device, seq, message, found FROM erasures ORDER BY number LIMIT 1`,
  );
  const nextOf = database.prepare<[number], ErasureRow>(
    `SELECT number, up_to AS upTo, is_at_once AS isAtOnce, device, seq, message, found FROM erasures
     WHERE number > ? ORDER BY number LIMIT 1`,
  );
  const begin = database.prepare(
    `INSERT INTO erasures (number, up_to, is_at_once) VALUES (@number, (SELECT coalesce(max(id), 0) FROM messages), @isAtOnce)
     ON CONFLICT DO UPDATE SET up_to = excluded.up_to, is_at_once = max(is_at_once, excluded.is_at_once),
       device = 0, seq = 0, message = 0, found = 0`,
  );
  const move = database.prepare(
    "UPDATE erasures SET device = @device, seq = @seq, message = @message, found = @found WHERE number = @number",
  );
  const end = database.prepare("DELETE FROM erasures WHERE number = ?");
  const forget = openSignUpRows(database);
  const remove = openRemovals(database);
  const empty = database.prepare(
    `UPDATE numbers SET hash = randomblob(16), sealed = x'' WHERE id = ? AND id NOT IN (SELECT number FROM accounts)`,
  );
  let passedOver = 0;

  const overMessages = (row: ErasureRow): "more" => {
    const { theirs, left, last } = remove.messages(row);
    const found = row.found + (row.isAtOnce ? theirs : left);
    if (last < row.upTo) {
      move.run({ ...row, message: last, found });
      return "more";
    }
    // A pass that found nothing is the last: nothing new can come any more
    if (found === 0) {
      end.run(row.number);
      if (row.isAtOnce) empty.run(row.number);
      return "more";
    }
    move.run({ ...row, device: 0, seq: 0, message: 0, found: 0 });
    // The others' devices have to come for the rest; the next deletion has its turn
    if (!row.isAtOnce) passedOver = row.number;
    return "more";
  };

  return {
    /**
     * Takes the number from its account, with devices and sign-ups, and notes that the rest has to go.
     *
     * @returns `undefined` when the store knows nothing of the number
     */
    beginErasure({
      numberHash,
      limitKeys,
      isAtOnce,
      now,
    }: ErasureRequest): { readonly retired: RetiredAccount | undefined } | undefined {
      const owner = accounts.findByNumber(numberHash);
      const isForgotten = forget(numberHash, owner?.jid ?? "", limitKeys);
      const id = number.get(numberHash)?.id;
      if (id === undefined) return isForgotten ? { retired: undefined } : undefined;
      const retired = owner && accounts.remove(owner.jid, now);
      begin.run({ number: id, isAtOnce: isAtOnce ? 1 : 0 });
      return { retired };
    },

    /** One turn of deleting. `waiting`: what is left still waits for other people. */
    erase(): ErasureProgress {
      const row = passedOver === 0 ? first.get() : nextOf.get(passedOver);
      if (!row) {
        const isAnyLeft = passedOver !== 0;
        passedOver = 0;
        return isAnyLeft ? "waiting" : "done";
      }
      if (row.isAtOnce && row.device >= 0) {
        const { found, last } = remove.entries(row.number, row.device, row.seq);
        const place = last ?? { device: -1, seq: 0 };
        move.run({ ...row, ...place, found: row.found + found });
        return "more";
      }
      return overMessages(row);
    },
  };
}

// A sign-up that may have made an account on the host is left to the sweep, which has it deleted there
function openSignUpRows(database: Database) {
  const statements: readonly Statement[] = [
    // Others who asked to link the number wait with it sealed
    `DELETE FROM linkings WHERE account = @jid
       OR account IN (SELECT link_jid FROM sign_ups WHERE number_hash = @hash)`,
    "DELETE FROM sign_ups WHERE (number_hash = @hash OR link_jid = @jid) AND (attempted_at IS NULL OR state = 'done')",
    "UPDATE sign_ups SET expires_at = 0 WHERE number_hash = @hash OR link_jid = @jid",
    "DELETE FROM known_numbers WHERE number_hash = @hash",
    "DELETE FROM lookup_quotas WHERE number_hash = @hash",
    // The trials of a day, which is few enough to read them all
    "DELETE FROM stranger_trials WHERE number = @hash",
    "DELETE FROM chat_hints WHERE account = @jid",
  ].map((sql) => database.prepare(sql));
  const limit = database.prepare("DELETE FROM sign_up_limits WHERE key = ?");
  return (hash: Uint8Array, jid: string, limitKeys: readonly string[]): boolean => {
    const changed = statements.map((statement) => statement.run({ hash, jid }).changes);
    return [...changed, ...limitKeys.map((key) => limit.run(key).changes)].some((count) => count > 0);
  };
}

function openRemovals(database: Database) {
  const entries = database.prepare<{ number: number; device: number; seq: number }, EntryRow>(
    `SELECT device, seq, size_bytes AS sizeBytes, message,
       coalesce(receipt_number = @number, sender_number = @number OR recipient_number = @number, 0) AS isTheirs
     FROM (SELECT * FROM entries WHERE (device, seq) > (@device, @seq) ORDER BY device, seq LIMIT ${TURN})
       LEFT JOIN messages ON messages.id = message ORDER BY device, seq`,
  );
  const removeEntry = database.prepare("DELETE FROM entries WHERE device = ? AND seq = ?");
  const discount = database.prepare(
    "UPDATE devices SET pending_count = pending_count - 1, pending_bytes = pending_bytes - ? WHERE id = ?",
  );
  const release = database.prepare("UPDATE messages SET pending = pending - 1 WHERE id = ?");
  const setAside = database.prepare<{ number: number }, { id: number; message: number | null }>(
    `SELECT set_aside_entries.id, message FROM set_aside_entries LEFT JOIN messages ON messages.id = message
     WHERE receipt_number = @number OR sender_number = @number OR recipient_number = @number`,
  );
  const removeSetAside = database.prepare("DELETE FROM set_aside_entries WHERE id = ?");
  const messages = database.prepare<
    { number: number; after: number; upTo: number },
    { id: number; pending: number }
  >(
    // A place of a message that was deleted is used again, so that its number alone does not tell whose it is
    `SELECT id, pending FROM messages WHERE id > @after AND id <= min(@after + ${TURN}, @upTo)
       AND (sender_number = @number OR recipient_number = @number)
       AND NOT EXISTS (SELECT 1 FROM accounts WHERE number = @number AND accounts.id IN (sender, recipient))`,
  );
  const removeMessage = database.prepare("DELETE FROM messages WHERE id = ?");

  return {
    /** Takes entries of a number's messages and receipts out of mailboxes. @returns where it came to, if there is more */
    entries(number: number, device: number, seq: number) {
      const rows = entries.all({ number, device, seq });
      const theirs = rows.filter(({ isTheirs }) => isTheirs === 1);
      for (const row of theirs) {
        removeEntry.run(row.device, row.seq);
        discount.run(row.sizeBytes, row.device);
        if (row.message !== null) release.run(row.message);
      }
      const held = setAside.all({ number });
      for (const { id, message } of held) {
        removeSetAside.run(id);
        if (message !== null) release.run(message);
      }
      const last = rows.at(-1);
      const isMore = rows.length === TURN && last !== undefined;
      return {
        found: theirs.length + held.length,
        last: isMore ? { device: last.device, seq: last.seq } : undefined,
      };
    },

    /** Deletes a number's messages, at first those that wait for nobody. @returns how many were theirs, and how many are left */
    messages({ number, message: after, upTo, isAtOnce }: ErasureRow) {
      const rows = messages.all({ number, after, upTo });
      const over = rows.filter(({ pending }) => isAtOnce === 1 || pending <= 0);
      for (const { id } of over) removeMessage.run(id);
      return { theirs: rows.length, left: rows.length - over.length, last: Math.min(after + TURN, upTo) };
    },
  };
}
