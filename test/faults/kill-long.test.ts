import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { temporaryFolder } from "../support/prosody.js";
import { Book, readGoal, type Goal } from "./kill/book.js";
import { playChapter } from "./kill/chapter.js";

/*
 * The long form, which goes on where it was broken off:
 *
 *   TWOTICK_KILL_GOAL=component=1000,prosody=300,person=300,messages=1000000 npx mocha test/faults/kill-long.test.ts
 *
 * TWOTICK_KILL_MINUTES=15 ends it after the chapter in which so much time has passed, TWOTICK_KILL_BOOK names the file of
 * results (`.cache/kills.jsonl` unless given), TWOTICK_KILL_CHAPTERS says into how many worlds the goal is divided (100).
 */
const IS_LONG = process.env.TWOTICK_KILL_GOAL !== undefined;
const GOAL = readGoal(process.env.TWOTICK_KILL_GOAL ?? "component=2,prosody=2,person=2,messages=400");
const CHAPTERS = Number(process.env.TWOTICK_KILL_CHAPTERS ?? (IS_LONG ? 100 : 2));
const MINUTES = Number(process.env.TWOTICK_KILL_MINUTES ?? 24 * 60);
const IS_WHOLE = process.env.TWOTICK_KILL_MINUTES === undefined;
const SEED = Number(process.env.TWOTICK_KILL_SEED ?? Date.now() % 1_000_000);

describe("delivery over many worlds in which everything is killed", () => {
  let folder: string;
  before(() => {
    folder = temporaryFolder();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it(`loses nothing, shows nothing twice and keeps the order until ${describeGoal(GOAL)}`, async function () {
    this.timeout(IS_LONG ? 48 * 3_600_000 : 180_000);
    const path = IS_LONG
      ? (process.env.TWOTICK_KILL_BOOK ?? ".cache/kills.jsonl")
      : join(folder, "kills.jsonl");
    const book = new Book(path);
    const endAt = performance.now() + MINUTES * 60_000;
    for (let number = book.totals.chapters; performance.now() < endAt; number += 1) {
      const seed = SEED + number;
      const plan = book.next(GOAL, CHAPTERS, seed);
      if (!plan) break;
      const startedAt = performance.now();
      const result = await playChapter(plan);
      const seconds = Math.round((performance.now() - startedAt) / 1000);
      book.add({ at: new Date().toISOString(), seed, seconds, ...result });
      expect(result.violations, `chapter ${number}, seed ${seed}`).to.deep.equal([]);
      expect(result.missing, `missing in chapter ${number}, seed ${seed}`).to.equal(0);
      if (IS_LONG) console.log(`    ${JSON.stringify(book.totals)}`);
    }
    const { totals } = book;
    console.log(`    ${describeGoal(totals)} in ${totals.chapters} worlds and ${totals.seconds} s`);
    // A world that broke a promise stays in the book, and with it the run that goes on from there is no proof
    expect(totals, path).to.include({ violations: 0, missing: 0 });
    if (IS_WHOLE) expect(book.next(GOAL, CHAPTERS, SEED), "what is left to do").to.equal(undefined);
    if (!IS_LONG) expect(totals).to.include({ component: 2, prosody: 2, person: 2, chapters: 2 });
    expect(totals.messages).to.be.greaterThan(0);
  });

  it("goes on from what the file of results holds", () => {
    const book = new Book(join(folder, "resumed.jsonl"));
    const goal = { component: 4, prosody: 1, person: 0, messages: 100 };
    const first = book.next(goal, 2, 1);
    expect(first).to.deep.equal({ kills: { component: 2, prosody: 1, person: 0 }, messages: 50, seed: 1 });
    const counts = { asked: 60, accepted: 60, refused: 0, unknown: 0, shown: 60 };
    const kills = { component: 2, prosody: 1, person: 0 };
    book.add({ at: "", seed: 1, seconds: 1, kills, counts, violations: [], missing: 0 });
    const again = new Book(join(folder, "resumed.jsonl"));
    expect(again.next(goal, 2, 2)).to.deep.equal({
      kills: { component: 2, prosody: 0, person: 0 },
      messages: 40,
      seed: 2,
    });
    book.add({
      at: "",
      seed: 2,
      seconds: 1,
      kills: { ...kills, prosody: 0 },
      counts,
      violations: [],
      missing: 0,
    });
    expect(again.next(goal, 2, 3)).to.equal(undefined);
  });
});

function describeGoal({ component, prosody, person, messages }: Goal): string {
  return `${component} kills of the component, ${prosody} of Prosody, ${person} of a device and ${messages} messages`;
}
