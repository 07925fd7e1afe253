import type { Database } from "better-sqlite3";
import { appMessagesMigrations } from "../apps/messages-store.js";
import { openReceipts, receiptsMigrations } from "../receipts/store.js";
import type { Migration } from "../store/migrations.js";
import type { StoreModule } from "../store/operations.js";
import { openAccept } from "./accept-store.js";
import { openAttach } from "./attach-store.js";
import { openDepth } from "./depth-store.js";
import { openReading } from "./read-store.js";
import { openRetention } from "./retention-store.js";

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
  {
    number: 4,
    // Apps give their receipts to the full JID that a message came from, and each time it goes it has to be the same
    sql: "ALTER TABLE messages ADD COLUMN sender_resource TEXT",
  },
];

/** The SQL of mailboxes: accepting, reading, acknowledging. */
export function openMailbox(database: Database) {
  const receipts = openReceipts(database);
  return {
    ...openAttach(database, receipts),
    ...openAccept(database, receipts),
    ...openReading(database),
    ...openRetention(database, receipts),
    ...openDepth(database),
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
