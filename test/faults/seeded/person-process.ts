import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readJournal, type JournalLine } from "../../../sdk/testing/mod.js";
import { MORTAL } from "../../support/mortal.js";
import { within } from "../../support/within.js";
import type { PersonOptions } from "./person.js";

const END_WITHIN_MS = 30_000;

/** A device of the SDK in a process of its own, run from a build, which can be killed. */
export class PersonProcess {
  readonly #build: string;
  readonly #options: PersonOptions;
  readonly #said = new Set<string>();
  #child: ChildProcess | undefined;

  constructor(build: string, options: PersonOptions) {
    this.#build = build;
    this.#options = options;
  }

  get number(): string {
    return this.#options.number;
  }

  /** The journal so far. */
  get lines(): JournalLine[] {
    const { journalPath } = this.#options;
    return existsSync(journalPath) ? readJournal(journalPath) : [];
  }

  /** Starts the process and waits until it runs; the first time until it is signed up and online. */
  async start(): Promise<void> {
    const program = join(this.#build, "test/faults/seeded/person.js");
    const options = JSON.stringify(this.#options);
    const [runner, ...args] = [...MORTAL, process.execPath, program, options];
    const child = spawn(runner, args, {
      stdio: ["pipe", "pipe", "pipe"],
    });
    let complaint = "";
    child.stderr.on("data", (data: Buffer) => (complaint += data.toString()));
    this.#child = child;
    const running = new Promise<void>((resolve) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        if (line === "running") resolve();
        else this.#said.add(line);
      });
    });
    const exited = once(child, "exit").then(([code]) => {
      throw new Error(`${this.number} exited with ${String(code)}: ${complaint}`);
    });
    exited.catch(() => undefined);
    await Promise.race([running, exited]);
  }

  /** Asks it to send the text that belongs to an id. */
  say(to: string, id: string): void {
    this.#child?.stdin?.write(`${JSON.stringify({ to, id })}\n`);
  }

  /** Whether a text that it was asked to send is durable in its store. */
  hasNoted(id: string): boolean {
    return this.#said.has(id);
  }

  /** Kills it (SIGKILL). */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await within(`${this.number} ends by SIGKILL`, END_WITHIN_MS, exited);
  }
}
