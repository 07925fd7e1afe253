import type { Database } from "better-sqlite3";
import { openPairs, type Party } from "./pair-store.js";
import type { Relation } from "./sight.js";
import { decideSubscription, visibilityOf, type SubscriptionType, type Visibility } from "./subscription.js";

/** Whom one person may have subscribed to: more contacts than anybody's phone book has. */
export const MAX_SUBSCRIPTIONS = 5_000;

/** Who may have subscribed to one person: bounds what one change of presence costs. */
export const MAX_SUBSCRIBERS = 10_000;

/** What one wants to do to a subscription. */
export interface SubscriptionRequest {
  readonly type: SubscriptionType;
  /** Bare JID of the one who acts. */
  readonly jid: string;
  /** Hash of the other one's number. */
  readonly toHash: Uint8Array;
  readonly now: number;
}

/** What became of it. `no-number`: the one who acts has none; `nobody`: the other's belongs to no account. */
export type SubscriptionOutcome =
  | { readonly kind: "no-number" | "nobody" | "too-many" }
  | {
      readonly kind: "done";
      readonly me: Party;
      readonly other: Party;
      /** Whether they had nothing to do with each other before. */
      readonly isNew: boolean;
      readonly tellMe: readonly SubscriptionType[];
      readonly tellThem: readonly SubscriptionType[];
      readonly before: Visibility;
      readonly after: Visibility;
    };

/** A relation that ended because an account lost its number: the other's server has to be told. */
export interface EndedRelation {
  readonly id: number;
  /** Bare JID of the one to be told. */
  readonly jid: string;
  readonly number: { readonly id: number; readonly sealed: Uint8Array };
}

/** The SQL of writing relations. */
export function openRelationWriter(database: Database) {
  const put = database.prepare(
    `INSERT INTO relations (subscriber, contact, is_subscribed, is_approved, is_denied, is_told, asked_at)
     VALUES (@subscriber, @contact, @isSubscribed, @isApproved, @isDenied, @isTold, @askedAt)
     ON CONFLICT DO UPDATE SET is_subscribed = excluded.is_subscribed, is_approved = excluded.is_approved,
       is_denied = excluded.is_denied, is_told = excluded.is_told, asked_at = excluded.asked_at`,
  );
  const remove = database.prepare("DELETE FROM relations WHERE subscriber = ? AND contact = ?");
  return (subscriber: number, contact: number, relation: Relation): void => {
    const { isSubscribed, isApproved, isDenied, isTold, askedAt } = relation;
    if (!isSubscribed && !isApproved && !isDenied) return void remove.run(subscriber, contact);
    put.run({
      subscriber,
      contact,
      isSubscribed: Number(isSubscribed),
      isApproved: Number(isApproved),
      isDenied: Number(isDenied),
      isTold: Number(isTold),
      askedAt,
    });
  };
}

/** The SQL of subscriptions. */
export function openRelations(database: Database) {
  const pairs = openPairs(database);
  const write = openRelationWriter(database);
  const countSubscriptions = database.prepare<[number, number], { count: number }>(
    "SELECT count(*) AS count FROM (SELECT 1 FROM relations WHERE subscriber = ? AND is_subscribed = 1 LIMIT ?)",
  );
  const countSubscribers = database.prepare<[number, number], { count: number }>(
    "SELECT count(*) AS count FROM (SELECT 1 FROM relations WHERE contact = ? LIMIT ?)",
  );
  const ended = database.prepare<[number], { id: number; jid: string; number: number; sealed: Uint8Array }>(
    `SELECT ended_relations.id, jid, number, sealed FROM ended_relations JOIN numbers ON numbers.id = number
     ORDER BY ended_relations.id LIMIT ?`,
  );
  const forget = database.prepare("DELETE FROM ended_relations WHERE id = ?");

  const isFull = (subscriber: number, contact: number): boolean =>
    (countSubscriptions.get(subscriber, MAX_SUBSCRIPTIONS)?.count ?? 0) >= MAX_SUBSCRIPTIONS ||
    (countSubscribers.get(contact, MAX_SUBSCRIBERS)?.count ?? 0) >= MAX_SUBSCRIBERS;
  const isFullOfOwn = (contact: number): boolean =>
    (countSubscribers.get(contact, MAX_SUBSCRIBERS)?.count ?? 0) >= MAX_SUBSCRIBERS;

  return {
    /** Asks for, grants, takes back or refuses a subscription. */
    changeSubscription({ type, jid, toHash, now }: SubscriptionRequest): SubscriptionOutcome {
      const me = pairs.byJid(jid);
      if (!me) return { kind: "no-number" };
      const other = pairs.byHash(toHash);
      if (!other) return { kind: "nobody" };
      const pair = pairs.pairOf(me, other);
      const { mine, theirs } = pair;
      const isNewMine = type === "subscribe" && !mine.isSubscribed && !pair.isSelf;
      const isNewTheirs = type === "subscribed" && !theirs.isSubscribed && !theirs.isApproved;
      if (isNewMine && isFull(me.account, other.account)) return { kind: "too-many" };
      if (isNewTheirs && isFullOfOwn(me.account)) return { kind: "too-many" };
      const change = decideSubscription(type, pair, now);
      if (!pair.isSelf) {
        if (change.mine !== mine) write(me.account, other.account, change.mine);
        if (change.theirs !== theirs) write(other.account, me.account, change.theirs);
      }
      const { tellMe, tellThem } = change;
      const before = visibilityOf(pair);
      const after = visibilityOf({ ...pair, mine: change.mine, theirs: change.theirs });
      return { kind: "done", me, other, isNew: isNewMine, tellMe, tellThem, before, after };
    },

    /** Relations that ended with an account's number and that nobody was told of yet. */
    endedRelations: (limit: number): EndedRelation[] =>
      ended.all(limit).map(({ id, jid, number, sealed }) => ({ id, jid, number: { id: number, sealed } })),

    /** They were told. */
    forgetEnded(ids: readonly number[]): void {
      for (const id of ids) forget.run(id);
    },
  };
}
