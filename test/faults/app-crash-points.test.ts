import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { seededRandom } from "../../sdk/testing/mod.js";
import { Build } from "../support/build.js";
import { within } from "../support/within.js";
import { World } from "../support/world.js";
import { AppPeople, type AppPerson } from "./app-people.js";
import { expectWhole } from "./correspondents.js";
import { APP_CRASH_PATCHES, APP_CRASH_POINTS, type AppCrashPoint } from "./crash/app-points.js";
import { Armory } from "./crash/armory.js";

// The long form: TWOTICK_CRASH_ROUNDS=50 npx mocha test/faults/app-crash-points.test.ts
const ROUNDS = Number(process.env.TWOTICK_CRASH_ROUNDS ?? 1);
const SEED = Number(process.env.TWOTICK_CRASH_SEED ?? Date.now() % 1_000_000);
const ROMEO = "+15551230001";
const JULIET = "+15551230002";
/** Has an app that knows no receipts. */
const NURSE = "+15551230003";
const DIES_WITHIN_MS = 60_000;
const MAX_TALK_MS = 300;
const MAX_TIMES = 6;

describe("ordinary apps while the component dies at a named point", () => {
  const random = seededRandom(SEED);
  let build: Build;
  let world: World;
  let armory: Armory;
  let people: AppPeople;

  before(async function () {
    this.timeout(120_000);
    build = Build.make(APP_CRASH_PATCHES);
    world = await World.start({
      isProcess: true,
      build: build.folder,
      config: { link: { maxRetrySeconds: 0.3 } },
      environment({ folder }) {
        armory = new Armory(join(folder, "fail-points"));
        return armory.environment;
      },
    });
    people = await AppPeople.online(world, [ROMEO, JULIET, NURSE], [NURSE]);
  });

  after(async () => {
    armory?.disarm();
    await people?.stop();
    await world?.stop();
    build?.remove();
  });

  /** Runs until the component has died, and starts it again. */
  async function die({ name, when }: AppCrashPoint): Promise<void> {
    await sleep(random() * MAX_TALK_MS);
    const times = when === "load" ? 1 + Math.floor(random() * MAX_TIMES) : 1;
    const { app } = people.people[Math.floor(random() * people.people.length)] as AppPerson;
    if (when === "return") await app.die();
    armory.arm(name, times);
    if (when === "return") await app.start();
    await within(`the component dies: ${name}`, DIES_WITHIN_MS, world.componentExited());
    armory.disarm();
    await world.startComponent();
  }

  for (const point of APP_CRASH_POINTS)
    it(`lose nothing, show nothing that was not sent, and have a tick for all: ${point.name}`, async function () {
      this.timeout(ROUNDS * 120_000);
      for (let round = 0; round < ROUNDS; round += 1) {
        const before = armory.hits.length;
        people.talk();
        await die(point);
        expect(armory.hits.slice(before), "where it died").to.deep.equal([point.name]);
        await people.quiet();
        await people.settled();
        expectWhole(people.report(), `round ${round} of the seed ${SEED}`);
      }
    });
});
