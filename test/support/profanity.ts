import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { newId } from "../../src/ids.js";
import { temporaryFolder } from "./prosody.js";
import type { World } from "./world.js";

const DEADLINE_MS = 20_000;
const MAX_TRIES = 100;
const LOOKS_PER_QUESTION = 10;

/** Between two looks at the screen: each is a process, and stops this one meanwhile. */
const LOOK_EVERY_MS = 50;

/** What begins "me:" before a message of which no receipt has come: red. Source: Profanity 0.13.1, its default theme */
const WITHOUT_RECEIPT = "\u001B[31mme: ";

/** Profanity in a terminal of its own (tmux), driven as a person drives it. */
export class Profanity {
  readonly #socket = `twotick-${newId()}`;
  readonly #home = temporaryFolder();
  readonly #connect: string;
  readonly #password: string;

  private constructor(world: World, username: string, password: string) {
    const { host, clientPort } = world.prosody;
    this.#connect = `/connect ${username}@${host} server 127.0.0.1 port ${clientPort} tls disable`;
    this.#password = password;
  }

  /** Starts it and logs in with an account that is there. */
  static async logIn(world: World, username: string, password: string): Promise<Profanity> {
    const profanity = new Profanity(world, username, password);
    profanity.#start();
    await profanity.sees("Profanity");
    await profanity.connect();
    return profanity;
  }

  /** What stands on the screen. */
  get screen(): string {
    return this.#tmux("capture-pane", "-p", "-t", "p").trim();
  }

  /** Logs in (again). */
  async connect(): Promise<void> {
    this.type("/clear");
    this.type(this.#connect);
    await this.sees("Enter password");
    this.type(this.#password);
    await this.sees("logged in successfully");
  }

  /** Writes a line and presses Enter. */
  type(text: string): void {
    this.#tmux("send-keys", "-t", "p", "-l", text);
    this.#tmux("send-keys", "-t", "p", "Enter");
  }

  /** Begins to write, and does not press Enter. */
  begins(text: string): void {
    this.#tmux("send-keys", "-t", "p", "-l", text);
  }

  /** Writes a message, and again as long as the session that it needs is not there yet. */
  async says(text: string): Promise<void> {
    const isSaid = (): boolean => this.screen.includes(`me: ${text}`);
    const isRefused = (): boolean => this.screen.includes("cannot be decrypted");
    for (let tries = 0; tries < MAX_TRIES && !isSaid(); tries++) {
      if (tries > 0) await sleep(LOOK_EVERY_MS);
      this.type("/clear");
      await this.#shows("a clear screen", () => !isRefused());
      this.type(text);
      await this.#shows(`"${text}"`, () => isSaid() || isRefused());
    }
    await this.sees(`me: ${text}`);
  }

  /** Writes a command again and again until its answer has what it needs. @throws with the whole screen when it never has */
  async asks(command: string, answer: string): Promise<void> {
    let looks = 0;
    await this.#shows(`"${answer}"`, () => {
      if (looks++ % LOOKS_PER_QUESTION === 0) this.type(command);
      return this.screen.includes(answer);
    });
  }

  /** Waits until something stands on the screen. @throws with the whole screen when it never does */
  async sees(text: string): Promise<void> {
    await this.#shows(`"${text}"`, () => this.screen.includes(text));
  }

  /** Waits until a message that was written here is shown with its receipt. @throws with the whole screen when it never is */
  async seesReceiptOf(text: string): Promise<void> {
    await this.#shows(`the receipt of "${text}"`, () => {
      const line = this.#colours().find((one) => one.includes(text));
      return line !== undefined && !line.includes(WITHOUT_RECEIPT);
    });
  }

  stop(): void {
    this.#tmux("kill-server");
    rmSync(this.#home, { recursive: true, force: true });
  }

  #start(): void {
    const folders = ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"].map((name) => `${name}=${this.#home}`);
    const command = `env ${folders.join(" ")} LANG=C.UTF-8 profanity`;
    this.#tmux("new-session", "-d", "-x", "160", "-y", "50", "-s", "p", command);
  }

  async #shows(what: string, holds: () => boolean): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    while (!holds()) {
      if (performance.now() > deadline) throw new Error(`${what} is not on the screen:\n${this.screen}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  #colours(): string[] {
    return this.#tmux("capture-pane", "-e", "-p", "-t", "p").split("\n");
  }

  #tmux(...words: readonly string[]): string {
    return execFileSync("tmux", ["-L", this.#socket, ...words], { encoding: "utf8" });
  }
}
