import type { Database, Statement } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { DeviceId } from "../../src/ids.js";
import { invitationSchema } from "../invitations/store.js";
import type { Migration } from "../store/migrations.js";
import { SWEEP_ROWS } from "../turns.js";
import { type Breaker, type BreakerRules, CLOSED, record } from "./breaker.js";
import { type Bucket, fullAt, giveBack, type Rate, take } from "./limits.js";
import { type Charge, type SentCode, SESSION_TTL_MS } from "./service.js";

/** Why nothing may be sent. */
export type SendRefusal =
  | { readonly status: "limited"; readonly limit: Charge["limit"] | "breaker"; readonly waitMs: number }
  | { readonly status: "too-early"; readonly waitMs: number }
  | { readonly status: "no-more-codes" }
  | { readonly status: "no-session" };

/** A session as far as sending needs to know it. */
export interface SessionRow {
  readonly numberHash: Uint8Array;
  readonly numberSealed: Uint8Array;
  readonly country: string;
}

/** The schema of sign-up. */
export const migrations: readonly Migration[] = [
  {
    number: 1,
    sql: `
      CREATE TABLE sign_ups (
        session BLOB PRIMARY KEY,
        number_hash BLOB NOT NULL,
        number_sealed BLOB NOT NULL,
        country TEXT NOT NULL,
        link_jid TEXT,
        is_test INTEGER NOT NULL,
        started_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        checks INTEGER NOT NULL DEFAULT 0,
        last_check_at INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL DEFAULT 'sent',
        accepted_code BLOB,
        passed_pin BLOB,
        new_pin BLOB,
        device_id INTEGER,
        key_hash BLOB,
        jid TEXT UNIQUE,
        is_chosen INTEGER NOT NULL DEFAULT 0,
        attempted_at INTEGER
      ) STRICT;
      CREATE INDEX sign_ups_by_expiry ON sign_ups (expires_at);
      CREATE TABLE sign_up_codes (
        id INTEGER PRIMARY KEY,
        session BLOB NOT NULL REFERENCES sign_ups ON DELETE CASCADE,
        channel TEXT NOT NULL,
        sent_at INTEGER NOT NULL,
        hash BLOB
      ) STRICT;
      CREATE INDEX sign_up_codes_by_session ON sign_up_codes (session);
      CREATE TABLE sign_up_limits (
        key TEXT PRIMARY KEY,
        tokens REAL NOT NULL,
        at INTEGER NOT NULL,
        full_at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX sign_up_limits_by_full_at ON sign_up_limits (full_at);
      CREATE TABLE sign_up_breakers (
        country TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        since INTEGER NOT NULL,
        used REAL NOT NULL,
        unused REAL NOT NULL,
        trials INTEGER NOT NULL
      ) STRICT;`,
  },
  {
    number: 2,
    sql: `ALTER TABLE sign_ups ADD COLUMN is_invited INTEGER NOT NULL DEFAULT 0;${invitationSchema}`,
  },
];

/** A sign-up as its row has it. */
export interface StoredSession extends SessionRow {
  readonly session: Uint8Array;
  readonly linkJid: string | null;
  readonly isTest: 0 | 1;
  readonly startedAt: EpochMs;
  readonly checks: number;
  readonly lastCheckAt: EpochMs;
  readonly state: "sent" | "verified" | "reserved" | "done";
  readonly acceptedCode: Uint8Array | null;
  readonly passedPin: Uint8Array | null;
  readonly newPin: Uint8Array | null;
  readonly deviceId: DeviceId | null;
  readonly keyHash: Uint8Array | null;
  readonly jid: string | null;
  readonly isChosen: 0 | 1;
  readonly attemptedAt: EpochMs | null;
  /** Whether an app is to make the account, by invitation. */
  readonly isInvited: 0 | 1;
}

const SESSION_COLUMNS = `session, number_hash AS numberHash, number_sealed AS numberSealed, country,
  link_jid AS linkJid, is_test AS isTest, started_at AS startedAt, checks, last_check_at AS lastCheckAt, state,
  accepted_code AS acceptedCode, passed_pin AS passedPin, new_pin AS newPin, device_id AS deviceId,
  key_hash AS keyHash, jid, is_chosen AS isChosen, attempted_at AS attemptedAt, is_invited AS isInvited`;

/** The limits' buckets. */
export function openLimits(database: Database) {
  const find = database.prepare<[string], Bucket>("SELECT tokens, at FROM sign_up_limits WHERE key = ?");
  const write = database.prepare(
    "INSERT OR REPLACE INTO sign_up_limits (key, tokens, at, full_at) VALUES (?, ?, ?, ?)",
  );
  const forget = database.prepare(
    `DELETE FROM sign_up_limits WHERE key IN
       (SELECT key FROM sign_up_limits WHERE full_at <= ? LIMIT ${SWEEP_ROWS})`,
  );
  const keep = (key: string, bucket: Bucket, rate: Charge["rate"]): void =>
    void write.run(key, bucket.tokens, bucket.at, fullAt(bucket, rate));
  const keyOf = ({ limit, key }: Charge): string => `${limit}:${key}`;
  // One from the future is from before the clock was set back: it begins to fill up from now on, not from then
  const read = (key: string, rate: Charge["rate"], now: EpochMs): Bucket | undefined => {
    const bucket = find.get(key);
    if (!bucket || bucket.at <= now) return bucket;
    const anchored = { tokens: bucket.tokens, at: now };
    keep(key, anchored, rate);
    return anchored;
  };

  return {
    /** Takes one from each, or from none. */
    takeAll(charges: readonly Charge[], now: EpochMs): SendRefusal | undefined {
      const taken: (() => void)[] = [];
      for (const charge of charges) {
        const answer = take(read(keyOf(charge), charge.rate, now), charge.rate, now);
        if (!answer.isTaken) return { status: "limited", limit: charge.limit, waitMs: answer.waitMs };
        taken.push(() => keep(keyOf(charge), answer.bucket, charge.rate));
      }
      for (const write of taken) write();
      return undefined;
    },
    giveBackAll(charges: readonly Charge[], now: EpochMs): void {
      for (const charge of charges)
        keep(keyOf(charge), giveBack(find.get(keyOf(charge)), charge.rate, now), charge.rate);
    },
    takeOne(key: string, rate: Rate, now: EpochMs): number {
      const answer = take(read(key, rate, now), rate, now);
      if (answer.isTaken) keep(key, answer.bucket, rate);
      return answer.isTaken ? 0 : answer.waitMs;
    },
    giveOneBack: (key: string, rate: Rate, now: EpochMs): void =>
      keep(key, giveBack(find.get(key), rate, now), rate),
    /** Answers whether there may be more. */
    forgetFull: (now: EpochMs): boolean => forget.run(now).changes === SWEEP_ROWS,
  };
}

