import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import { openAccounts } from "../accounts/store.js";
import { type Bucket, fullAt, type Rate, take } from "../sign-up/limits.js";
import type { StoreModule } from "../store/operations.js";
import { SWEEP_ROWS } from "../turns.js";

/** Numbers that an account asks for. */
export interface LookUpRequest {
  /** Bare JID of who asks. */
  readonly account: string;
  /** Hashes of the numbers, each once. */
  readonly hashes: readonly Uint8Array[];
  /** Whether whoever asks sees the answer, so that nothing has to be suggested any more. */
  readonly isTold: boolean;
  readonly quota: Rate;
  readonly now: EpochMs;
}

/** A number that belongs to an account, as `Numbers.jidOf` takes it. */
export interface FoundNumber {
  readonly id: number;
  readonly sealed: Uint8Array;
  readonly hash: Uint8Array;
}

/** What came of looking numbers up. */
export type LookedUp =
  | { readonly status: "no-number" }
  /** `undefined`: more at once than the quota ever allows. */
  | { readonly status: "limited"; readonly waitMs: number | undefined }
  | { readonly status: "found"; readonly found: readonly FoundNumber[] };

/** Numbers that are remembered of one account; the ones asked for longest ago go first. */
const MAX_KNOWN = 10_000;
/** A number that was not asked for again for so long is forgotten. */
const KNOWN_TTL_MS = 180 * 86_400_000;
/** Asking again is noted once in so long: a phone book is read at every start of an app. */
const NOTED_EVERY_MS = 86_400_000;
/** People that are told of one who signed up, at most. */
const MAX_TOLD = 1_000;

/** The SQL of looking numbers up. */
export function openDirectory(database: Database) {
  const accounts = openAccounts(database);
  const quota = openQuota(database);
  const isKnown = database.prepare<[number, Uint8Array], { askedAt: EpochMs }>(
    "SELECT asked_at AS askedAt FROM known_numbers WHERE account = ? AND number_hash = ?",
  );
  const know = database.prepare(
    `INSERT INTO known_numbers (account, number_hash, asked_at) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET asked_at = excluded.asked_at`,
  );
  const told = database.prepare("UPDATE known_numbers SET is_told = 1 WHERE account = ? AND number_hash = ?");
  const prune = database.prepare(
    `DELETE FROM known_numbers WHERE account = @account AND number_hash IN
       (SELECT number_hash FROM known_numbers WHERE account = @account ORDER BY asked_at DESC, number_hash
        LIMIT -1 OFFSET ${MAX_KNOWN})`,
  );
  const find = database.prepare<[Uint8Array], FoundNumber>(
    "SELECT numbers.id, sealed, hash FROM numbers JOIN accounts ON number = numbers.id WHERE hash = ?",
  );
  const untold = database.prepare<[number, number, number], FoundNumber>(
    `SELECT numbers.id, sealed, hash FROM known_numbers JOIN numbers ON hash = number_hash
       JOIN accounts AS others ON others.number = numbers.id
     WHERE account = ? AND is_told = 0 AND others.id <> ? ORDER BY numbers.id LIMIT ?`,
  );
  const knowing = database.prepare<[Uint8Array], { jid: string }>(
    `SELECT jid FROM known_numbers JOIN accounts ON accounts.id = account
     WHERE number_hash = ? AND is_told = 0 LIMIT ${MAX_TOLD}`,
  );
  const forget = database.prepare(
    `DELETE FROM known_numbers WHERE (account, number_hash) IN
       (SELECT account, number_hash FROM known_numbers WHERE asked_at <= ? LIMIT ${SWEEP_ROWS})`,
  );

  return {
    /** Tells which of some numbers belong to accounts; numbers asked for before cost nothing of the quota. */
    lookUp({ account, hashes, isTold, quota: rate, now }: LookUpRequest): LookedUp {
      const asker = accounts.findByJid(account);
      if (!asker) return { status: "no-number" };
      const asked = hashes.map((hash) => ({ hash, askedAt: isKnown.get(asker.id, hash)?.askedAt }));
      const fresh = asked.filter(({ askedAt }) => askedAt === undefined);
      const waitMs = quota.take(asker.numberHash, rate, fresh.length, now);
      if (waitMs !== 0) return { status: "limited", waitMs };
      for (const { hash, askedAt } of asked)
        if (askedAt === undefined || now - askedAt >= NOTED_EVERY_MS) know.run(asker.id, hash, now);
      if (fresh.length > 0) prune.run({ account: asker.id });
      const found = hashes.map((hash) => find.get(hash)).filter((row) => row !== undefined);
      if (isTold) for (const { hash } of found) told.run(asker.id, hash);
      return { status: "found", found };
    },

    /** Numbers that an account asked for and has not been told of, though they belong to somebody. */
    untold(account: string, limit: number): FoundNumber[] {
      const asker = accounts.findByJid(account);
      return asker ? untold.all(asker.id, asker.id, limit) : [];
    },

    /** An app of the account has taken these. */
    setTold(account: string, hashes: readonly Uint8Array[]): void {
      const asker = accounts.findByJid(account);
      if (asker) for (const hash of hashes) told.run(asker.id, hash);
    },

    /** Bare JIDs of those who asked for the number of this account and have not been told of it. */
    knowing(account: string): string[] {
      const row = accounts.findByJid(account);
      return row ? knowing.all(row.numberHash).map(({ jid }) => jid) : [];
    },

    /** Forgets full quotas and numbers that nobody asks for any more. @returns whether there may be more */
    sweep(now: EpochMs): boolean {
      const hasMoreQuotas = quota.sweep(now);
      return forget.run(now - KNOWN_TTL_MS).changes === SWEEP_ROWS || hasMoreQuotas;
    },
  };
}

