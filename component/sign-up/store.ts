import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { DeviceId } from "../../src/ids.js";
import { openAccounts, type NewDevice } from "../accounts/store.js";
import type { Migration } from "../store/migrations.js";
import type { StoreModule } from "../store/operations.js";
import { type Breaker, type BreakerRules, CLOSED, pass, record } from "./breaker.js";
import { type Bucket, fullAt, giveBack, type Rate, take } from "./limits.js";
import {
  type Channel,
  type Charge,
  decideCheck,
  isEqual,
  nextSteps,
  type NextSteps,
  sendWaitMs,
  type SentCode,
  SESSION_TTL_MS,
} from "./service.js";

/** A sign-up or linking about to begin, with its first code. */
export interface BeginRequest {
  readonly session: Uint8Array;
  readonly numberHash: Uint8Array;
  readonly numberSealed: Uint8Array;
  readonly country: string;
  /** The bare JID that links the number; null for a newcomer. */
  readonly linkJid: string | null;
  /** Whether the number is a test number, which no breaker counts. */
  readonly isTest: boolean;
  readonly channel: Channel;
  readonly codeHash: Uint8Array;
  readonly charges: readonly Charge[];
  readonly breaker: BreakerRules;
  readonly now: EpochMs;
}

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

/** What came of checking a code. */
export type Checked =
  | { readonly status: "no-session" | "exhausted" }
  | { readonly status: "too-early"; readonly waitMs: number }
  | { readonly status: "wrong" | "expired"; readonly steps: NextSteps }
  | {
      readonly status: "right";
      readonly numberHash: Uint8Array;
      readonly numberSealed: Uint8Array;
      /** The PIN's hash when one protects the number and was not given in this session yet. */
      readonly pinHash: Uint8Array | null;
    };

/** What an account is to be made with, fixed before the host is asked. */
export interface ReserveRequest {
  readonly session: Uint8Array;
  readonly device: NewDevice | undefined;
  /** Bare JID of the account, and whether the person chose it; null when a number is linked. */
  readonly account: { readonly jid: string; readonly isChosen: boolean } | null;
  /** The hash that the given PIN was right for. */
  readonly passedPin: Uint8Array | null;
  /** The new PIN's hash; empty for none; null keeps the one that was given. */
  readonly newPin: Uint8Array | null;
  readonly now: EpochMs;
}

/** What came of a reservation. */
export type Reserved =
  | { readonly status: "no-session" | "device-mismatch" | "localpart-taken" }
  | {
      readonly status: "reserved" | "done";
      readonly jid: string | null;
      readonly isChosen: boolean;
      /** Whether the host may already have been asked for this account. */
      readonly isAttempted: boolean;
    };

/** What came of a commit. */
export type Committed =
  | { readonly status: "no-session" | "pin-required" }
  /** Bare JIDs whose devices and mailboxes are gone. */
  | { readonly status: "committed"; readonly gone: readonly string[] };

const migrations: readonly Migration[] = [
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
        is_attempted INTEGER NOT NULL DEFAULT 0
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
];

interface StoredSession extends SessionRow {
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
  readonly isAttempted: 0 | 1;
}

const SESSION_COLUMNS = `session, number_hash AS numberHash, number_sealed AS numberSealed, country,
  link_jid AS linkJid, is_test AS isTest, started_at AS startedAt, checks, last_check_at AS lastCheckAt, state,
  accepted_code AS acceptedCode, passed_pin AS passedPin, new_pin AS newPin, device_id AS deviceId,
  key_hash AS keyHash, jid, is_chosen AS isChosen, is_attempted AS isAttempted`;

/** Sessions that one sweep ends; the next one goes on. */
const SWEEP_ROWS = 1000;
/** What may still be on its way to the host has arrived by then. */
const ABANDONED_GRACE_MS = 60_000;

