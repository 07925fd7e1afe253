import { expect } from "chai";
import {
  CODE_TTL_MS,
  checkWaitMs,
  decideCheck,
  isChoosableLocalpart,
  newCode,
  newLocalpart,
  type Channel,
  type SentCode,
  sendWaitMs,
} from "../../../component/sign-up/service.js";

const NOW = 1_000_000_000;
const MINUTE = 60_000;
const hash = (text: string): Buffer => Buffer.from(text.padEnd(32, "."));
const sent = (minute: number, channel: Channel = "sms", code: string | null = "a"): SentCode => ({
  channel,
  sentAt: NOW + minute * MINUTE,
  hash: code === null ? null : hash(code),
});

describe("decideCheck", () => {
  const fresh = { checks: 0, lastCheckAt: 0 };
  const decide = (
    codes: readonly SentCode[],
    guess: string,
    { progress = fresh, accepted = null as string | null, at = NOW } = {},
  ): string =>
    decideCheck(progress, codes, hash(guess), accepted === null ? null : hash(accepted), at).outcome;

  it("takes the right code", () => expect(decide([sent(0)], "a")).to.equal("right"));
  it("refuses a wrong one", () => expect(decide([sent(0)], "b")).to.equal("wrong"));
  it("takes the code until it is ten minutes old", () => {
    expect(decide([sent(0)], "a", { at: NOW + CODE_TTL_MS - 1 })).to.equal("right");
    expect(decide([sent(0)], "a", { at: NOW + CODE_TTL_MS })).to.equal("expired");
  });
  it("takes no code from the future: the clock was set back and nobody knows how old it is", () => {
    expect(decide([sent(0)], "a", { at: NOW - 1 })).to.equal("expired");
  });
  it("takes the last two codes: messages overtake each other", () => {
    const codes = [sent(0, "sms", "a"), sent(1, "sms", "b"), sent(3, "voice", "c")];
    expect(["a", "b", "c"].map((code) => decide(codes, code, { at: NOW + 4 * MINUTE }))).to.deep.equal([
      "wrong",
      "right",
      "right",
    ]);
  });
  it("takes no code that the provider could not send", () =>
    expect(decide([sent(0, "sms", null)], "a")).to.equal("expired"));
  it("takes only the code that was right, once one was, even after its time", () => {
    const codes = [sent(0, "sms", "a"), sent(1, "sms", "b")];
    expect(decide(codes, "b", { accepted: "a" })).to.equal("wrong");
    expect(decide(codes, "a", { accepted: "a", at: NOW + 20 * MINUTE })).to.equal("right");
  });
  it("evaluates nothing before the wait is over or after the fifth check", () => {
    const codes = [sent(0)];
    expect(decide(codes, "a", { progress: { checks: 3, lastCheckAt: NOW } })).to.equal("too-early");
    expect(decide(codes, "a", { progress: { checks: 5, lastCheckAt: 0 } })).to.equal("exhausted");
  });
});

describe("checkWaitMs", () => {
  it("waits 0, 0, 1 and 2 minutes between the five checks", () => {
    const waits = [0, 1, 2, 3, 4, 5].map((checks) => checkWaitMs({ checks, lastCheckAt: NOW }, NOW));
    expect(waits).to.deep.equal([0, 0, 0, MINUTE, 2 * MINUTE, undefined]);
  });
});

describe("sendWaitMs", () => {
  const table: readonly (readonly [string, readonly SentCode[], Channel, number | undefined])[] = [
    ["the first message at once", [], "sms", 0],
    ["the first call at once", [], "voice", 0],
    ["the second message after 1 minute", [sent(0)], "sms", MINUTE],
    ["the third after 2 more", [sent(-1), sent(0)], "sms", 2 * MINUTE],
    ["the fifth after 10 more", [sent(-8), sent(-7), sent(-5), sent(0)], "sms", 10 * MINUTE],
    ["no sixth", [sent(-9), sent(-8), sent(-7), sent(-5), sent(0)], "sms", undefined],
    ["a call a minute after the first message", [sent(0)], "voice", MINUTE],
    ["the second call a minute after the first", [sent(-2), sent(0, "voice")], "voice", MINUTE],
    ["the third after 5", [sent(-3), sent(-1, "voice"), sent(0, "voice")], "voice", 5 * MINUTE],
    ["no fourth", [sent(-9, "voice"), sent(-8, "voice"), sent(0, "voice")], "voice", undefined],
    ["a message a minute after the first call", [sent(0, "voice")], "sms", MINUTE],
    ["soon after the provider failed", [sent(0, "sms", null)], "sms", 15_000],
    [
      "nothing after it failed five times",
      Array.from({ length: 5 }, () => sent(0, "sms", null)),
      "sms",
      undefined,
    ],
  ];
  for (const [promise, codes, channel, expected] of table)
    it(`allows ${promise}`, () => expect(sendWaitMs(codes, channel, NOW)).to.equal(expected));
});

describe("newCode", () => {
  it("has six digits, leading zeros too", () => {
    expect(newCode(() => 42)).to.equal("000042");
    for (let i = 0; i < 100; i++) expect(newCode()).to.match(/^\d{6}$/);
  });
});

describe("newLocalpart", () => {
  it("says nothing and does not come twice", () => {
    const many = new Set(Array.from({ length: 1000 }, () => newLocalpart()));
    expect(many.size).to.equal(1000);
    for (const localpart of many) expect(localpart).to.match(/^[a-z2-9]{16}$/);
  });
});

describe("isChoosableLocalpart", () => {
  for (const text of ["romeo", "romeo.montague", "r2-d2", "abc"])
    it(`lets people choose ${text}`, () => expect(isChoosableLocalpart(text)).to.equal(true));
  for (const text of [
    "",
    "ab",
    "Romeo",
    "2romeo",
    "romeo montague",
    "ro@meo",
    "rómeo",
    "admin",
    "registrar",
    "a".repeat(33),
  ])
    it(`does not let people choose "${text}"`, () => expect(isChoosableLocalpart(text)).to.equal(false));
});
