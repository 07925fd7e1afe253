import { rmSync } from "node:fs";
import { expect } from "chai";
import { Build } from "../support/build.js";
import { temporaryFolder } from "../support/prosody.js";
import { loadBuild } from "./component.js";
import { inFiles, inMemory } from "./database.js";
import { MODEL_FAULTS } from "./faults.js";
import { play } from "./play.js";

// The long form: TWOTICK_MODEL_RUNS=200000 TWOTICK_MODEL_FILE_RUNS=2000 npx mocha test/model/model.test.ts
const RUNS = Number(process.env.TWOTICK_MODEL_RUNS ?? 2_000);
const FILE_RUNS = Number(process.env.TWOTICK_MODEL_FILE_RUNS ?? 20);
const SEED = Number(process.env.TWOTICK_MODEL_SEED ?? Date.now() % 1_000_000);
// Only some of the faults, with the story that shows each: TWOTICK_MODEL_FAULTS="head|chance"
const CHOICE = process.env.TWOTICK_MODEL_FAULTS;

/** Stories until a fault is found. */
const FAULT_RUNS = 3_000;

describe("the mailbox against its model", () => {
  it(`does what the model does in ${RUNS} stories`, async function () {
    this.timeout(60_000 + RUNS * 200);
    const build = await loadBuild(Build.unpatched().folder);
    await play(build, inMemory(build), { runs: RUNS, seed: SEED });
  });

  it(`does so in ${FILE_RUNS} stories with a file that is opened as the product opens it`, async function () {
    this.timeout(60_000 + FILE_RUNS * 2_000);
    const folder = temporaryFolder();
    try {
      const build = await loadBuild(Build.unpatched().folder);
      await play(build, inFiles(build, folder), { runs: FILE_RUNS, seed: SEED });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  for (const { name, patches, isForgetful = false } of MODEL_FAULTS.filter((fault) =>
    new RegExp(CHOICE ?? "").test(fault.name),
  )) {
    it(`notices that ${name}`, async function () {
      this.timeout(60_000 + FAULT_RUNS * 200);
      const copy = Build.make(patches);
      try {
        const build = await loadBuild(copy.folder);
        const failure = await play(build, inMemory(build), {
          runs: FAULT_RUNS,
          seed: SEED,
          isForgetful,
          isShrinking: CHOICE !== undefined,
        }).catch((error: unknown) => error as Error);
        expect(String(failure?.message)).to.include("Counterexample");
        if (CHOICE !== undefined) console.log(String(failure?.message), String(failure?.cause));
      } finally {
        copy.remove();
      }
    });
  }
});
