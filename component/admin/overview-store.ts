import type { Database } from "better-sqlite3";
import type { EpochMs } from "../../src/clock.js";
import type { DeviceId } from "../../src/ids.js";
import type { Bucket } from "../sign-up/limits.js";

/** A number that belongs to an account. */
export interface NumberRow {
  /** Row of the account. */
  readonly id: number;
  readonly jid: string;
  readonly sealed: Uint8Array;
  readonly linkedAt: EpochMs;
  readonly hasPin: 0 | 1;
  readonly devices: number;
  readonly apps: number;
  readonly waitingEntries: number;
}

/** A mailbox in which something waits. */
export interface MailboxRow {
  /** Row of the device, which is also its mailbox. */
  readonly mailbox: number;
  /** Bare JID of the account. */
  readonly account: string;
  readonly deviceId: DeviceId | null;
  /** By which an ordinary app is known. */
  readonly resource: string | null;
  readonly waitingEntries: number;
  readonly waitingBytes: number;
  /** When the entry came that waits for longest. */
  readonly oldestAt: EpochMs | null;
  readonly seenAt: EpochMs;
}

/** A country to which codes do not go as usual. */
export interface BreakerRow {
  readonly country: string;
  readonly state: "open" | "half-open";
  readonly since: EpochMs;
}

/** Which limits are meant: keys of sign-up's, and the hash of the number whose look-ups count. */
export interface LimitKeys {
  readonly signUp: readonly string[];
  readonly lookups?: Uint8Array | undefined;
}

/** The SQL of what an admin looks at: who is signed up, what waits, what is left of limits. */
export function openOverview(database: Database) {
  const numbers = database.prepare<[number, number], NumberRow>(
    `SELECT accounts.id, jid, sealed, accounts.created_at AS linkedAt, pin_hash IS NOT NULL AS hasPin,
       (SELECT count(*) FROM devices WHERE account = accounts.id AND device_id IS NOT NULL) AS devices,
       (SELECT count(*) FROM devices WHERE account = accounts.id AND resource IS NOT NULL) AS apps,
       (SELECT coalesce(sum(pending_count), 0) FROM devices WHERE account = accounts.id) AS waitingEntries
     FROM accounts JOIN numbers ON numbers.id = number WHERE accounts.id > ? ORDER BY accounts.id LIMIT ?`,
  );
  const fullest = database.prepare<[number], MailboxRow>(
    `SELECT devices.id AS mailbox, jid AS account, device_id AS deviceId, resource, pending_count AS waitingEntries,
       pending_bytes AS waitingBytes, seen_at AS seenAt,
       (SELECT at FROM entries WHERE device = devices.id ORDER BY seq LIMIT 1) AS oldestAt
     FROM (SELECT * FROM devices WHERE pending_count > 0 ORDER BY pending_count DESC, id LIMIT ?) AS devices
       JOIN accounts ON accounts.id = account ORDER BY pending_count DESC, devices.id`,
  );
  return {
    /** Who is signed up, the longest first, from behind a row on. */
    numbers: (after: number, limit: number): NumberRow[] => numbers.all(after, limit),

    /** The mailboxes in which most entries wait. */
    fullestMailboxes: (limit: number): MailboxRow[] => fullest.all(limit),

    ...openLimitOverview(database),
  };
}

function openLimitOverview(database: Database) {
  const bucket = database.prepare<[string], Bucket>("SELECT tokens, at FROM sign_up_limits WHERE key = ?");
  const lookups = database.prepare<[Uint8Array], Bucket>(
    "SELECT tokens, at FROM lookup_quotas WHERE number_hash = ?",
  );
  const forget = database.prepare("DELETE FROM sign_up_limits WHERE key = ?");
  const forgetLookups = database.prepare("DELETE FROM lookup_quotas WHERE number_hash = ?");
  const breakers = database.prepare<[], BreakerRow>(
    "SELECT country, state, since FROM sign_up_breakers WHERE state <> 'closed' ORDER BY country",
  );
  return {
    /** What is left of limits, in the order of their keys, the look-ups last; `undefined` where nothing was used. */
    limits({ signUp, lookups: hash }: LimitKeys): (Bucket | undefined)[] {
      const found = signUp.map((key) => bucket.get(key));
      return hash ? [...found, lookups.get(hash)] : found;
    },

    /** Makes limits as if nothing had been used. */
    forgetLimits({ signUp, lookups: hash }: LimitKeys): void {
      for (const key of signUp) forget.run(key);
      if (hash) forgetLookups.run(hash);
    },

    /** Countries to which codes do not go as usual. */
    openBreakers: (): BreakerRow[] => breakers.all(),
  };
}