/** What is left of everybody's quota; it belongs to the number, so that a new account brings no new one. */
function openQuota(database: Database) {
  const find = database.prepare<[Uint8Array], Bucket>(
    "SELECT tokens, at FROM lookup_quotas WHERE number_hash = ?",
  );
  const keep = database.prepare(
    "INSERT OR REPLACE INTO lookup_quotas (number_hash, tokens, at, full_at) VALUES (?, ?, ?, ?)",
  );
  const forget = database.prepare(
    `DELETE FROM lookup_quotas WHERE number_hash IN
       (SELECT number_hash FROM lookup_quotas WHERE full_at <= ? LIMIT ${SWEEP_ROWS})`,
  );
  // One from the future is from before the clock was set back: it fills up from now on
  const read = (hash: Uint8Array, now: EpochMs): Bucket | undefined => {
    const bucket = find.get(hash);
    return bucket && { tokens: bucket.tokens, at: Math.min(bucket.at, now) };
  };
  return {
    /** Takes all or nothing. @returns milliseconds to wait; 0 when they were taken; `undefined` when they never can be */
    take(hash: Uint8Array, rate: Rate, count: number, now: EpochMs): number | undefined {
      if (count === 0) return 0;
      if (count > rate.burst) return undefined;
      const taken = take(read(hash, now), rate, now, count);
      if (!taken.isTaken) return taken.waitMs;
      keep.run(hash, taken.bucket.tokens, taken.bucket.at, fullAt(taken.bucket, rate));
      return 0;
    },

    sweep: (now: EpochMs): boolean => forget.run(now).changes === SWEEP_ROWS,
  };
}

/** The directory as the main thread calls it. */
export type DirectoryOperations = ReturnType<typeof openDirectory>;

/** The part of the store thread that looks numbers up; comes after that of accounts. */
export const store: StoreModule<DirectoryOperations> = {
  name: "directory",
  migrations: [
    {
      number: 1,
      sql: `
        CREATE TABLE known_numbers (
          account INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
          number_hash BLOB NOT NULL,
          asked_at INTEGER NOT NULL,
          is_told INTEGER NOT NULL DEFAULT 0,
          PRIMARY KEY (account, number_hash)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX known_numbers_by_number ON known_numbers (number_hash);
        CREATE INDEX known_numbers_by_time ON known_numbers (asked_at);
        CREATE TABLE lookup_quotas (
          number_hash BLOB PRIMARY KEY,
          tokens REAL NOT NULL,
          at INTEGER NOT NULL,
          full_at INTEGER NOT NULL
        ) STRICT;`,
    },
  ],
  takesRoom: ["lookUp"],
  open: openDirectory,
};
