import { expect } from "chai";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../prosody/prosody.js";
import { checkJournals, seededRandom, type JournalReport } from "../../sdk/testing/mod.js";
import { until } from "../support/until.js";
import { World } from "../support/world.js";
import { distinctShown, isQuiet, Person } from "./person-process.js";

const ROUNDS = Number(process.env.TWOTICK_KILL_ROUNDS ?? 40);
const SEED = Number(process.env.TWOTICK_KILL_SEED ?? Date.now() % 1_000_000);
const NUMBERS = ["+15551230001", "+15551230002"] as const;

describe("delivery while everything is killed", () => {
  let world: World;
  let people: Person[] = [];

  before(async () => {
    const testNumbers = Object.fromEntries(NUMBERS.map((number) => [number, "000000"]));
    world = await World.start({
      isProcess: true,
      config: { http: { port: await freePort() }, signUp: { testNumbers }, link: { maxRetrySeconds: 0.3 } },
    });
    people = NUMBERS.map((number, index) => {
      const path = (name: string): string => join(world.folder, `${number.slice(1)}.${name}`);
      const api = `http://127.0.0.1:${world.config.http.port}`;
      const peer = NUMBERS[1 - index] as string;
      return new Person({
        storagePath: path("db"),
        journalPath: path("journal"),
        service: world.prosody.service,
        api,
        number,
        peer,
      });
    });
    await Promise.all(people.map((person) => person.start()));
    for (const person of people) person.say("talk");
    await everybodyHears(8_000);
  });

  after(async () => {
    await Promise.all(people.map((person) => person.kill().catch(() => undefined)));
    await world?.stop();
  });

  const report = (): JournalReport =>
    checkJournals(
      people.map((person) => person.lines),
      { receiptWithinMs: 0 },
    );

  async function everybodyHears(withinMs: number): Promise<void> {
    const before = people.map((person) => person.shown);
    const hear = () => people.every((person, index) => person.shown > (before[index] ?? 0));
    await until("everybody is shown something new", hear, withinMs);
  }

  async function killAndRestart(draw: number): Promise<void> {
    if (draw < 0.35) {
      await world.killComponent();
      await world.startComponent();
    } else if (draw < 0.55) {
      await world.prosody.kill();
      await world.prosody.start();
    } else {
      const person = people[draw < 0.775 ? 0 : 1] as Person;
      await person.kill();
      await person.start();
      person.say("talk");
    }
  }

  it(`loses nothing that was accepted, shows nothing twice and keeps the order in ${ROUNDS} rounds`, async function () {
    this.timeout(ROUNDS * 20_000);
    const random = seededRandom(SEED);
    for (let round = 0; round < ROUNDS; round += 1) {
      await sleep(random() * 200);
      const draw = random();
      await killAndRestart(draw);
      await everybodyHears(30_000);
    }
    for (const person of people) person.say("quiet");
    await until("all has arrived", () => isQuiet(report(), distinctShown(people)), 40_000).catch(
      () => undefined,
    );
    for (const person of people) person.say("stop");
    await Promise.all(people.map((person) => person.ended()));
    const { violations, counts } = report();
    console.log(`    ${ROUNDS} rounds with the seed ${SEED}: ${JSON.stringify(counts)}`);
    expect(violations, `seed ${SEED}`).to.deep.equal([]);
    expect(counts.accepted).to.be.greaterThan(ROUNDS);
    expect(distinctShown(people)).to.equal(counts.asked);
  });
});
