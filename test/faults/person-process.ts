import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readJournal, type JournalLine, type JournalReport } from "../../sdk/testing/mod.js";
import { Build } from "../support/build.js";
import { MORTAL } from "../support/mortal.js";
import { within } from "../support/within.js";
import type { PersonOptions } from "./person.js";

const END_WITHIN_MS = 30_000;

/** One person: an SDK device in a process of its own, which can be killed. */
export class Person {
  readonly #options: PersonOptions;
  readonly #runner: readonly string[];
  #process: ChildProcess | undefined;

  /** @param runner what the process is started through, as `ip netns exec …` */
  constructor(options: PersonOptions, runner: readonly string[] = []) {
    this.#options = options;
    this.#runner = runner;
  }

  /** Starts the process and waits until it runs. */
  async start(): Promise<void> {
    const options = JSON.stringify(this.#options);
    const program = Build.unpatched().program("test/faults/person");
    const command = [...MORTAL, ...this.#runner, process.execPath, program, options];
    const [runner = "", ...args] = command;
    const child = spawn(runner, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#process = child;
    await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    if (hasEnded(child)) throw new Error(`${this.#options.number} exited with ${child.exitCode}`);
  }

  /** Ends it with SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#process as ChildProcess;
    // It will not end a second time
    if (hasEnded(child)) throw new Error(`${this.#options.number} had ended with ${child.exitCode}`);
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await within(`${this.#options.number} ends by SIGKILL`, END_WITHIN_MS, exited);
  }

  say(word: "talk" | "quiet" | "stop"): void {
    this.#process?.stdin?.write(`${word}\n`);
  }

  /** Settles when the process has ended. */
  async ended(): Promise<void> {
    const child = this.#process as ChildProcess;
    if (!hasEnded(child)) await within(`${this.#options.number} ends`, END_WITHIN_MS, once(child, "exit"));
  }

  get lines(): JournalLine[] {
    return existsSync(this.#options.journalPath) ? readJournal(this.#options.journalPath) : [];
  }

  get shown(): number {
    return this.lines.filter((line) => line.kind === "shown").length;
  }
}

// A signal leaves no exit code
function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** A message may be shown once more by the process that comes after one killed before it could note the first time. */
export function distinctShown(people: readonly Person[]): number {
  const keys = people.flatMap(({ lines }) =>
    lines.flatMap((line) => (line.kind === "shown" ? [`${line.from} ${line.id}`] : [])),
  );
  return new Set(keys).size;
}

/** Whether everything that was asked for was accepted and shown. */
export function isQuiet({ violations, counts }: JournalReport, shown: number): boolean {
  return violations.length === 0 && shown === counts.asked && counts.accepted === counts.asked;
}
