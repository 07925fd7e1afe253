import {
  isGranted,
  NO_RELATION,
  sees,
  type PrivacySettings,
  type Relation,
  type SightFacts,
} from "./sight.js";

/** The presence types that change a subscription. Source: RFC 6121 §3 */
export const SUBSCRIPTION_TYPES = ["subscribe", "subscribed", "unsubscribe", "unsubscribed"] as const;

/** One of {@link SUBSCRIPTION_TYPES}. */
export type SubscriptionType = (typeof SUBSCRIPTION_TYPES)[number];

/** Whoever was told no is not asked for again so soon, however often the other one tries. */
export const ASK_AGAIN_MS = 86_400_000;

/** Two persons, seen from the one who acts. */
export interface Pair {
  readonly isSelf: boolean;
  readonly isBlocked: boolean;
  /** How the one who acts stands to the other, and the other way round. */
  readonly mine: Relation;
  readonly theirs: Relation;
  readonly mySettings: PrivacySettings;
  readonly theirSettings: PrivacySettings;
}

/** What came of an act. */
export interface SubscriptionChange {
  readonly mine: Relation;
  readonly theirs: Relation;
  /** What the one who acted is told in the other's name, and the other way round. */
  readonly tellMe: readonly SubscriptionType[];
  readonly tellThem: readonly SubscriptionType[];
}

/** Whether each sees the other's presence. */
export interface Visibility {
  readonly iSeeThem: boolean;
  readonly theySeeMe: boolean;
}

/** How the one who acts looks to what the other allows. */
export function sightOfMine(pair: Pair): SightFacts {
  const { isSelf, isBlocked, mine, theirs, theirSettings } = pair;
  return { isSelf, isBlocked, settings: theirSettings, toPerson: mine, fromPerson: theirs };
}

/** How the other looks to what the one who acts allows. */
export function sightOfTheirs(pair: Pair): SightFacts {
  const { isSelf, isBlocked, mine, theirs, mySettings } = pair;
  return { isSelf, isBlocked, settings: mySettings, toPerson: theirs, fromPerson: mine };
}

/** Who of the two sees the other's presence. */
export function visibilityOf(pair: Pair): Visibility {
  return {
    iSeeThem: sees("presence", sightOfMine(pair)),
    theySeeMe: sees("presence", sightOfTheirs(pair)),
  };
}

/** Decides what a subscription stanza means. Source: RFC 6121 §3.1, §3.2, §3.3, §3.4 */
export function decideSubscription(type: SubscriptionType, pair: Pair, now: number): SubscriptionChange {
  // A person is no contact of the same person
  if (pair.isSelf) return { ...pair, tellMe: type === "subscribe" ? ["unsubscribed"] : [], tellThem: [] };
  switch (type) {
    case "subscribe":
      return subscribe(pair, now);
    case "subscribed":
      // RFC 6121 §3.4: also before it was asked for
      return settle({ ...pair, theirs: { ...pair.theirs, isApproved: true, isDenied: false } });
    case "unsubscribe":
      return unsubscribe(pair);
    case "unsubscribed":
      return deny(pair);
  }
}

/** Tells those who wait for an answer, and need none any more, that they are subscribed. */
export function settle(pair: Pair, told: Partial<SubscriptionChange> = {}): SubscriptionChange {
  const mine = isOwedAnswer(sightOfMine(pair));
  const theirs = isOwedAnswer(sightOfTheirs(pair));
  return {
    mine: mine ? { ...pair.mine, isTold: true } : pair.mine,
    theirs: theirs ? { ...pair.theirs, isTold: true } : pair.theirs,
    tellMe: [...(told.tellMe ?? []), ...(mine ? (["subscribed"] as const) : [])],
    tellThem: [...(told.tellThem ?? []), ...(theirs ? (["subscribed"] as const) : [])],
  };
}

function isOwedAnswer(facts: SightFacts): boolean {
  const { isSubscribed, isTold } = facts.toPerson;
  return isSubscribed && !isTold && !facts.isBlocked && isGranted(facts);
}

function subscribe(pair: Pair, now: number): SubscriptionChange {
  const { mine, isBlocked } = pair;
  // RFC 6121 §3.1.3: the subscriber's roster has lost what the contact already said
  if (mine.isTold) return { ...pair, tellMe: isBlocked ? [] : ["subscribed"], tellThem: [] };
  const isAskedAgain = mine.isDenied && now - mine.askedAt < ASK_AGAIN_MS;
  // Who is blocked waits for an answer like anybody else
  const isAsked = !isBlocked && !isAskedAgain;
  const asked = { ...mine, isSubscribed: true, askedAt: isAsked ? now : mine.askedAt };
  return settle({ ...pair, mine: asked }, { tellThem: isAsked ? ["subscribe"] : [] });
}

function unsubscribe(pair: Pair): SubscriptionChange {
  const { isDenied, askedAt, isSubscribed } = pair.mine;
  return {
    ...pair,
    mine: { ...NO_RELATION, isDenied, askedAt: isDenied ? askedAt : 0 },
    tellMe: [],
    tellThem: isSubscribed && !pair.isBlocked ? ["unsubscribe"] : [],
  };
}

function deny(pair: Pair): SubscriptionChange {
  const { theirs } = pair;
  const isKnown = theirs.isSubscribed || theirs.isApproved;
  return {
    ...pair,
    theirs: isKnown ? { ...NO_RELATION, isDenied: true, askedAt: theirs.askedAt } : theirs,
    tellMe: [],
    tellThem: theirs.isSubscribed ? ["unsubscribed"] : [],
  };
}
