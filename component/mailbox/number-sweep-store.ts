import type { Database } from "better-sqlite3";

/** Rows that one turn of the sweep reads. */
const TURN = 1_000;

/** Where a sweep stands: the numbers that nothing was found to speak of yet. */
export interface NumberSweep {
  readonly candidates: readonly number[];
  readonly lastMessage: number;
  /** The last place of an entry that was looked at; undefined while the messages are. */
  readonly lastEntry: { readonly device: number; readonly seq: number } | undefined;
}

interface Spoken {
  readonly id: number;
  readonly sender: number;
  readonly recipient: number;
}

/**
 * The SQL of forgetting numbers that no account has and nothing speaks of.
 *
 * A number's row is emptied, not deleted: whether one may be deleted SQLite would find out by reading all messages, each time.
 */
export function openNumberSweep(database: Database) {
  // An emptied row has no seal
  const free = database.prepare<[], { id: number }>(
    "SELECT id FROM numbers WHERE length(sealed) > 0 AND id NOT IN (SELECT number FROM accounts)",
  );
  const messages = database.prepare<[number], Spoken>(
    `SELECT id, sender_number AS sender, recipient_number AS recipient FROM messages WHERE id > ? ORDER BY id LIMIT ${TURN}`,
  );
  const entries = database.prepare<[number, number], { device: number; seq: number; number: number | null }>(
    `SELECT device, seq, receipt_number AS number FROM entries
     WHERE (device, seq) > (?, ?) ORDER BY device, seq LIMIT ${TURN}`,
  );
  const setAside = database.prepare<[], { number: number }>(
    "SELECT receipt_number AS number FROM set_aside_entries WHERE receipt_number IS NOT NULL",
  );
  const empty = database.prepare(
    `UPDATE numbers SET hash = randomblob(16), sealed = x'' WHERE id = ? AND id NOT IN (SELECT number FROM accounts)`,
  );

  const without = (candidates: readonly number[], spoken: readonly (number | null)[]): number[] => {
    const found = new Set(spoken);
    return candidates.filter((number) => !found.has(number));
  };

  const overMessages = (sweep: NumberSweep): NumberSweep => {
    const rows = messages.all(sweep.lastMessage);
    return {
      candidates: without(
        sweep.candidates,
        rows.flatMap(({ sender, recipient }) => [sender, recipient]),
      ),
      lastMessage: rows.at(-1)?.id ?? sweep.lastMessage,
      lastEntry: rows.length < TURN ? { device: 0, seq: 0 } : undefined,
    };
  };

  const overEntries = (sweep: NumberSweep, { device, seq }: { device: number; seq: number }) => {
    const rows = entries.all(device, seq);
    const candidates = without(
      sweep.candidates,
      rows.map(({ number }) => number),
    );
    const isEnd = rows.length < TURN;
    return { sweep: { ...sweep, candidates, lastEntry: rows.at(-1) ?? { device, seq } }, isEnd };
  };

  // What came while the sweep was under way speaks too
  const finish = (sweep: NumberSweep): NumberSweep | undefined => {
    const late = messages.all(sweep.lastMessage).flatMap(({ sender, recipient }) => [sender, recipient]);
    if (late.length === 2 * TURN) return undefined;
    const held = setAside.all().map(({ number }) => number);
    const candidates = without(sweep.candidates, [...late, ...held]);
    for (const number of candidates.slice(0, TURN)) empty.run(number);
    return candidates.length > TURN ? { ...sweep, candidates: candidates.slice(TURN) } : undefined;
  };

  return {
    /** Forgets numbers that no account has and nothing speaks of, a turn at a time. @returns where the next turn begins */
    forgetNumbers(before?: NumberSweep): NumberSweep | undefined {
      let sweep = before ?? {
        candidates: free.all().map(({ id }) => id),
        lastMessage: 0,
        lastEntry: undefined,
      };
      if (sweep.candidates.length === 0) return undefined;
      if (!sweep.lastEntry) sweep = overMessages(sweep);
      if (!sweep.lastEntry) return sweep;
      const seen = overEntries(sweep, sweep.lastEntry);
      if (!seen.isEnd) return seen.sweep;
      return finish(seen.sweep);
    },
  };
}
