import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { VICTIMS, type ChapterPlan, type ChapterResult, type Kills } from "./chapter.js";

/** What a long run is to come to. */
export interface Goal extends Kills {
  readonly messages: number;
}

/** A line of the file of results. */
export interface ChapterLine extends ChapterResult {
  readonly at: string;
  readonly seed: number;
  readonly seconds: number;
}

/** How far a long run has come. */
export interface Totals extends Goal {
  readonly chapters: number;
  readonly violations: number;
  readonly missing: number;
  readonly seconds: number;
}

/** Reads a goal as `component=1000,prosody=300,person=300,messages=1000000`. @throws {Error} when it is none */
export function readGoal(text: string): Goal {
  const pairs = text.split(",").map((part): [string, number] => {
    const [name = "", value = ""] = part.split("=");
    return [name, Number(value)];
  });
  const goal = Object.fromEntries(pairs);
  for (const name of [...VICTIMS, "messages"])
    if (!Number.isInteger(goal[name])) throw new Error(`a goal names ${name}: ${text}`);
  return goal as unknown as Goal;
}

/** The results of a long run, in a file to which each chapter is added, so that a run can be broken off and go on. */
export class Book {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true });
  }

  /** The chapters so far. */
  get chapters(): ChapterLine[] {
    if (!existsSync(this.#path)) return [];
    return readFileSync(this.#path, "utf8")
      .split("\n")
      .filter((line) => line.endsWith("}"))
      .map((line) => JSON.parse(line) as ChapterLine);
  }

  add(line: ChapterLine): void {
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
  }

  /** Everything together. */
  get totals(): Totals {
    const { chapters } = this;
    const sum = (of: (line: ChapterLine) => number): number =>
      chapters.reduce((total, line) => total + of(line), 0);
    return {
      component: sum(({ kills }) => kills.component),
      prosody: sum(({ kills }) => kills.prosody),
      person: sum(({ kills }) => kills.person),
      messages: sum(({ counts }) => counts.accepted),
      chapters: chapters.length,
      violations: sum(({ violations }) => violations.length),
      missing: sum(({ missing }) => missing),
      seconds: sum(({ seconds }) => seconds),
    };
  }

  /** What the next chapter has to do of a goal; `undefined` when it is reached. */
  next(goal: Goal, inChapters: number, seed: number): ChapterPlan | undefined {
    const { totals } = this;
    const share = (name: keyof Goal): number =>
      Math.max(0, Math.min(Math.ceil(goal[name] / inChapters), goal[name] - totals[name]));
    const kills = { component: share("component"), prosody: share("prosody"), person: share("person") };
    const messages = share("messages");
    if (messages === 0 && Object.values(kills).every((count) => count === 0)) return undefined;
    return { kills, messages, seed };
  }
}
