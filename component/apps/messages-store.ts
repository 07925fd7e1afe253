import type { Database } from "better-sqlite3";
import type { MessageId } from "../../src/ids.js";
import { receiptRank, type ReceiptState } from "../../src/receipt-state.js";
import type { Migration } from "../store/migrations.js";

/** What an ordinary app asked for with a message, and the id by which it knows it. */
export interface AppTraits {
  /** Whether it asked for a delivery receipt. Source: XEP-0184 §5.1 */
  readonly wantsReceipt: boolean;
  /** Whether it asked for a displayed marker. Source: XEP-0333 §4.1 */
  readonly wantsMarker: boolean;
  /** The `id` of its stanza where that is another one than its origin id. Source: XEP-0359 §3.2 */
  readonly stanzaId: string | null;
}

/** What has become of messages on one device of the recipient. */
export interface RaisedState {
  /** Row of the recipient's device. */
  readonly device: number;
  readonly state: ReceiptState;
  /** Rows of the messages, and the senders' ids of them in the same order. */
  readonly messages: readonly number[];
  readonly ids: readonly MessageId[];
}

const RECEIPT = 1;
const MARKER = 2;

/** What apps asked for; the table is made by the mailbox, on whose messages it builds. */
export const appMessagesMigrations: readonly Migration[] = [
  {
    number: 3,
    sql: `
      CREATE TABLE app_messages (
        message INTEGER PRIMARY KEY REFERENCES messages ON DELETE CASCADE,
        device INTEGER NOT NULL,
        wants INTEGER NOT NULL,
        stanza_id TEXT
      ) STRICT;`,
  },
];

/** The SQL of what the apps that sent messages are to be told of them. */
export function openAppMessages(database: Database) {
  const insert = database.prepare(
    "INSERT INTO app_messages (message, device, wants, stanza_id) VALUES (?, ?, ?, ?)",
  );
  const find = database.prepare<[number, number], { wants: number; stanzaId: string | null }>(
    "SELECT wants, stanza_id AS stanzaId FROM app_messages WHERE message = ? AND device = ?",
  );
  const another = database.prepare<[number, number, number], { device: number }>(
    "SELECT device FROM receipts WHERE message = ? AND device <> ? AND state >= ? LIMIT 1",
  );
  const hopeful = database.prepare<[number, number], { device: number }>(
    `SELECT device FROM receipts WHERE message = ? AND device <> ?
       AND state NOT IN (${receiptRank("expired")}, ${receiptRank("undecryptable")}) LIMIT 1`,
  );

  // An app knows one tick for all devices of the recipient: the first that gets so far gives it. That nothing
  // came of a message it is told when that is so on every device.
  const isDue = (message: number, device: number, state: ReceiptState, wants: number): boolean => {
    if (state === "accepted") return false;
    if (state === "expired" || state === "undecryptable") return !hopeful.get(message, device);
    const isWanted = (wants & (state === "read" ? MARKER : RECEIPT)) !== 0;
    return isWanted && !another.get(message, device, receiptRank(state));
  };

  return {
    /** Notes what the app (row of a device) that sent a message asked for. */
    note(message: number, device: number, { wantsReceipt, wantsMarker, stanzaId }: AppTraits): void {
      insert.run(message, device, (wantsReceipt ? RECEIPT : 0) | (wantsMarker ? MARKER : 0), stanzaId);
    },

    /** The ids, as the app that sent them knows them, of those messages of which this is news to it. */
    idsToTell(app: number, { device, state, messages, ids }: RaisedState): MessageId[] {
      return messages.flatMap((message, index) => {
        const sent = find.get(message, app);
        const id = (sent?.stanzaId as MessageId | null | undefined) ?? ids[index];
        return sent && id !== undefined && isDue(message, device, state, sent.wants) ? [id] : [];
      });
    },
  };
}
