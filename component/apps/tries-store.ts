import type { Database } from "better-sqlite3";

/** How far an app was sent the entries of its mailbox. */
export interface Tries {
  /** Entries up to here have gone at least once. */
  readonly once: number;
  /** Entries up to here have gone twice: those that nothing can acknowledge do not go again. */
  readonly twice: number;
  /** Whether entries wait that went before. */
  readonly hasUnconfirmed: boolean;
}

/** The SQL of how often entries went to an app. */
export function openTries(database: Database) {
  const tries = database.prepare<[number], { once: number; twice: number; hasUnconfirmed: 0 | 1 }>(
    `SELECT sent_once AS once, sent_twice AS twice,
       EXISTS (SELECT 1 FROM entries WHERE device = devices.id AND seq <= sent_once) AS hasUnconfirmed
     FROM devices WHERE id = ?`,
  );
  const once = database.prepare(
    "UPDATE devices SET sent_once = @seq WHERE id = @device AND sent_once < @seq",
  );
  const twice = database.prepare("UPDATE devices SET sent_twice = sent_once WHERE id = ?");
  const undo = database.prepare(
    `UPDATE devices SET sent_once = min(sent_once, @before), sent_twice = min(sent_twice, @before)
     WHERE id = @device`,
  );
  return {
    /** How far the app was sent what is in its mailbox. */
    tries(device: number): Tries | undefined {
      const row = tries.get(device);
      return row && { ...row, hasUnconfirmed: row.hasUnconfirmed === 1 };
    },

    /** Everything up to here has gone once. */
    sentOnce(device: number, seq: number): void {
      once.run({ device, seq });
    },

    /** Everything that went once is about to go a second time. */
    sendAgain(device: number): void {
      twice.run(device);
    },

    /** From here on nothing has arrived: the server said that there was nobody. */
    notSent(device: number, seq: number): void {
      undo.run({ device, before: seq - 1 });
    },
  };
}
