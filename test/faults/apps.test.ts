import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { seededRandom } from "../../sdk/testing/mod.js";
import { World } from "../support/world.js";
import { AppPeople, type AppPerson } from "./app-people.js";
import { expectWhole } from "./correspondents.js";

// The long form: TWOTICK_APP_ROUNDS=300 npx mocha test/faults/apps.test.ts
const ROUNDS = Number(process.env.TWOTICK_APP_ROUNDS ?? 12);
const SEED = Number(process.env.TWOTICK_APP_SEED ?? Date.now() % 1_000_000);
const ROMEO = "+15551230001";
const JULIET = "+15551230002";
/** Has an app that knows no receipts. */
const NURSE = "+15551230003";
const MAX_PAUSE_MS = 300;

type Harm = "component killed" | "server killed" | "connection cut" | "app died" | "app left";

describe("ordinary apps while everything is killed", () => {
  let world: World;
  let people: AppPeople;

  before(async function () {
    this.timeout(120_000);
    world = await World.start({ isProcess: true, config: { link: { maxRetrySeconds: 0.3 } } });
    people = await AppPeople.online(world, [ROMEO, JULIET, NURSE], [NURSE]);
  });

  after(async () => {
    await people?.stop();
    await world?.stop();
  });

  /** Does one harm and mends it; answers what it was. */
  async function harm(random: () => number): Promise<Harm> {
    const draw = random();
    const { app, road } = people.people[Math.floor(random() * people.people.length)] as AppPerson;
    const pauseMs = random() * MAX_PAUSE_MS;
    if (draw < 0.25) {
      await world.killComponent();
      await sleep(pauseMs);
      await world.startComponent();
      return "component killed";
    }
    if (draw < 0.4) {
      await world.prosody.kill();
      await world.prosody.start();
      return "server killed";
    }
    if (draw < 0.6) {
      road.cut();
      return "connection cut";
    }
    if (draw < 0.8) await app.die();
    else await app.leave();
    await sleep(pauseMs);
    await app.start();
    return draw < 0.8 ? "app died" : "app left";
  }

  it(`lose nothing, show nothing that was not sent, and have a tick for all in ${ROUNDS} rounds`, async function () {
    this.timeout(60_000 + ROUNDS * 90_000);
    const random = seededRandom(SEED);
    const harms: Partial<Record<Harm, number>> = {};
    for (let round = 0; round < ROUNDS; round += 1) {
      people.talk();
      await sleep(random() * MAX_PAUSE_MS);
      const what = await harm(random);
      harms[what] = (harms[what] ?? 0) + 1;
      await people.quiet();
      await people.settled();
    }
    const report = people.report();
    const copies = people.people.map(({ app }) => Math.max(...app.copies.values()));
    console.log(
      `    ${ROUNDS} rounds with the seed ${SEED}: ${JSON.stringify({ ...harms, ...report.counts })}, a message ${copies.join(", ")} times at most`,
    );
    expectWhole(report, `seed ${SEED}`);
    // The one without receipts: at least once, and at most once more
    expect(copies[2], `copies for the app without receipts, seed ${SEED}`).to.be.at.most(2);
  });
});
