import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import SQLite from "better-sqlite3";
import { expect } from "chai";
import { freePort } from "../../prosody/prosody.js";
import { seededRandom } from "../../sdk/testing/mod.js";
import { within } from "../support/within.js";
import { World } from "../support/world.js";
import { Correspondents, expectWhole } from "./correspondents.js";
import { Armory } from "./crash/armory.js";
import { CRASH_PATCHES, CRASH_POINTS, type CrashPoint } from "./crash/points.js";
import { Build } from "../support/build.js";

// The long form: TWOTICK_CRASH_ROUNDS=50 npx mocha test/faults/crash-points.test.ts
const ROUNDS = Number(process.env.TWOTICK_CRASH_ROUNDS ?? 1);
const SEED = Number(process.env.TWOTICK_CRASH_SEED ?? Date.now() % 1_000_000);
const ROMEO = "+15551230001";
const JULIET = "+15551230002";
/** Somebody who is away while messages wait for them. */
const NURSE = "+15551230003";
/** Long: a machine may have much else to do. */
const DIES_WITHIN_MS = 60_000;
const MAX_TALK_MS = 300;
/** A point is passed several times before the process dies there. */
const MAX_TIMES = 6;
const FORTY_DAYS_MS = 40 * 86_400_000;

describe("delivery while the component dies at a named point", () => {
  const random = seededRandom(SEED);
  let build: Build;
  let world: World;
  let armory: Armory;
  let people: Correspondents;

  before(async function () {
    this.timeout(60_000);
    build = Build.make(CRASH_PATCHES);
    const testNumbers = Object.fromEntries([ROMEO, JULIET, NURSE].map((number) => [number, "000000"]));
    world = await World.start({
      isProcess: true,
      build: build.folder,
      config: { http: { port: await freePort() }, signUp: { testNumbers }, link: { maxRetrySeconds: 0.3 } },
      environment({ folder }) {
        armory = new Armory(join(folder, "fail-points"));
        return armory.environment;
      },
    });
    people = await Correspondents.signUp(world, [ROMEO, JULIET, NURSE]);
  });

  after(async () => {
    armory?.disarm();
    await people?.stop();
    await world?.stop();
    build?.remove();
  });

  /** Runs until the component has died, and starts it again. */
  async function die({ name, when }: CrashPoint): Promise<void> {
    if (when === "load") {
      await sleep(random() * MAX_TALK_MS);
      armory.arm(name, 1 + Math.floor(random() * MAX_TIMES));
    } else if (when === "idle") {
      armory.arm(name);
      await people.quiet();
    } else {
      await people.quiet();
      await people.hearEachOther([ROMEO, JULIET]);
      await world.stopComponent();
      age(when);
      armory.arm(name);
      // It may die before it is linked or a moment after
      await world.startComponent().catch(() => undefined);
      await within(`the component dies: ${name}`, DIES_WITHIN_MS, world.componentExited());
      armory.disarm();
      return world.startComponent();
    }
    await within(`the component dies: ${name}`, DIES_WITHIN_MS, world.componentExited());
    armory.disarm();
    await world.startComponent();
  }

  // Nobody is there: what waits for who was away all the time has waited since long ago, or what is over has been so
  function age(when: "old entries" | "old messages"): void {
    const database = new SQLite(world.config.store.path);
    const older = `- ${FORTY_DAYS_MS}`;
    const sql =
      when === "old entries"
        ? `UPDATE entries SET at = at ${older} WHERE device =
             (SELECT device FROM entries WHERE message IS NOT NULL GROUP BY device ORDER BY count(*) DESC LIMIT 1)`
        : `UPDATE messages SET accepted_at = accepted_at ${older} WHERE pending = 0`;
    const { changes } = database.prepare(sql).run();
    database.close();
    expect(changes, "what is old").to.be.greaterThan(0);
  }

  for (const point of CRASH_POINTS) {
    it(`loses nothing, shows nothing twice and keeps the order: ${point.name}`, async function () {
      this.timeout(ROUNDS * 120_000);
      for (let round = 0; round < ROUNDS; round += 1) {
        const before = armory.hits.length;
        await people.open([ROMEO, JULIET]);
        people.talk();
        await die(point);
        expect(armory.hits.slice(before), "where it died").to.deep.equal([point.name]);
        await people.quiet();
        await people.open([NURSE]);
        const report = await people.endRound();
        expectWhole(report, `round ${round} of the seed ${SEED}`, point.when === "old entries");
        expect(report.counts.accepted).to.be.greaterThan(0);
      }
    });
  }
});
