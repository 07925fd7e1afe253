import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../../prosody/prosody.js";
import { checkJournals, seededRandom, type JournalReport } from "../../../sdk/testing/mod.js";
import { until } from "../../support/until.js";
import { World } from "../../support/world.js";
import { distinctShown, Person } from "../person-process.js";

const NUMBERS = ["+15551230001", "+15551230002"] as const;
/** Several hundred a second from each, in batches and one by one, as fast as the machine goes. */
const PACE = { sendEveryMs: 25, burst: 40, aheadAtMost: 120 };
const HEAR_WITHIN_MS = 60_000;
const QUIET_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 500;

/** What is killed. */
export const VICTIMS = ["component", "prosody", "person"] as const;

/** How often each is killed. */
export type Kills = Record<(typeof VICTIMS)[number], number>;

/** What a chapter is to do. */
export interface ChapterPlan {
  readonly kills: Kills;
  /** Messages at least. */
  readonly messages: number;
  readonly seed: number;
}

/** What came of a chapter. */
export interface ChapterResult {
  readonly kills: Kills;
  readonly counts: JournalReport["counts"];
  readonly violations: JournalReport["violations"];
  /** Messages that were asked for and shown to nobody. */
  readonly missing: number;
}

/** One world from its beginning to its end, in which two people write to each other and everything is killed. */
export async function playChapter(plan: ChapterPlan): Promise<ChapterResult> {
  const chapter = await Chapter.begin();
  try {
    return await chapter.play(plan);
  } finally {
    await chapter.end();
  }
}

class Chapter {
  readonly #world: World;
  readonly #people: readonly Person[];
  readonly #shown: readonly Tally[];
  readonly #asked: readonly Tally[];

  private constructor(world: World, people: readonly Person[], journals: readonly string[]) {
    this.#world = world;
    this.#people = people;
    this.#shown = journals.map((path) => new Tally(path, '"kind":"shown"'));
    this.#asked = journals.map((path) => new Tally(path, '"kind":"asked"'));
  }

  static async begin(): Promise<Chapter> {
    const testNumbers = Object.fromEntries(NUMBERS.map((number) => [number, "000000"]));
    const world = await World.start({
      isProcess: true,
      config: { http: { port: await freePort() }, signUp: { testNumbers }, link: { maxRetrySeconds: 0.3 } },
    });
    const path = (number: string, name: string): string => join(world.folder, `${number.slice(1)}.${name}`);
    const people = NUMBERS.map(
      (number, index) =>
        new Person({
          storagePath: path(number, "db"),
          journalPath: path(number, "journal"),
          service: world.prosody.service,
          api: `http://127.0.0.1:${world.config.http.port}`,
          number,
          peer: NUMBERS[1 - index] as string,
          ...PACE,
        }),
    );
    const journals = NUMBERS.map((number) => path(number, "journal"));
    return new Chapter(world, people, journals);
  }

  async play({ kills, messages, seed }: ChapterPlan): Promise<ChapterResult> {
    const random = seededRandom(seed);
    await Promise.all(this.#people.map((person) => person.start()));
    for (const person of this.#people) person.say("talk");
    await this.#everybodyHears();
    const victims = shuffle(
      VICTIMS.flatMap((victim) => Array.from({ length: kills[victim] }, () => victim)),
      random,
    );
    for (const victim of victims) {
      await sleep(random() * 300);
      await this.#killAndRestart(victim, random);
      await this.#everybodyHears();
    }
    const isEnough = (): boolean => sum(this.#asked) >= messages;
    while (!isEnough()) await sleep(LOOK_EVERY_MS);
    return { kills, ...(await this.#rest()) };
  }

  /** Waits until everything has arrived, ends the people and asks the checker. */
  async #rest(): Promise<Omit<ChapterResult, "kills">> {
    for (const person of this.#people) person.say("quiet");
    const deadline = performance.now() + QUIET_WITHIN_MS;
    while (!this.#hasAllArrived() && performance.now() < deadline) await sleep(LOOK_EVERY_MS);
    for (const person of this.#people) person.say("stop");
    await Promise.all(this.#people.map((person) => person.ended()));
    const { violations, counts } = this.#report();
    return { violations, counts, missing: counts.asked - distinctShown(this.#people) };
  }

  async end(): Promise<void> {
    await Promise.all(this.#people.map((person) => person.kill().catch(() => undefined)));
    await this.#world.stop();
  }

  async #killAndRestart(victim: (typeof VICTIMS)[number], random: () => number): Promise<void> {
    if (victim === "component") {
      await this.#world.killComponent();
      return this.#world.startComponent();
    }
    if (victim === "prosody") {
      await this.#world.prosody.kill();
      return this.#world.prosody.start();
    }
    const person = this.#people[random() < 0.5 ? 0 : 1] as Person;
    await person.kill();
    await person.start();
    person.say("talk");
  }

  async #everybodyHears(): Promise<void> {
    const before = this.#shown.map((tally) => tally.count());
    const hear = (): boolean => this.#shown.every((tally, index) => tally.count() > (before[index] ?? 0));
    await until("everybody is shown something new", hear, HEAR_WITHIN_MS);
  }

  #hasAllArrived(): boolean {
    // One may be shown twice; whether all were is worth a look at every line only when as many were
    if (sum(this.#shown) < sum(this.#asked)) return false;
    const { counts } = this.#report();
    return counts.accepted === counts.asked && distinctShown(this.#people) === counts.asked;
  }

  #report(): JournalReport {
    return checkJournals(
      this.#people.map((person) => person.lines),
      { receiptWithinMs: 0 },
    );
  }
}

/** Counts lines of a kind in a journal, and reads no byte of it twice. */
class Tally {
  readonly #path: string;
  readonly #mark: string;
  #count = 0;
  #offset = 0;
  #rest = "";

  constructor(path: string, mark: string) {
    this.#path = path;
    this.#mark = mark;
  }

  count(): number {
    if (!existsSync(this.#path)) return 0;
    const file = openSync(this.#path, "r");
    try {
      const bytes = Buffer.alloc(fstatSync(file).size - this.#offset);
      const got = readSync(file, bytes, 0, bytes.length, this.#offset);
      this.#offset += got;
      const lines = (this.#rest + bytes.toString("latin1", 0, got)).split("\n");
      this.#rest = lines.pop() ?? "";
      this.#count += lines.filter((line) => line.includes(this.#mark)).length;
      return this.#count;
    } finally {
      closeSync(file);
    }
  }
}

function sum(tallies: readonly Tally[]): number {
  return tallies.reduce((total, tally) => total + tally.count(), 0);
}

function shuffle<Thing>(things: readonly Thing[], random: () => number): Thing[] {
  return things
    .map((thing) => ({ thing, at: random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ thing }) => thing);
}
