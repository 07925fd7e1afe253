import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { StoreModule } from "../store/operations.js";
import { SWEEP_ROWS } from "../turns.js";

/** Between two hints to the same account. */
const HINT_EVERY_MS = 86_400_000;

/** The SQL of the chat. */
export function openChat(database: Database) {
  const note = database.prepare(
    `INSERT INTO chat_hints (account, at) VALUES (@account, @now)
     ON CONFLICT DO UPDATE SET at = excluded.at WHERE at <= @now - ${HINT_EVERY_MS} OR at > @now`,
  );
  const forget = database.prepare(
    `DELETE FROM chat_hints WHERE account IN (SELECT account FROM chat_hints WHERE at <= ? LIMIT ${SWEEP_ROWS})`,
  );
  return {
    /** Notes that an account (bare JID) is given a hint. @returns whether it may be: once a day */
    takeHint: (account: string, now: EpochMs): boolean => note.run({ account, now }).changes > 0,

    /** Forgets hints that no longer hold others back. @returns whether there may be more */
    sweep: (now: EpochMs): boolean => forget.run(now - HINT_EVERY_MS).changes === SWEEP_ROWS,
  };
}

/** The chat's store as the main thread calls it. */
export type ChatOperations = ReturnType<typeof openChat>;

/** The part of the store thread that remembers who was given a hint. */
export const store: StoreModule<ChatOperations> = {
  name: "chat",
  migrations: [
    { number: 1, sql: "CREATE TABLE chat_hints (account TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;" },
  ],
  open: openChat,
};
