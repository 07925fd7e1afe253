import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import { openAccounts, type NewDevice } from "../accounts/store.js";
import type { StoreModule } from "../store/operations.js";
import { type BreakerRules, pass } from "./breaker.js";
import type { Rate } from "./limits.js";
import {
  type Channel,
  type Charge,
  decideCheck,
  isEqual,
  mayBeOurs,
  nextSteps,
  type NextSteps,
  sendWaitMs,
  SESSION_TTL_MS,
} from "./service.js";
import {
  migrations,
  openBreakers,
  openLimits,
  openSessions,
  type SendRefusal,
  type SessionRow,
  type StoredSession,
} from "./tables.js";

export type { SendRefusal, SessionRow } from "./tables.js";

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
      /** Whether an account of this address on the host is one that this sign-up has made. */
      readonly isAttempted: boolean;
    };

/** What came of a commit. */
export type Committed =
  | { readonly status: "no-session" | "pin-required" }
  /** Bare JIDs whose devices and mailboxes are gone. */
  | { readonly status: "committed"; readonly gone: readonly string[] };

/** What may still be on its way to the host has arrived by then. */
const ABANDONED_GRACE_MS = 60_000;

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
      sessions.insert.run(
        session,
        numberHash,
        numberSealed,
        country,
        linkJid,
        isTest ? 1 : 0,
        now,
        expiresAt,
      );
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
      const waitMs =
        row.state === "sent" ? sendWaitMs(sessions.codes(session), code.channel, now) : undefined;
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

  const owns = (jid: string | null, numberHash: Uint8Array): boolean => {
    const account = jid === null ? undefined : accounts.findByJid(jid);
    return account !== undefined && isEqual(account.numberHash, numberHash);
  };

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
        return { status: "reserved", jid, isChosen, isAttempted: mayBeOurs(row, now) };
      }
      if (!isSameDevice(row, device)) return { status: "device-mismatch" };
      if (row.state === "done" && !owns(row.jid ?? linkJid, row.numberHash)) return { status: "no-session" };
      return {
        status: row.state,
        jid: row.jid,
        isChosen: row.isChosen === 1,
        isAttempted: mayBeOurs(row, now),
      };
    },

    /** Gives up the reserved address, so that another can be taken. */
    release: (session: Uint8Array): void => {
      sessions.rename.run(null, 0, session);
      sessions.setAttempted.run(null, session);
      sessions.setState.run("verified", session);
    },

    /** Notes, before the host is asked, that it may have made the account; or, after it refused, that it has not. */
    setAttempted: (session: Uint8Array, at: EpochMs | null): void =>
      void sessions.setAttempted.run(at, session),

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
        const isOurs = row.state !== "done" && row.attemptedAt !== null && row.isChosen === 0;
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
