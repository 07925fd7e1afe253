import type { Database } from "better-sqlite3";
import { openPairs, type Party } from "./pair-store.js";
import { openRelationWriter } from "./relation-store.js";
import { settle, visibilityOf, type SubscriptionType, type Visibility } from "./subscription.js";

/** Numbers that one person may block. */
export const MAX_BLOCKS = 5_000;

/** Where a block was made: with a command of ours, or on the host, whose list only its effects tell us of. */
export type BlockPlace = "here" | "on-host";

/** A number to be blocked, or not any more. */
export interface BlockRequest {
  /** Bare JID of the one who blocks. */
  readonly jid: string;
  readonly numberHash: Uint8Array;
  readonly numberSealed: Uint8Array;
  readonly place: BlockPlace;
  readonly isBlocked: boolean;
  readonly now: number;
}

/** What became of it; `other` is missing when the number belongs to nobody. */
export type BlockOutcome =
  | { readonly kind: "no-number" | "too-many" }
  | {
      readonly kind: "done";
      readonly me: Party;
      readonly other: Party | undefined;
      readonly tellMe: readonly SubscriptionType[];
      readonly tellThem: readonly SubscriptionType[];
      readonly before: Visibility | undefined;
      readonly after: Visibility | undefined;
    };

/** A blocked number. */
export interface StoredBlock {
  readonly hash: Uint8Array;
  readonly sealed: Uint8Array;
  readonly isHere: boolean;
  readonly isOnHost: boolean;
}

/** What a mailbox asks before it takes a message: one look-up by key. */
export function openBlockCheck(database: Database): (account: number, senderHash: Uint8Array) => boolean {
  const find = database
    .prepare<[number, Uint8Array], 1>("SELECT 1 FROM blocks WHERE account = ? AND number_hash = ?")
    .pluck();
  return (account, senderHash) => find.get(account, senderHash) !== undefined;
}

/** The SQL of blocked numbers. */
export function openBlocks(database: Database) {
  const pairs = openPairs(database);
  const write = openRelationWriter(database);
  const put = database.prepare(
    `INSERT INTO blocks (account, number_hash, number_sealed, is_here, is_on_host, at)
     VALUES (@account, @hash, @sealed, @isHere, @isOnHost, @now)
     ON CONFLICT DO UPDATE SET is_here = max(is_here, excluded.is_here), is_on_host = max(is_on_host, excluded.is_on_host)`,
  );
  const clear = {
    here: database.prepare("UPDATE blocks SET is_here = 0 WHERE account = ? AND number_hash = ?"),
    "on-host": database.prepare("UPDATE blocks SET is_on_host = 0 WHERE account = ? AND number_hash = ?"),
  };
  const prune = database.prepare(
    "DELETE FROM blocks WHERE account = ? AND number_hash = ? AND is_here = 0 AND is_on_host = 0",
  );
  const count = database.prepare<[number], { count: number }>(
    "SELECT count(*) AS count FROM blocks WHERE account = ?",
  );
  const list = database.prepare<
    [string],
    { hash: Uint8Array; sealed: Uint8Array; isHere: 0 | 1; isOnHost: 0 | 1 }
  >(
    `SELECT number_hash AS hash, number_sealed AS sealed, is_here AS isHere, is_on_host AS isOnHost
     FROM blocks JOIN accounts ON accounts.id = account WHERE jid = ? ORDER BY at, number_hash`,
  );

  const change = (
    account: number,
    { numberHash, numberSealed, place, isBlocked, now }: BlockRequest,
  ): void => {
    if (isBlocked) {
      const [isHere, isOnHost] = place === "here" ? [1, 0] : [0, 1];
      put.run({ account, hash: numberHash, sealed: numberSealed, isHere, isOnHost, now });
      return;
    }
    clear[place].run(account, numberHash);
    prune.run(account, numberHash);
  };

  return {
    /** Blocks a number, whoever has it and whether anybody does; or ends that. */
    block(request: BlockRequest): BlockOutcome {
      const me = pairs.byJid(request.jid);
      if (!me) return { kind: "no-number" };
      if (request.isBlocked && (count.get(me.account)?.count ?? 0) >= MAX_BLOCKS) return { kind: "too-many" };
      const other = pairs.byHash(request.numberHash);
      const before = other && visibilityOf(pairs.pairOf(me, other));
      change(me.account, request);
      if (!other) {
        return { kind: "done", me, other, tellMe: [], tellThem: [], before: undefined, after: undefined };
      }
      const pair = pairs.pairOf(me, other);
      // Who waited for an answer behind the block gets it
      const { mine, theirs, tellMe, tellThem } = pair.isSelf
        ? { ...pair, tellMe: [], tellThem: [] }
        : settle(pair);
      if (mine !== pair.mine) write(me.account, other.account, mine);
      if (theirs !== pair.theirs) write(other.account, me.account, theirs);
      const after = visibilityOf({ ...pair, mine, theirs });
      return { kind: "done", me, other, tellMe, tellThem, before, after };
    },

    /** The numbers that a person (bare JID) has blocked, in the order in which it happened. */
    blocksOf: (jid: string): StoredBlock[] =>
      list.all(jid).map(({ hash, sealed, isHere, isOnHost }) => ({
        hash,
        sealed,
        isHere: isHere === 1,
        isOnHost: isOnHost === 1,
      })),
  };
}
