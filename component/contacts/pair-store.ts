import type { Database } from "better-sqlite3";
import { DEFAULT_SETTINGS, NO_RELATION, type PrivacySettings, type Relation } from "./sight.js";
import type { Pair } from "./subscription.js";

/** A person: an account that a number belongs to. */
export interface Party {
  /** Row of the account. */
  readonly account: number;
  /** Bare JID on the host. */
  readonly jid: string;
  readonly number: { readonly id: number; readonly sealed: Uint8Array };
}

/** A person as the store finds one. */
export interface StoredParty extends Party {
  readonly hash: Uint8Array;
}

interface PartyRow {
  account: number;
  jid: string;
  id: number;
  sealed: Uint8Array;
  hash: Uint8Array;
}

interface RelationRow {
  isSubscribed: 0 | 1;
  isApproved: 0 | 1;
  isDenied: 0 | 1;
  isTold: 0 | 1;
  askedAt: number;
}

/** The columns of a relation, as {@link readRelation} takes them. */
export const RELATION_COLUMNS = `is_subscribed AS isSubscribed, is_approved AS isApproved, is_denied AS isDenied,
  is_told AS isTold, asked_at AS askedAt`;

const PARTY = `SELECT accounts.id AS account, jid, numbers.id AS id, sealed, hash
  FROM accounts JOIN numbers ON numbers.id = number`;

/** Makes a relation of its row. */
export function readRelation(row: RelationRow | undefined): Relation {
  if (!row) return NO_RELATION;
  return {
    isSubscribed: row.isSubscribed === 1,
    isApproved: row.isApproved === 1,
    isDenied: row.isDenied === 1,
    isTold: row.isTold === 1,
    askedAt: row.askedAt,
  };
}

/** The SQL of two persons and how they stand to each other: a handful of look-ups by key. */
export function openPairs(database: Database) {
  const byJid = database.prepare<[string], PartyRow>(`${PARTY} WHERE jid = ?`);
  const byHash = database.prepare<[Uint8Array], PartyRow>(`${PARTY} WHERE hash = ?`);
  const relation = database.prepare<[number, number], RelationRow>(
    `SELECT ${RELATION_COLUMNS} FROM relations WHERE subscriber = ? AND contact = ?`,
  );
  const block = database.prepare<[number, Uint8Array], { one: 1 }>(
    "SELECT 1 AS one FROM blocks WHERE account = ? AND number_hash = ?",
  );
  const settings = database.prepare<[number], PrivacySettings>(
    "SELECT presence, last_seen AS lastSeen, profile FROM privacy_settings WHERE account = ?",
  );

  const readParty = (row: PartyRow | undefined): StoredParty | undefined =>
    row && { account: row.account, jid: row.jid, number: { id: row.id, sealed: row.sealed }, hash: row.hash };
  const settingsOf = (account: number): PrivacySettings => settings.get(account) ?? DEFAULT_SETTINGS;
  const hasBlocked = (one: StoredParty, other: StoredParty): boolean =>
    block.get(one.account, other.hash) !== undefined;

  return {
    byJid: (jid: string): StoredParty | undefined => readParty(byJid.get(jid)),
    byHash: (hash: Uint8Array): StoredParty | undefined => readParty(byHash.get(hash)),
    settingsOf,
    hasBlocked,

    /** How two persons stand to each other, seen from the first. */
    pairOf(me: StoredParty, other: StoredParty): Pair {
      return {
        isSelf: me.account === other.account,
        isBlocked: hasBlocked(me, other) || hasBlocked(other, me),
        mine: readRelation(relation.get(me.account, other.account)),
        theirs: readRelation(relation.get(other.account, me.account)),
        mySettings: settingsOf(me.account),
        theirSettings: settingsOf(other.account),
      };
    },
  };
}
