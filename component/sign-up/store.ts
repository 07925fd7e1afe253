import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import { openAccounts, type NewDevice } from "../accounts/store.js";
import { type InvitationRow, type NewInvitation, openInvitations } from "../invitations/store.js";
import type { StoreModule } from "../store/operations.js";
import { SWEEP_ROWS } from "../turns.js";
import type { BreakerRules } from "./breaker.js";
import { codeOperations } from "./code-store.js";
import type { Rate } from "./limits.js";
import { isEqual, mayBeOurs, nextSteps, type NextSteps, SESSION_TTL_MS } from "./service.js";
import { migrations, openBreakers, openLimits, openSessions, type StoredSession } from "./tables.js";

export type { BeginRequest, Checked } from "./code-store.js";
export type { SendRefusal, SessionRow } from "./tables.js";

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
      /** Whether the account was left to an app to make, by invitation. */
      readonly isInvited: boolean;
    };

/** How far a sign-up has come, for who began it. */
export interface SignUpRow {
  readonly numberSealed: Uint8Array;
  readonly steps: NextSteps;
  /** The account that the number belongs to by now; null while the code is waited for. */
  readonly account: {
    readonly jid: string;
    readonly isAttempted: boolean;
    /** The invitation, where an app is to make the account. */
    readonly invitation: InvitationRow | undefined;
  } | null;
}

/** What came of a commit. */
export type Committed =
  | { readonly status: "no-session" | "pin-required" }
  /** Bare JIDs whose devices and mailboxes are gone. */
  | { readonly status: "committed"; readonly gone: readonly string[] };

/** What may still be on its way to the host has arrived by then. */
const ABANDONED_GRACE_MS = 60_000;

type Sessions = ReturnType<typeof openSessions>;
type Accounts = ReturnType<typeof openAccounts>;
type Invitations = ReturnType<typeof openInvitations>;

/** The operations that turn a verified session into an account. */
function accountOperations(sessions: Sessions, accounts: Accounts, invitations: Invitations) {
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
        return { status: "reserved", jid, isChosen, isAttempted: mayBeOurs(row, now), isInvited: false };
      }
      if (!isSameDevice(row, device)) return { status: "device-mismatch" };
      if (row.state === "done" && !owns(row.jid ?? linkJid, row.numberHash)) return { status: "no-session" };
      return {
        status: row.state,
        jid: row.jid,
        isChosen: row.isChosen === 1,
        isAttempted: mayBeOurs(row, now),
        isInvited: row.isInvited === 1,
      };
    },

    /** How far a newcomer's sign-up has come; `undefined` when there is none, or what it made is not theirs any more. */
    look(session: Uint8Array, now: EpochMs): SignUpRow | undefined {
      const row = sessions.find(session, null, now);
      if (!row || (row.state === "done" && !owns(row.jid, row.numberHash))) return undefined;
      const { numberSealed, jid, isInvited } = row;
      const steps = nextSteps(row, sessions.codes(session), now);
      if (row.state !== "done" || jid === null) return { numberSealed, steps, account: null };
      const invitation = isInvited === 1 ? invitations.find(jid) : undefined;
      return { numberSealed, steps, account: { jid, isAttempted: mayBeOurs(row, now), invitation } };
    },

    /** The account was made with a password after all, so that its invitation is not shown any more. */
    withdrawInvitation(session: Uint8Array, now: EpochMs): void {
      const row = sessions.find(session, null, now);
      if (!row?.jid || row.state !== "done" || !owns(row.jid, row.numberHash)) return;
      invitations.remove(row.jid);
      sessions.setInvited.run(0, session);
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

    /**
     * Gives the number to the account. Whoever had it is gone, unless a PIN came between.
     *
     * @param invitation by which an app makes the account; once more in place of one that has expired
     */
    commit(
      session: Uint8Array,
      linkJid: string | null,
      now: EpochMs,
      invitation: NewInvitation | null = null,
    ): Committed {
      const row = sessions.find(session, linkJid, now);
      const jid = row?.jid ?? linkJid;
      if (!row || !jid || (row.state !== "reserved" && row.state !== "done")) return { status: "no-session" };
      const invite = (): void => {
        if (!invitation) return;
        sessions.setInvited.run(1, session);
        invitations.keep(
          jid,
          invitation,
          Math.max(invitation.expiresAt, now + SESSION_TTL_MS) + ABANDONED_GRACE_MS,
        );
      };
      if (row.state === "done") {
        if (!owns(jid, row.numberHash)) return { status: "no-session" };
        invite();
        return { status: "committed", gone: [] };
      }
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
      invite();
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
  const invitations = openInvitations(database);
  const pinKey = (numberHash: Uint8Array): string => `pin:${Buffer.from(numberHash).toString("base64")}`;
  return {
    ...codeOperations(sessions, limits, breakers, accounts),
    ...accountOperations(sessions, accounts, invitations),

    /** The invitations of which it is time to see what came of them. */
    dueInvitations: (now: EpochMs): InvitationRow[] => invitations.due(now),

    /** The accounts (bare JIDs) that were left to apps to make and were not seen online yet. */
    accountsToCome: (): string[] => invitations.unseen(),

    /** An account that was left to an app to make came online. Answers whether for the first time. */
    accountCame: (jid: string, now: EpochMs): boolean => invitations.see(jid, now),

    /** Forgets an invitation: its account has been made. */
    forgetInvitation: (jid: string): void => invitations.remove(jid),

    /** Takes a guess of a PIN before it is evaluated. @returns milliseconds to wait; 0 when it may be made */
    takePinTry: (numberHash: Uint8Array, rate: Rate, now: EpochMs): number =>
      limits.takeOne(pinKey(numberHash), rate, now),

    /** The guess was right and does not count. */
    givePinTryBack: (numberHash: Uint8Array, rate: Rate, now: EpochMs): void =>
      limits.giveOneBack(pinKey(numberHash), rate, now),

    /**
     * Ends what has expired: tells the breaker, has accounts that nobody finished deleted, forgets full limits.
     *
     * @returns whether there may be more
     */
    sweep(rules: BreakerRules, now: EpochMs): boolean {
      const ended = sessions.expired.all(now);
      for (const row of ended) {
        if (row.state === "sent" && sessions.codes(row.session).some((code) => code.hash !== null))
          breakers.record(row, false, rules, now);
        // A chosen address may by now be somebody's whom the host let in by another door
        const isOurs = row.state !== "done" && row.attemptedAt !== null && row.isChosen === 0;
        if (isOurs && row.jid !== null) accounts.queueRemoval(row.jid, now + ABANDONED_GRACE_MS);
        sessions.remove.run(row.session);
      }
      const hasMoreLimits = limits.forgetFull(now);
      return hasMoreLimits || ended.length === SWEEP_ROWS;
    },
  };
}

/** Sign-up as the main thread calls it. */
export type SignUpOperations = ReturnType<typeof openSignUps>;

/** The sign-up part of the store thread; comes after that of accounts. */
export const store: StoreModule<SignUpOperations> = {
  name: "sign-up",
  migrations,
  takesRoom: ["begin"],
  open: openSignUps,
};
