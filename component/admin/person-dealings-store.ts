import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { Page } from "./person-store.js";

/** Answers that one turn reads. */
const TURN = 1_000;

/** What the ways to find people, to be found and to get a number keep of a person. */
export interface PersonDealings {
  /** Whether the person lets people on other servers write. */
  readonly isWelcoming: boolean;
  /** Numbers that the person looked up, of which only keyed hashes are there. */
  readonly lookUps: { readonly numbers: number; readonly newestAt: EpochMs } | undefined;
  /** A number that the person asked to link, sealed as linking does it. */
  readonly linking: { readonly sealed: Uint8Array; readonly expiresAt: EpochMs } | undefined;
  /** The invitation by which an app was to make the account; its link is a key and stays out of this. */
  readonly invitation: { readonly expiresAt: EpochMs; readonly seenAt: EpochMs | null } | undefined;
  /** When the chat gave the person a hint. */
  readonly hintedAt: EpochMs | undefined;
}

/** That a person answered somebody on another server. */
export interface PersonAnswer {
  /** The other one's address, sealed; null when nothing of theirs is here any more. */
  readonly stranger: Uint8Array | null;
  readonly at: EpochMs;
}

/** The SQL of telling what the smaller capabilities keep of a person. */
export function openPersonDealings(database: Database) {
  const welcome = database.prepare<[number], 1>("SELECT 1 FROM stranger_welcomes WHERE account = ?").pluck();
  const lookUps = database.prepare<[number], { numbers: number; newestAt: EpochMs | null }>(
    "SELECT count(*) AS numbers, max(asked_at) AS newestAt FROM known_numbers WHERE account = ?",
  );
  const linking = database.prepare<[string], NonNullable<PersonDealings["linking"]>>(
    "SELECT sealed, expires_at AS expiresAt FROM linkings WHERE account = ?",
  );
  const invitation = database.prepare<[number], NonNullable<PersonDealings["invitation"]>>(
    "SELECT expires_at AS expiresAt, seen_at AS seenAt FROM invitations WHERE account = ?",
  );
  const hint = database.prepare<[string], EpochMs>("SELECT at FROM chat_hints WHERE account = ?").pluck();
  const answers = database.prepare<[number, number], PersonAnswer>(
    `SELECT sealed AS stranger, at FROM stranger_answers LEFT JOIN numbers ON hash = stranger
     WHERE account = ? ORDER BY stranger_answers.stranger LIMIT ${TURN} OFFSET ?`,
  );

  return {
    /** What is kept of an account (its row and its bare JID) beside messages and contacts. */
    dealingsOf(account: number, jid: string): PersonDealings {
      const { numbers = 0, newestAt = null } = lookUps.get(account) ?? {};
      return {
        isWelcoming: welcome.get(account) !== undefined,
        lookUps: newestAt === null ? undefined : { numbers, newestAt },
        linking: linking.get(jid),
        invitation: invitation.get(account),
        hintedAt: hint.get(jid),
      };
    },

    /** Whom an account answered on other servers, after so many of them. */
    answersOf(account: number, after: number): Page<PersonAnswer> {
      const rows = answers.all(account, after);
      return { rows, next: rows.length === TURN ? after + TURN : null };
    },
  };
}
