import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { newId } from "../../src/ids.js";

const DEADLINE_MS = 30_000;
/** Between two looks at the screen: each is a process, and stops this one meanwhile. */
const LOOK_EVERY_MS = 50;

/** A program in a terminal of its own (tmux), driven as a person drives it. */
export class Tmux {
  readonly #socket = `twotick-${newId()}`;

  /** @param command the program and its arguments @param env variables that it gets beside those of the test */
  constructor(command: readonly string[], env: Readonly<Record<string, string>> = {}, rows = 24) {
    const given = Object.entries({ LANG: "C.UTF-8", ...env }).map(([name, value]) => `${name}=${value}`);
    // tmux does not always come to know what a program exited with
    const told = ["sh", "-c", '"$@"; echo "ended with $?"', "sh", ...command];
    this.#run("new-session", "-d", "-x", "100", "-y", String(rows), "-s", "p", "env", ...given, ...told);
    // What it said last stays to be seen
    this.#run("set-option", "-t", "p", "remain-on-exit", "on");
  }

  /** What stands on the screen. */
  get screen(): string {
    return this.#run("capture-pane", "-p", "-t", "p").trim();
  }

  /** What stands on the screen, and what has scrolled off it. */
  get everything(): string {
    return this.#run("capture-pane", "-p", "-S", "-", "-t", "p").trim();
  }

  /** Writes a line and presses Enter. */
  type(text: string): void {
    this.#run("send-keys", "-t", "p", "-l", text);
    this.#run("send-keys", "-t", "p", "Enter");
  }

  /** Presses keys, as tmux names them. */
  press(...keys: readonly string[]): void {
    this.#run("send-keys", "-t", "p", ...keys);
  }

  /** Waits until something stands on the screen. @throws with the whole screen when it never does */
  async sees(text: string | RegExp): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    while (!(typeof text === "string" ? this.screen.includes(text) : text.test(this.screen))) {
      if (performance.now() > deadline)
        throw new Error(`${String(text)} is not on the screen:\n${this.screen}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  stop(): void {
    this.#run("kill-server");
  }

  #run(...words: readonly string[]): string {
    return execFileSync("tmux", ["-L", this.#socket, ...words], { encoding: "utf8" });
  }
}
