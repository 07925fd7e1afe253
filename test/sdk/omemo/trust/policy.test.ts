import { expect } from "chai";
import {
  countsAs,
  DEFAULT_TRUST_POLICY,
  levelOfNewcomer,
  maySend,
  type TrustLevel,
  type TrustPolicy,
  type TrustSource,
} from "../../../../sdk/omemo/trust/policy.js";

const SOURCES: readonly TrustSource[] = ["first-use", "user", "own-device", "contact-device"];

/** Policy, whether something was verified: what a newcomer gets, what `trusted` counts as (met; by the person). */
const TABLE: readonly [TrustPolicy, boolean, TrustLevel, TrustLevel, TrustLevel][] = [
  ["blind-before-verification", false, "trusted", "trusted", "trusted"],
  ["blind-before-verification", true, "undecided", "undecided", "trusted"],
  ["always-ask", false, "undecided", "undecided", "trusted"],
  ["always-ask", true, "undecided", "undecided", "trusted"],
  ["verified-only", false, "undecided", "undecided", "undecided"],
  ["verified-only", true, "undecided", "undecided", "undecided"],
];

describe("levelOfNewcomer", () => {
  for (const [policy, hasVerified, newcomer] of TABLE) {
    it(`gives ${newcomer} under ${policy}${hasVerified ? " once something is verified" : ""}`, () => {
      expect(levelOfNewcomer(policy, hasVerified)).equal(newcomer);
    });
  }
});

describe("countsAs", () => {
  for (const [policy, hasVerified, , blind, accepted] of TABLE) {
    const when = `under ${policy}${hasVerified ? " once something is verified" : ""}`;
    it(`takes what was trusted on first use for ${blind} ${when}`, () => {
      expect(countsAs(policy, hasVerified, { level: "trusted", by: "first-use" })).equal(blind);
    });
    it(`takes what the person accepted for ${accepted} ${when}`, () => {
      expect(countsAs(policy, hasVerified, { level: "trusted", by: "user" })).equal(accepted);
    });
    it(`takes every other level for what it is ${when}`, () => {
      for (const level of ["undecided", "verified", "distrusted"] as const) {
        for (const by of SOURCES) expect(countsAs(policy, hasVerified, { level, by })).equal(level);
      }
    });
  }
});

describe("maySend", () => {
  it("lets content go to what is trusted or verified, and to nothing else", () => {
    const levels: readonly TrustLevel[] = ["undecided", "trusted", "verified", "distrusted"];
    expect(levels.filter(maySend)).eql(["trusted", "verified"]);
  });
});

describe("DEFAULT_TRUST_POLICY", () => {
  it("is blind trust before verification", () => {
    expect(DEFAULT_TRUST_POLICY).equal("blind-before-verification");
  });
});
