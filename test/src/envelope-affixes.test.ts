import { expect } from "chai";
import {
  checkAffixes,
  type ExpectedAffixes,
  MAX_TIME_AHEAD_MS,
  MAX_TIME_BEHIND_MS,
  REQUIRED_AFFIXES,
} from "../../src/envelope-affixes.js";
import { Jid } from "../../src/jid.js";

const JULIET = Jid.parse("juliet@example.org/balcony");
const ROMEO = Jid.parse("romeo@example.org");
const SENT_AT = Date.parse("2026-01-31T09:30:00Z");
const STANZA: ExpectedAffixes = { from: JULIET, to: ROMEO, sentAt: SENT_AT };
const NONE = { from: undefined, to: undefined, time: undefined };
const ALL = {
  from: Jid.parse("juliet@example.org"),
  to: Jid.parse("romeo@example.org/orchard"),
  time: SENT_AT,
};

describe("checkAffixes", () => {
  it("finds nothing wrong with what agrees by bare JIDs and time, or says nothing", () => {
    expect(checkAffixes(ALL, STANZA)).equal(undefined);
    expect(checkAffixes(ALL, { ...STANZA, required: ["from", "to", "time"] })).equal(undefined);
    expect(checkAffixes(NONE, STANZA)).equal(undefined);
  });

  it("names what is required and missing", () => {
    const { groupchat, trustMessage, chat } = REQUIRED_AFFIXES;
    expect(checkAffixes(NONE, { ...STANZA, required: chat })).equal(undefined);
    expect(checkAffixes({ ...ALL, to: undefined }, { ...STANZA, required: groupchat })).equal("missing-to");
    expect(checkAffixes({ ...ALL, time: undefined }, { ...STANZA, required: trustMessage })).equal(
      "missing-time",
    );
    expect(checkAffixes({ ...ALL, from: undefined }, { ...STANZA, required: ["from"] })).equal(
      "missing-from",
    );
  });

  it("finds another sender and another recipient, required or not", () => {
    const other = Jid.parse("tybalt@example.org");
    expect(checkAffixes({ ...ALL, from: other }, STANZA)).equal("wrong-from");
    expect(checkAffixes({ ...ALL, to: other }, STANZA)).equal("wrong-to");
    expect(checkAffixes({ ...ALL, from: ALL.to, to: ALL.from }, STANZA)).equal("wrong-from");
  });

  const times: readonly (readonly [
    what: string,
    time: number,
    expected: ExpectedAffixes,
    isWrong: boolean,
  ])[] = [
    ["as far ahead as may be", SENT_AT + MAX_TIME_AHEAD_MS, STANZA, false],
    ["further ahead", SENT_AT + MAX_TIME_AHEAD_MS + 1, STANZA, true],
    ["as long before as may be", SENT_AT - MAX_TIME_BEHIND_MS, STANZA, false],
    ["longer before", SENT_AT - MAX_TIME_BEHIND_MS - 1, STANZA, true],
    ["long before now, but not before it was sent", SENT_AT, { ...STANZA, now: SENT_AT * 2 }, false],
    [
      "long before now, where nobody knows when it was sent",
      0,
      { ...STANZA, sentAt: undefined, now: SENT_AT },
      false,
    ],
    ["ahead of now", SENT_AT + MAX_TIME_AHEAD_MS + 1, { ...STANZA, sentAt: undefined, now: SENT_AT }, true],
    ["of which nothing is known", SENT_AT * 9, { from: JULIET, to: ROMEO }, false],
  ];
  for (const [what, time, expected, isWrong] of times) {
    it(`${isWrong ? "refuses" : "takes"} a time ${what}`, () => {
      expect(checkAffixes({ ...ALL, time }, expected)).equal(isWrong ? "wrong-time" : undefined);
    });
  }
});
