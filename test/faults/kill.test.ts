import { expect } from "chai";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../prosody/prosody.js";
import { checkJournals, readJournal, seededRandom, type JournalReport } from "../../sdk/testing/mod.js";
import { until } from "../support/until.js";
import { World } from "../support/world.js";
import type { PersonOptions } from "./person.js";

const ROUNDS = Number(process.env.TWOTICK_KILL_ROUNDS ?? 100);
const SEED = Number(process.env.TWOTICK_KILL_SEED ?? Date.now() % 1_000_000);
const PERSON = new URL("person.ts", import.meta.url).pathname;
const NUMBERS = ["+15551230001", "+15551230002"] as const;

/** One person: an SDK device in a process of its own, which can be killed. */
class Person {
  readonly #options: PersonOptions;
  #process: ChildProcess | undefined;

  constructor(options: PersonOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, ["--import", "tsx", PERSON, JSON.stringify(this.#options)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#process = child;
    await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    if (child.exitCode !== null) throw new Error(`${this.#options.number} exited with ${child.exitCode}`);
  }

  async kill(): Promise<void> {
    const child = this.#process as ChildProcess;
    if (child.exitCode !== null)
      throw new Error(`${this.#options.number} ended by itself with ${child.exitCode}`);
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  say(word: "talk" | "quiet" | "stop"): void {
    this.#process?.stdin?.write(`${word}\n`);
  }

  async ended(): Promise<void> {
    const child = this.#process as ChildProcess;
    if (child.exitCode === null) await once(child, "exit");
  }

  get lines() {
    return existsSync(this.#options.journalPath) ? readJournal(this.#options.journalPath) : [];
  }

  get shown(): number {
    return this.lines.filter((line) => line.kind === "shown").length;
  }
}

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

/** A message may be shown once more by the process that comes after one killed before it could note the first time. */
function distinctShown(people: readonly Person[]): number {
  const keys = people.flatMap(({ lines }) =>
    lines.flatMap((line) => (line.kind === "shown" ? [`${line.from} ${line.id}`] : [])),
  );
  return new Set(keys).size;
}

function isQuiet({ violations, counts }: JournalReport, shown: number): boolean {
  return violations.length === 0 && shown === counts.asked && counts.accepted === counts.asked;
}