function openLimits(database: Database) {
  const find = database.prepare<[string], Bucket>("SELECT tokens, at FROM sign_up_limits WHERE key = ?");
  const write = database.prepare(
    "INSERT OR REPLACE INTO sign_up_limits (key, tokens, at, full_at) VALUES (?, ?, ?, ?)",
  );
  const forget = database.prepare("DELETE FROM sign_up_limits WHERE full_at <= ?");
  const keep = (key: string, bucket: Bucket, rate: Charge["rate"]): void =>
    void write.run(key, bucket.tokens, bucket.at, fullAt(bucket, rate));
  const keyOf = ({ limit, key }: Charge): string => `${limit}:${key}`;

  return {
    /** Takes one from each, or from none. */
    takeAll(charges: readonly Charge[], now: EpochMs): SendRefusal | undefined {
      const taken: (() => void)[] = [];
      for (const charge of charges) {
        const answer = take(find.get(keyOf(charge)), charge.rate, now);
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
      const answer = take(find.get(key), rate, now);
      if (answer.isTaken) keep(key, answer.bucket, rate);
      return answer.isTaken ? 0 : answer.waitMs;
    },
    giveOneBack: (key: string, rate: Rate, now: EpochMs): void =>
      keep(key, giveBack(find.get(key), rate, now), rate),
    forgetFull: (now: EpochMs): void => void forget.run(now),
  };
}

function openBreakers(database: Database) {
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

function openSessions(database: Database) {
  const find = database.prepare<[Uint8Array, EpochMs], StoredSession>(
    `SELECT ${SESSION_COLUMNS} FROM sign_ups WHERE session = ? AND expires_at > ?`,
  );
  const codes = database.prepare<[Uint8Array], SentCode>(
    "SELECT channel, sent_at AS sentAt, hash FROM sign_up_codes WHERE session = ? ORDER BY id",
  );
  return {
    /** A session that has not expired, if it belongs to this asker: an account, or (null) a newcomer. */
    find(session: Uint8Array, linkJid: string | null, now: EpochMs): StoredSession | undefined {
      const row = find.get(session, now);
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
    setAttempted: database.prepare("UPDATE sign_ups SET is_attempted = ? WHERE session = ?"),
    isReserved: database.prepare<[string, Uint8Array], { jid: string }>(
      "SELECT jid FROM sign_ups WHERE jid = ? AND session <> ?",
    ),
    expired: database.prepare<[EpochMs], StoredSession>(
      `SELECT ${SESSION_COLUMNS} FROM sign_ups WHERE expires_at <= ? LIMIT ${SWEEP_ROWS}`,
    ),
    remove: database.prepare("DELETE FROM sign_ups WHERE session = ?"),
  };
}

type Sessions = ReturnType<typeof openSessions>;
type Limits = ReturnType<typeof openLimits>;
type Breakers = ReturnType<typeof openBreakers>;
type Accounts = ReturnType<typeof openAccounts>;

/** The operations that send and check codes. */
function codeOperations(sessions: Sessions, limits: Limits, breakers: Breakers, accounts: Accounts) {
  return {
    /** Begins a session with its first code: every limit and the breaker agree, or nothing is written. */
    begin(request: BeginRequest): { readonly status: "begun"; readonly steps: NextSteps } | SendRefusal {
      const { session, now, country } = request;
      if (!request.isTest) {
        const passed = pass(breakers.find(country), request.breaker, now);
        if (!passed.isPassed) return { status: "limited", limit: "breaker", waitMs: passed.waitMs };
        const refusal = limits.takeAll(request.charges, now);
        if (refusal) return refusal;
        breakers.keep(country, passed.breaker);
      } else {
        const refusal = limits.takeAll(request.charges, now);
        if (refusal) return refusal;
      }
      const { numberHash, numberSealed, linkJid, isTest, channel, codeHash } = request;
      const expiresAt = now + SESSION_TTL_MS;
      sessions.insert.run(session, numberHash, numberSealed, country, linkJid, isTest ? 1 : 0, now, expiresAt);
      sessions.insertCode.run(session, channel, now, codeHash);
      return {
        status: "begun",
        steps: nextSteps({ checks: 0, lastCheckAt: 0 }, sessions.codes(session), now),
      };
    },

    /** A session as far as sending a further code needs to know it. */
    find(session: Uint8Array, linkJid: string | null, now: EpochMs): SessionRow | undefined {
      const row = sessions.find(session, linkJid, now);
      return row && { numberHash: row.numberHash, numberSealed: row.numberSealed, country: row.country };
    },

    /** Counts a further code of a session as sent. */
    again(
      session: Uint8Array,
      linkJid: string | null,
      code: { readonly channel: Channel; readonly hash: Uint8Array },
      charges: readonly Charge[],
      now: EpochMs,
    ): { readonly status: "begun"; readonly steps: NextSteps } | SendRefusal {
      const row = sessions.find(session, linkJid, now);
      if (!row) return { status: "no-session" };
      const waitMs = row.state === "sent" ? sendWaitMs(sessions.codes(session), code.channel, now) : undefined;
      if (waitMs === undefined) return { status: "no-more-codes" };
      if (waitMs > 0) return { status: "too-early", waitMs };
      const refusal = limits.takeAll(charges, now);
      if (refusal) return refusal;
      sessions.insertCode.run(session, code.channel, now, code.hash);
      return { status: "begun", steps: nextSteps(row, sessions.codes(session), now) };
    },

    /** The provider could not send a code: it cannot be used, and what it was charged is given back. */
    takeBack(session: Uint8Array, codeHash: Uint8Array, charges: readonly Charge[], now: EpochMs): void {
      if (sessions.failCode.run(session, codeHash).changes > 0) limits.giveBackAll(charges, now);
    },

    /** Evaluates one guess, if the session may have another. */
    check(
      session: Uint8Array,
      linkJid: string | null,
      hash: Uint8Array,
      rules: BreakerRules,
      now: EpochMs,
    ): Checked {
      const row = sessions.find(session, linkJid, now);
      if (!row) return { status: "no-session" };
      const codes = sessions.codes(session);
      const decision = decideCheck(row, codes, hash, row.acceptedCode, now);
      if (decision.outcome === "exhausted") return { status: "exhausted" };
      if (decision.outcome === "too-early") return { status: "too-early", waitMs: decision.waitMs };
      if (decision.outcome !== "right") {
        sessions.countCheck.run(now, session);
        const progress = { checks: row.checks + 1, lastCheckAt: now };
        return { status: decision.outcome, steps: nextSteps(progress, codes, now) };
      }
      if (row.state === "sent") {
        sessions.verify.run(hash, now + SESSION_TTL_MS, session);
        breakers.record(row, true, rules, now);
      }
      const owner = accounts.findByNumber(row.numberHash);
      const needsPin = (row.state === "sent" || row.state === "verified") && owner?.jid !== linkJid;
      return {
        status: "right",
        numberHash: row.numberHash,
        numberSealed: row.numberSealed,
        pinHash: needsPin ? (owner?.pinHash ?? null) : null,
      };
    },
  };
}

/** The operations that turn a verified session into an account. */
function accountOperations(sessions: Sessions, accounts: Accounts) {
  const isTaken = (jid: string, session: Uint8Array): boolean =>
    accounts.findByJid(jid) !== undefined ||
    accounts.isToBeRemoved(jid) ||
    sessions.isReserved.get(jid, session) !== undefined;

  return {
    /** Fixes device, PIN and address of the account to come; the same again answers the same. */
    reserve(request: ReserveRequest, linkJid: string | null): Reserved {
      const { session, device, account, now } = request;
      const row = sessions.find(session, linkJid, now);
      if (!row || row.state === "sent") return { status: "no-session" };
      if (row.state === "verified") {
        const { passedPin, newPin } = request;
        const jid = row.jid ?? account?.jid ?? null;
        const isChosen = row.jid === null ? account?.isChosen === true : row.isChosen === 1;
        if (jid !== null && isTaken(jid, session)) return { status: "localpart-taken" };
        const { deviceId, keyHash } = device ?? { deviceId: null, keyHash: null };
        sessions.reserve.run(deviceId, keyHash, passedPin, newPin, jid, isChosen ? 1 : 0, session);
        return { status: "reserved", jid, isChosen, isAttempted: row.isAttempted === 1 };
      }
      if (!isSameDevice(row, device)) return { status: "device-mismatch" };
      if (row.state === "done" && accounts.findByJid(row.jid ?? linkJid ?? "")?.numberHash === undefined)
        return { status: "no-session" };
      return {
        status: row.state,
        jid: row.jid,
        isChosen: row.isChosen === 1,
        isAttempted: row.isAttempted === 1,
      };
    },

    /** Gives up the reserved address, so that another can be taken. */
    release: (session: Uint8Array): void => {
      sessions.rename.run(null, 0, session);
      sessions.setAttempted.run(0, session);
      sessions.setState.run("verified", session);
    },

    /** Notes, before the host is asked, that it may have made the account; or, after it refused, that it has not. */
    setAttempted: (session: Uint8Array, isAttempted: boolean): void =>
      void sessions.setAttempted.run(isAttempted ? 1 : 0, session),

    /** Gives the number to the account. Whoever had it is gone, unless a PIN came between. */
    commit(session: Uint8Array, linkJid: string | null, now: EpochMs): Committed {
      const row = sessions.find(session, linkJid, now);
      const jid = row?.jid ?? linkJid;
      if (!row || !jid || (row.state !== "reserved" && row.state !== "done")) return { status: "no-session" };
      if (row.state === "done") return { status: "committed", gone: [] };
      const owner = accounts.findByNumber(row.numberHash);
      if (owner?.pinHash && owner.jid !== jid && !(row.passedPin && isEqual(row.passedPin, owner.pinHash))) {
        sessions.setState.run("verified", session);
        return { status: "pin-required" };
      }
      const mine = accounts.findByJid(jid);
      const { retired } = accounts.create({
        jid,
        numberHash: row.numberHash,
        numberSealed: row.numberSealed,
        isMadeHere: linkJid === null || mine?.isMadeHere === true,
        pinHash: nextPin(row, mine?.pinHash ?? null),
        device: row.deviceId && row.keyHash ? { deviceId: row.deviceId, keyHash: row.keyHash } : undefined,
        now,
      });
      if (retired?.isMadeHere && retired.jid !== jid) accounts.queueRemoval(retired.jid, now);
      sessions.setState.run("done", session);
      const gone = [retired?.jid, mine?.jid].filter((one) => one !== undefined);
      return { status: "committed", gone: [...new Set(gone)] };
    },
  };
}

function nextPin(row: StoredSession, own: Uint8Array | null): Uint8Array | null {
  if (row.newPin) return row.newPin.length > 0 ? row.newPin : null;
  return row.passedPin ?? own;
}

function isSameDevice(row: StoredSession, device: NewDevice | undefined): boolean {
  if (!row.keyHash || !device) return !row.keyHash && !device;
  return row.deviceId === device.deviceId && isEqual(row.keyHash, device.keyHash);
}

/** The SQL of sign-up. */
export function openSignUps(database: Database) {
  const sessions = openSessions(database);
  const limits = openLimits(database);
  const breakers = openBreakers(database);
  const accounts = openAccounts(database);
  const pinKey = (numberHash: Uint8Array): string => `pin:${Buffer.from(numberHash).toString("base64")}`;
  return {
    ...codeOperations(sessions, limits, breakers, accounts),
    ...accountOperations(sessions, accounts),

    /** Takes a guess of a PIN before it is evaluated. @returns milliseconds to wait; 0 when it may be made */
    takePinTry: (numberHash: Uint8Array, rate: Rate, now: EpochMs): number =>
      limits.takeOne(pinKey(numberHash), rate, now),

    /** The guess was right and does not count. */
    givePinTryBack: (numberHash: Uint8Array, rate: Rate, now: EpochMs): void =>
      limits.giveOneBack(pinKey(numberHash), rate, now),

    /**
     * Ends what has expired: tells the breaker, has accounts that nobody finished deleted, forgets full limits.
     *
     * @returns how many sessions ended
     */
    sweep(rules: BreakerRules, now: EpochMs): number {
      const ended = sessions.expired.all(now);
      for (const row of ended) {
        if (row.state === "sent" && sessions.codes(row.session).some((code) => code.hash !== null))
          breakers.record(row, false, rules, now);
        // A chosen address may by now be somebody's whom the host let in by another door
        const isOurs = row.state !== "done" && row.isAttempted === 1 && row.isChosen === 0;
        if (isOurs && row.jid !== null) accounts.queueRemoval(row.jid, now + ABANDONED_GRACE_MS);
        sessions.remove.run(row.session);
      }
      limits.forgetFull(now);
      return ended.length;
    },
  };
}

/** Sign-up as the main thread calls it. */
export type SignUpOperations = ReturnType<typeof openSignUps>;

/** The sign-up part of the store thread; comes after that of accounts. */
export const store: StoreModule<SignUpOperations> = { name: "sign-up", migrations, open: openSignUps };
