import { expect } from "chai";
import { refusalOf } from "./party.js";
import type { Party } from "./party.js";
import { beginBoth } from "./scenarios/beginnings.js";
import { acceptedChanges, refuseDamaged, weakBundle } from "./scenarios/hostile.js";
import { converse, encryptAll, pass, reads, text } from "./scenarios/meeting.js";
import type { Meeting } from "./scenarios/meeting.js";

/** Who begins. */
export type Role = "we" | "they";

/** A meeting in which it is known which of the two is ours. */
export interface Encounter extends Meeting {
  readonly ours: Party;
  readonly theirs: Party;
}

/**
 * Where an implementation is known to do something else than a scenario wants, and what it does and why. The test holds that it
 * still does: when a new release does not, the entry goes and the scenario takes its place.
 */
export interface Deviation {
  /** The title of the scenario. */
  readonly scenario: string;
  /** Only when these begin; both if not given. */
  readonly whoBegins?: Role;
  /** What happens instead, for the title of the test. */
  readonly instead: string;
  readonly run: (encounter: Encounter) => Promise<void>;
}

/** What python-oldmemo and python-twomemo have in common. */
export const ONE_SESSION_ONLY: readonly Deviation[] = [
  {
    scenario: "come together after both began at once",
    whoBegins: "we",
    instead: "it keeps one session and drops its own for ours, so that they come together when it speaks",
    run: async (encounter) => {
      const { ours, theirs } = encounter;
      await beginBoth(encounter);
      const lost = await ours.encrypt(text("in the session that it dropped"));
      expect(await refusalOf(theirs.decrypt(lost))).to.equal(theirs.refusals.badMac);
      await pass(theirs, ours, "in the session that it kept");
      await converse(encounter, 3);
    },
  },
  {
    scenario: "come together after both began at once and both spoke on",
    instead: "it keeps one session and drops its own for ours, so that they come together when it speaks",
    run: async (encounter) => {
      const { ours, theirs } = encounter;
      await beginBoth(encounter);
      const lost = await ours.encrypt(text("there"));
      const back = await theirs.encrypt(text("back"));
      expect(await refusalOf(theirs.decrypt(lost))).to.equal(theirs.refusals.badMac);
      await reads(ours, back, "back");
      await converse(encounter, 3);
    },
  },
];

const NO_PRE_KEY = "understand each other when no one-time prekey is left";

/** python-oldmemo. */
export const PRE_KEY_REQUIRED: readonly Deviation[] = [
  {
    scenario: NO_PRE_KEY,
    whoBegins: "we",
    instead: "it refuses our message, because it requires a one-time prekey in 0.3 too",
    run: async ({ initiator, responder }) => {
      await initiator.initiate(await responder.bundle());
      const [message] = await encryptAll(initiator, ["hello"]);
      expect(await refusalOf(responder.decrypt(message!))).to.equal(responder.refusals.noPreKey);
    },
  },
  {
    scenario: NO_PRE_KEY,
    whoBegins: "they",
    instead: "it refuses our bundle, because it requires a one-time prekey in 0.3 too",
    run: async ({ initiator, responder }) => {
      const bundle = await responder.bundle();
      expect(await refusalOf(initiator.initiate(bundle))).to.equal(initiator.refusals.noPreKey);
    },
  },
];

/** libomemo-c, and upstream libsignal for TypeScript. */
export const WEAK_KEYS_ACCEPTED: readonly Deviation[] = [
  {
    scenario: "refuse a one-time prekey of small order",
    whoBegins: "they",
    instead: "it takes the secret of zeros, and we refuse the message, whose prekey is not ours",
    run: async (meeting) => {
      const { initiator, responder } = meeting;
      await initiator.initiate(await weakBundle(meeting));
      const [message] = await encryptAll(initiator, ["hello"]);
      expect(await refusalOf(responder.decrypt(message!))).to.equal(responder.refusals.badMac);
    },
  },
];

/** libomemo-c in version 2. */
export const PRE_KEY_OPTIONAL: readonly Deviation[] = [
  {
    scenario: "refuse to begin when no one-time prekey is left",
    whoBegins: "they",
    instead: "it begins all the same, and we refuse the message",
    run: async ({ initiator, responder }) => {
      await initiator.initiate(await responder.bundle());
      const [message] = await encryptAll(initiator, ["hello"]);
      expect(await refusalOf(responder.decrypt(message!))).to.equal(responder.refusals.noPreKey);
    },
  },
];

/** Upstream libsignal for TypeScript, 0.0.16. */
export const UPSTREAM_FAULTS: readonly Deviation[] = [
  {
    scenario: NO_PRE_KEY,
    whoBegins: "they",
    instead: "it names the one-time prekey 0, which nobody has, and we refuse the message",
    run: async ({ initiator, responder }) => {
      await initiator.initiate(await responder.bundle());
      const [message] = await encryptAll(initiator, ["hello"]);
      expect(await refusalOf(responder.decrypt(message!))).to.equal(responder.refusals.noPreKey);
    },
  },
  {
    scenario: "come together after both began at once and both spoke on",
    whoBegins: "we",
    instead:
      "a message of the older session spoils the newer one, whose ratchet it steps before it looks at the MAC",
    run: async (encounter) => {
      const { ours, theirs } = encounter;
      await beginBoth(encounter);
      const there = await ours.encrypt(text("there"));
      const back = await theirs.encrypt(text("back"));
      await reads(theirs, there, "there");
      await reads(ours, back, "back");
      const next = await ours.encrypt(text("next"));
      expect(await refusalOf(theirs.decrypt(next))).to.equal(theirs.refusals.badMac);
      // A session begun anew is what helps
      await ours.initiate(await theirs.bundle(2));
      await pass(ours, theirs, "anew");
      await converse(encounter, 2);
    },
  },
  {
    scenario: "refuse a message with any byte changed, and read the true one afterwards",
    instead: "the version byte may be changed, because its MAC covers the version that it expects",
    run: (encounter) => refuseDamaged(encounter, (at, receiver) => at === 0 && receiver === encounter.theirs),
  },
  {
    scenario: "refuse a prekey message with any byte changed that says anything",
    whoBegins: "we",
    instead:
      "it looks neither at wire types nor at the lower half of the version, but reads nothing else than was written",
    run: async ({ initiator, responder }) => {
      await initiator.initiate(await responder.bundle(1));
      const message = await initiator.encrypt(text("true"));
      const accepted = await acceptedChanges(responder, message, "true");
      expect(accepted).to.include(0);
      expect(accepted.length).to.be.within(5, 15);
      await reads(responder, message, "true");
    },
  },
];
