import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { newId } from "../../src/ids.js";
import { temporaryFolder } from "./prosody.js";
import { until } from "./until.js";
import type { World } from "./world.js";

/** Profanity in a terminal of its own (tmux), driven as a person drives it. */
export class Profanity {
  readonly #socket = `twotick-${newId()}`;
  readonly #home = temporaryFolder();

  /** Starts it and logs in with an account that is there. */
  static async logIn(world: World, username: string, password: string): Promise<Profanity> {
    const profanity = new Profanity();
    profanity.#start();
    const { host, clientPort } = world.prosody;
    await profanity.sees("Profanity");
    profanity.type(`/connect ${username}@${host} server 127.0.0.1 port ${clientPort} tls disable`);
    await profanity.sees("Enter password");
    profanity.type(password);
    await profanity.sees("logged in successfully");
    return profanity;
  }

  /** What stands on the screen. */
  get screen(): string {
    return this.#tmux("capture-pane", "-p", "-t", "p").trim();
  }

  /** Writes a line and presses Enter. */
  type(text: string): void {
    this.#tmux("send-keys", "-t", "p", "-l", text);
    this.#tmux("send-keys", "-t", "p", "Enter");
  }

  /** Waits until something stands on the screen. @throws with the whole screen when it never does */
  async sees(text: string): Promise<void> {
    try {
      await until(text, () => this.screen.includes(text), 20_000);
    } catch (error) {
      throw new Error(`"${text}" is not on the screen:\n${this.screen}`, { cause: error });
    }
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

  #tmux(...words: readonly string[]): string {
    return execFileSync("tmux", ["-L", this.#socket, ...words], { encoding: "utf8" });
  }
}
