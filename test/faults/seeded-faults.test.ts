import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { JournalReport } from "../../sdk/testing/mod.js";
import { Build, type Patch } from "../support/build.js";
import { COMPONENT_FAULTS, SDK_FAULTS, type SeededFault } from "./seeded/faults.js";
import { play, SHARED_SCENARIOS, type ScenarioName } from "./seeded/plays.js";

// Only some of them: TWOTICK_SEEDED="LIFO|cursor" npx mocha test/faults/seeded-faults.test.ts
const CHOICE = new RegExp(process.env.TWOTICK_SEEDED ?? "");
const FAULTS = [...SDK_FAULTS, ...COMPONENT_FAULTS].filter(({ name }) => CHOICE.test(name));
const USED = new Set(FAULTS.map(({ scenario }) => scenario));

/** Worlds at the same time: they wait for much of theirs. */
const AT_ONCE = 3;
const WITHIN_MS = 240_000;

type Reports = Map<ScenarioName, JournalReport>;

/** Runs work a few at a time, in the order in which it was asked for. */
class Turns {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}

async function playBuild(patches: readonly Patch[], isSound: boolean, names: readonly ScenarioName[]) {
  const build = Build.make(patches);
  try {
    return await play(build, isSound, names);
  } finally {
    build.remove();
  }
}

describe("checkJournals, against faults that were put into the product", () => {
  const turns = new Turns();
  const controls = new Map<readonly ScenarioName[], Promise<Reports>>();
  const runs = new Map<SeededFault, Promise<Reports>>();

  before(() => {
    for (const row of SHARED_SCENARIOS) {
      const names = row.filter((name) => USED.has(name));
      if (names.length > 0)
        controls.set(
          row,
          turns.run(() => playBuild([], true, names)),
        );
    }
    for (const fault of FAULTS)
      runs.set(
        fault,
        turns.run(() => playBuild(fault.patches, false, [fault.scenario])),
      );
    // Each is awaited by its test; until then a failure is nobody's
    for (const run of [...controls.values(), ...runs.values()]) run.catch(() => undefined);
  });

  for (const row of SHARED_SCENARIOS) {
    for (const name of row.filter((one) => USED.has(one))) {
      it(`finds nothing in the product itself: ${name}`, async () => {
        const report = (await controls.get(row))?.get(name);
        expect(report?.violations).to.deep.equal([]);
        expect(report?.counts.accepted).to.be.greaterThan(0);
      }).timeout(WITHIN_MS);
    }
  }

  for (const fault of FAULTS) {
    it(`finds that ${fault.name}: ${fault.shows.join(", ")}`, async () => {
      const report = (await runs.get(fault))?.get(fault.scenario);
      // The last word may be late, which would show nothing of the fault
      const found = report?.violations.filter(({ id }) => !id.endsWith("last-word")) ?? [];
      expect(found.map(({ kind }) => kind)).to.include.oneOf([...fault.shows]);
    }).timeout(WITHIN_MS);
  }
});

describe("Build", () => {
  it("refuses a patch that does not fit any more, or fits twice", () => {
    const make = (find: string) => () => Build.make([{ file: "src/clock.ts", find, replace: "" }]);
    expect(make("no such line")).to.throw("fits 0 times");
    expect(make("export")).to.throw("fits");
  });

  it("changes the copy and leaves the product as it is", () => {
    const file = "component/store/database.ts";
    const find = "synchronous = FULL";
    const product = new URL(`../../${file}`, import.meta.url);
    const build = Build.make([{ file, find, replace: "synchronous = $& NORMAL" }]);
    expect(readFileSync(join(build.folder, file), "utf8")).to.include("synchronous = $& NORMAL");
    build.remove();
    expect(readFileSync(product, "utf8")).to.include(find);
  });
});