/** The countries' breakers. */
export function openBreakers(database: Database) {
  const find = database.prepare<[string], Breaker>(
    "SELECT state, since, used, unused, trials FROM sign_up_breakers WHERE country = ?",
  );
  const write = database.prepare(
    "INSERT OR REPLACE INTO sign_up_breakers (country, state, since, used, unused, trials) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const keep = (country: string, { state, since, used, unused, trials }: Breaker): void =>
    void write.run(country, state, since, used, unused, trials);
  return {
    find: (country: string): Breaker => find.get(country) ?? CLOSED,
    keep,
    record(session: StoredSession, isUsed: boolean, rules: BreakerRules, now: EpochMs): void {
      if (session.isTest === 1) return;
      const before = find.get(session.country) ?? CLOSED;
      keep(session.country, record(before, rules, { isUsed, startedAt: session.startedAt }, now));
    },
  };
}

/** What is read and written of sign-ups and their codes. */
export interface Sessions {
  /** A session that has not expired, if it belongs to this asker: an account, or (null) a newcomer. */
  find(session: Uint8Array, linkJid: string | null, now: EpochMs): StoredSession | undefined;
  codes(session: Uint8Array): SentCode[];
  readonly insert: Statement;
  readonly insertCode: Statement;
  readonly failCode: Statement;
  readonly countCheck: Statement;
  readonly verify: Statement;
  readonly reserve: Statement;
  readonly rename: Statement;
  readonly setState: Statement;
  readonly setAttempted: Statement;
  readonly setInvited: Statement;
  readonly isReserved: Statement<[string, Uint8Array], { jid: string }>;
  readonly expired: Statement<[EpochMs], StoredSession>;
  readonly remove: Statement;
}

/** The sign-ups and their codes. */
export function openSessions(database: Database): Sessions {
  const find = database.prepare<[Uint8Array, EpochMs, EpochMs], StoredSession>(
    `SELECT ${SESSION_COLUMNS} FROM sign_ups WHERE session = ? AND expires_at > ? AND expires_at <= ?`,
  );
  const codes = database.prepare<[Uint8Array], SentCode>(
    "SELECT channel, sent_at AS sentAt, hash FROM sign_up_codes WHERE session = ? ORDER BY id",
  );
  return {
    find(session: Uint8Array, linkJid: string | null, now: EpochMs): StoredSession | undefined {
      // One that would live longer than any is from before the clock was set back
      const row = find.get(session, now, now + SESSION_TTL_MS);
      return row?.linkJid === linkJid ? row : undefined;
    },
    codes: (session: Uint8Array): SentCode[] => codes.all(session),
    insert: database.prepare(
      `INSERT INTO sign_ups (session, number_hash, number_sealed, country, link_jid, is_test, started_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertCode: database.prepare(
      "INSERT INTO sign_up_codes (session, channel, sent_at, hash) VALUES (?, ?, ?, ?)",
    ),
    failCode: database.prepare("UPDATE sign_up_codes SET hash = NULL WHERE session = ? AND hash = ?"),
    countCheck: database.prepare(
      "UPDATE sign_ups SET checks = checks + 1, last_check_at = ? WHERE session = ?",
    ),
    verify: database.prepare(
      "UPDATE sign_ups SET state = 'verified', accepted_code = ?, expires_at = ? WHERE session = ?",
    ),
    reserve: database.prepare(
      `UPDATE sign_ups SET state = 'reserved', device_id = ?, key_hash = ?, passed_pin = ?, new_pin = ?,
         jid = ?, is_chosen = ? WHERE session = ?`,
    ),
    rename: database.prepare("UPDATE sign_ups SET jid = ?, is_chosen = ? WHERE session = ?"),
    setState: database.prepare("UPDATE sign_ups SET state = ? WHERE session = ?"),
    setAttempted: database.prepare("UPDATE sign_ups SET attempted_at = ? WHERE session = ?"),
    setInvited: database.prepare("UPDATE sign_ups SET is_invited = ? WHERE session = ?"),
    isReserved: database.prepare<[string, Uint8Array], { jid: string }>(
      "SELECT jid FROM sign_ups WHERE jid = ? AND session <> ?",
    ),
    expired: database.prepare<[EpochMs], StoredSession>(
      `SELECT ${SESSION_COLUMNS} FROM sign_ups WHERE expires_at <= ? LIMIT ${SWEEP_ROWS}`,
    ),
    remove: database.prepare("DELETE FROM sign_ups WHERE session = ?"),
  };
}
