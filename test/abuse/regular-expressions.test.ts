import { expect } from "chai";
import { hostileTexts, madeExpressions, regularExpressions, sourceFiles } from "./regular-expressions.js";

const FOLDERS = ["src", "component", "sdk", "cli"];
const SHORT = 2_000;
const LONG = 16_000;
/** A text eight times as long may take so many times as long: 64 would be quadratic. */
const MAX_GROWTH = 20;
/** Below this nothing is measured but noise. */
const NOISE_MS = 4;
const TRIES = 4;

function timeMs(expression: RegExp, text: string): number {
  const copy = new RegExp(expression.source, expression.flags);
  const startedAt = performance.now();
  copy.test(text);
  if (copy.global) text.replaceAll(copy, "");
  return performance.now() - startedAt;
}

/** The beginning of a text for which the time grows faster than its length. */
function slowText(expression: RegExp): string | undefined {
  const short = hostileTexts(expression, SHORT);
  // The machine may be busy with something else: what counts is the fastest of some
  const best = (text: string): number =>
    Math.min(...Array.from({ length: TRIES }, () => timeMs(expression, text)));
  const isSlow = (text: string, index: number): boolean =>
    timeMs(expression, text) > NOISE_MS && best(text) / Math.max(0.05, best(short[index] ?? "")) > MAX_GROWTH;
  return hostileTexts(expression, LONG).find(isSlow)?.slice(0, 12);
}

describe("every regular expression", () => {
  const found = regularExpressions(FOLDERS);

  it("is a literal, so that it is measured here", () => {
    expect(found.length).to.be.above(20);
    // What a play is to match is written by whoever runs it
    expect(madeExpressions(FOLDERS)).to.deep.equal(["sdk/testing/plays/match-stanza.ts"]);
  });

  it("is found in programs and pages too", () => {
    const files = FOLDERS.flatMap(sourceFiles);
    expect(files).to.include.members(["cli/main.ts", "component/dashboard/page/main.js"]);
  });

  for (const { where, expression } of found)
    it(`takes time in proportion to the text: ${where}`, () =>
      expect(slowText(expression)).to.equal(undefined));
});

describe("the measure of regular expressions", () => {
  for (const expression of [/\s+$/, /\S+@\S+/])
    it(`finds ${expression} slow`, () => expect(slowText(expression)).to.be.a("string"));

  it("makes texts for which time grows without bounds", () => {
    const expression = /^(a+)+$/;
    const [short = 0, long = 0] = [12, 26].map((length) =>
      Math.max(...hostileTexts(expression, length).map((text) => timeMs(expression, text))),
    );
    expect(long / short).to.be.above(MAX_GROWTH);
  });
});
