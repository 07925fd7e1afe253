import { expect } from "chai";
import { DEFAULT_SETTINGS, NO_RELATION, type Relation } from "../../../component/contacts/sight.js";
import {
  ASK_AGAIN_MS,
  decideSubscription,
  type Pair,
  type SubscriptionChange,
} from "../../../component/contacts/subscription.js";

const NOW = 1_800_000_000_000;
const SUBSCRIBED: Relation = { ...NO_RELATION, isSubscribed: true, askedAt: NOW };
const PAIR: Pair = {
  isSelf: false,
  isBlocked: false,
  mine: NO_RELATION,
  theirs: NO_RELATION,
  mySettings: DEFAULT_SETTINGS,
  theirSettings: DEFAULT_SETTINGS,
};

const told = ({ tellMe, tellThem }: SubscriptionChange) => [tellMe, tellThem];

describe("decideSubscription", () => {
  it("asks the contact, once, and tells the subscriber nothing yet", () => {
    const first = decideSubscription("subscribe", PAIR, NOW);
    expect(told(first)).to.deep.equal([[], ["subscribe"]]);
    expect(first.mine).to.deep.equal(SUBSCRIBED);
  });

  it("answers at once whom the contact subscribed to, approved before, or shows everything", () => {
    const ready: Partial<Pair>[] = [
      { theirs: SUBSCRIBED },
      { mine: { ...NO_RELATION, isApproved: true } },
      { theirSettings: { ...DEFAULT_SETTINGS, presence: "everyone" } },
    ];
    for (const state of ready) {
      const change = decideSubscription("subscribe", { ...PAIR, ...state }, NOW);
      expect(change.tellMe).to.deep.equal(["subscribed"]);
      expect(change.mine.isTold).to.equal(true);
    }
  });

  it("answers one that waited as soon as its contact subscribes too", () => {
    const change = decideSubscription("subscribe", { ...PAIR, theirs: SUBSCRIBED }, NOW);
    expect(change.theirs.isTold).to.equal(true);
    expect(change.tellThem).to.deep.equal(["subscribe", "subscribed"]);
  });

  it("repeats the answer for a roster that has lost it", () => {
    const change = decideSubscription("subscribe", { ...PAIR, mine: { ...SUBSCRIBED, isTold: true } }, NOW);
    expect(told(change)).to.deep.equal([["subscribed"], []]);
  });

  it("does not ask again for a day whoever said no", () => {
    const denied = decideSubscription("unsubscribed", { ...PAIR, theirs: SUBSCRIBED }, NOW);
    expect(told(denied)).to.deep.equal([[], ["unsubscribed"]]);
    const mine = denied.theirs;
    expect(decideSubscription("subscribe", { ...PAIR, mine }, NOW + 1).tellThem).to.deep.equal([]);
    const later = decideSubscription("subscribe", { ...PAIR, mine }, NOW + ASK_AGAIN_MS);
    expect(later.tellThem).to.deep.equal(["subscribe"]);
  });

  it("keeps a no against a setting that shows everyone", () => {
    const theirSettings = { ...DEFAULT_SETTINGS, presence: "everyone" } as const;
    const mine = { ...NO_RELATION, isDenied: true, askedAt: NOW };
    expect(told(decideSubscription("subscribe", { ...PAIR, mine, theirSettings }, NOW))).to.deep.equal([
      [],
      [],
    ]);
  });

  it("tells nobody anything across a block", () => {
    for (const type of ["subscribe", "unsubscribe", "subscribed"] as const) {
      const pair = { ...PAIR, isBlocked: true, mine: SUBSCRIBED, theirs: SUBSCRIBED };
      expect(told(decideSubscription(type, pair, NOW)), type).to.deep.equal([[], []]);
    }
  });

  it("forgets an approval with the subscription", () => {
    const mine = { ...SUBSCRIBED, isApproved: true, isTold: true };
    const change = decideSubscription("unsubscribe", { ...PAIR, mine }, NOW);
    expect(change.mine).to.deep.equal(NO_RELATION);
    expect(told(change)).to.deep.equal([[], ["unsubscribe"]]);
  });

  it("makes nobody a contact of the same person", () => {
    expect(told(decideSubscription("subscribe", { ...PAIR, isSelf: true }, NOW))).to.deep.equal([
      ["unsubscribed"],
      [],
    ]);
  });
});
