import type { Database } from "better-sqlite3";
import type { Migration } from "../store/migrations.js";
import type { StoreModule } from "../store/operations.js";
import { openBlocks } from "./block-store.js";
import { openPeople } from "./people-store.js";
import { openRelations } from "./relation-store.js";
import { openSightings } from "./sighting-store.js";

const migrations: readonly Migration[] = [
  {
    number: 1,
    // A block names a number, whoever has it. Relations are between accounts: whoever gets a number anew inherits none.
    // What is left to be told of those that end goes into a table of its own, in the transaction that ends them.
    sql: `
      CREATE TABLE privacy_settings (
        account INTEGER PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
        presence TEXT NOT NULL,
        last_seen TEXT NOT NULL,
        profile TEXT NOT NULL
      ) STRICT;
      CREATE TABLE sightings (
        account INTEGER PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
        is_online INTEGER NOT NULL,
        at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX sightings_online ON sightings (account) WHERE is_online = 1;
      CREATE TABLE relations (
        subscriber INTEGER NOT NULL,
        contact INTEGER NOT NULL,
        is_subscribed INTEGER NOT NULL,
        is_approved INTEGER NOT NULL,
        is_denied INTEGER NOT NULL,
        is_told INTEGER NOT NULL,
        asked_at INTEGER NOT NULL,
        PRIMARY KEY (subscriber, contact)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX relations_of_contact ON relations (contact, subscriber);
      CREATE TABLE blocks (
        account INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
        number_hash BLOB NOT NULL,
        number_sealed BLOB NOT NULL,
        is_here INTEGER NOT NULL,
        is_on_host INTEGER NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (account, number_hash)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE ended_relations (
        id INTEGER PRIMARY KEY,
        jid TEXT NOT NULL,
        number INTEGER NOT NULL
      ) STRICT;
      CREATE TRIGGER end_relations BEFORE DELETE ON accounts BEGIN
        INSERT INTO ended_relations (jid, number)
          SELECT jid, OLD.number FROM accounts WHERE id IN (
            SELECT subscriber FROM relations WHERE contact = OLD.id
            UNION SELECT contact FROM relations WHERE subscriber = OLD.id);
        INSERT INTO ended_relations (jid, number)
          SELECT OLD.jid, number FROM accounts WHERE id IN (
            SELECT subscriber FROM relations WHERE contact = OLD.id
            UNION SELECT contact FROM relations WHERE subscriber = OLD.id);
        DELETE FROM relations WHERE subscriber = OLD.id;
        DELETE FROM relations WHERE contact = OLD.id;
      END;`,
  },
];

function openContacts(database: Database) {
  return {
    ...openPeople(database),
    ...openRelations(database),
    ...openBlocks(database),
    ...openSightings(database),
  };
}

/** Contacts as the main thread calls them. */
export type ContactOperations = ReturnType<typeof openContacts>;

/** The contacts part of the store thread; comes after that of accounts, and before the mailbox, which asks it for blocks. */
export const store: StoreModule<ContactOperations> = {
  name: "contacts",
  migrations,
  takesRoom: ["changeSubscription", "block", "changeSettings"],
  open: openContacts,
};
