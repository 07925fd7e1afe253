import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { stringify } from "smol-toml";
import type { Config } from "../../component/config.js";
import { MORTAL } from "./mortal.js";
import { within } from "./within.js";

const MAIN = new URL("../../component/main.ts", import.meta.url).pathname;
const START_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 20_000;

/** The component as a process of its own, started as an admin starts it: from a configuration file. */
export class ComponentProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, "exit");
  }

  /**
   * Writes the configuration, starts the process and waits until it is linked to the server.
   *
   * @param runner what the process is started through, as `ip netns exec …`
   */
  static async start(
    config: Config,
    folder: string,
    environment: Readonly<Record<string, string>> = {},
    main = MAIN,
    runner: readonly string[] = [],
  ): Promise<ComponentProcess> {
    const path = join(folder, "component.toml");
    writeFileSync(path, toToml(config), { mode: 0o600 });
    const command = [...MORTAL, ...runner, process.execPath, "--import", "tsx", main, "--config", path];
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...environment },
    });
    const started = new ComponentProcess(child);
    const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
    await new Promise<void>((resolve, reject) => {
      const said: string[] = [];
      const timer = setTimeout(() => {
        // Nobody else knows of it
        child.kill("SIGKILL");
        reject(new Error(`the component did not start: ${said.join("\n")}`));
      }, START_WITHIN_MS);
      lines.on("line", (line) => {
        said.push(line);
        if (!line.includes("linked to the server")) return;
        clearTimeout(timer);
        said.length = 0;
        resolve();
      });
      child.once("exit", (code) =>
        reject(new Error(`the component exited with ${code}: ${said.join("\n")}`)),
      );
    });
    return started;
  }

  /** Settles when the process has ended, however that came. */
  get exited(): Promise<unknown> {
    return this.#exited;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Sends a signal, waits until the process is gone and answers its exit code; null when the signal ended it. */
  async kill(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill(signal);
      await within(`the component ends by ${signal}`, STOP_WITHIN_MS, this.#exited);
    }
    return this.#child.exitCode;
  }
}

/** Writes a configuration as the file that an admin would. */
function toToml(config: Config): string {
  const level = config.log.level === "silent" ? "info" : config.log.level;
  return stringify(snakeCaseKeys({ ...config, log: { level } }));
}

function snakeCaseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCaseKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [snakeCase(key), snakeCaseKeys(inner)]));
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
