import type { EpochMs } from "../../src/clock.js";
import type { openAccounts } from "../accounts/store.js";
import { type BreakerRules, pass } from "./breaker.js";
import {
  type Channel,
  type Charge,
  decideCheck,
  nextSteps,
  type NextSteps,
  sendWaitMs,
  SESSION_TTL_MS,
} from "./service.js";
import type { openBreakers, openLimits, openSessions, SendRefusal, SessionRow } from "./tables.js";

type Sessions = ReturnType<typeof openSessions>;
type Limits = ReturnType<typeof openLimits>;
type Breakers = ReturnType<typeof openBreakers>;
type Accounts = ReturnType<typeof openAccounts>;

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

/** The operations that send and check codes. */
export function codeOperations(sessions: Sessions, limits: Limits, breakers: Breakers, accounts: Accounts) {
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
