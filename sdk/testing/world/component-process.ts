import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { stringify } from "smol-toml";
import { TwotickError } from "../../../src/errors.js";
import { MORTAL } from "./mortal.js";
import { within } from "./within.js";

/** Whether this runs from the sources, where Node has to be told how to read TypeScript. */
const IS_SOURCE = import.meta.url.endsWith(".ts");
const MAIN = fileURLToPath(new URL(`../../../component/main.${IS_SOURCE ? "ts" : "js"}`, import.meta.url));
const START_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 20_000;
/** What is kept of what it said, for the error when it does not start. */
const LAST_LINES = 40;

/** How Node runs a program of this package: `node`, and the loader of TypeScript where the sources are run. */
export function nodeCommand(program: string, ...args: readonly string[]): [string, ...string[]] {
  const isSource = program.endsWith(".ts");
  return [process.execPath, ...(isSource ? ["--import", import.meta.resolve("tsx")] : []), program, ...args];
}

/** The component as a process of its own, started as an admin starts it: from a configuration file. */
export class ComponentProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, "exit");
    const endWithUs = (): void => void child.kill("SIGKILL");
    process.once("exit", endWithUs);
    child.once("exit", () => process.removeListener("exit", endWithUs));
  }

  /**
   * Writes the configuration, starts the process and waits until it is linked to the server.
   *
   * @param config as `checkConfig` takes it
   * @param folder where configuration and log are written
   * @param runner what the process is started through, as `ip netns exec …`
   * @param onOutput called with each line of standard output
   * @throws {TwotickError} `component-exited` or `timeout`, with its last words
   */
  static async start(
    config: object,
    folder: string,
    environment: Readonly<Record<string, string>> = {},
    main = MAIN,
    runner: readonly string[] = [],
    onOutput: (line: string) => void = () => {},
  ): Promise<ComponentProcess> {
    const path = join(folder, "component.toml");
    writeFileSync(path, toToml(config), { mode: 0o600 });
    const command = [...MORTAL, ...runner, ...nodeCommand(main, "--config", path)];
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    const started = new ComponentProcess(child);
    createInterface({ input: child.stdout }).on("line", onOutput);
    await started.#linked(join(folder, "component.log"));
    return started;
  }

  /** Settles when the process has ended, however that came. */
  get exited(): Promise<unknown> {
    return this.#exited;
  }

  /** The process id. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Sends a signal, waits until the process is gone (SIGSTOP and SIGCONT leave it there) and answers its exit code; null when the signal ended it. */
  async kill(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill(signal);
      if (signal === "SIGSTOP" || signal === "SIGCONT") return null;
      await within(`the component ends by ${signal}`, STOP_WITHIN_MS, this.#exited);
    }
    return this.#child.exitCode;
  }

  async #linked(logPath: string): Promise<void> {
    const child = this.#child;
    const log = createWriteStream(logPath, { flags: "a", mode: 0o600 });
    // The folder may go before the last line has come
    log.on("error", () => {});
    const said: string[] = [];
    const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
    lines.on("line", (line) => log.write(`${line}\n`)).on("close", () => log.end());
    const linked = new Promise<void>((resolve, reject) => {
      const read = (line: string): void => {
        said.push(line);
        if (said.length > LAST_LINES) said.shift();
        if (!line.includes("linked to the server")) return;
        lines.off("line", read);
        resolve();
      };
      lines.on("line", read);
      child.once("error", reject);
      child.once("exit", (code) => reject(new TwotickError("component-exited", `it exited with ${code}`)));
    });
    try {
      await within("it is linked to the server", START_WITHIN_MS, linked);
    } catch (error) {
      // Nobody else knows of it
      child.kill("SIGKILL");
      const { code, message } = error as TwotickError;
      throw new TwotickError(code, `the component did not start: ${message}\n${said.join("\n")}`, error);
    }
  }
}

/** Writes a configuration as the file that an admin would. */
function toToml(config: object): string {
  const { log } = config as { log?: { level?: string } };
  const level = log?.level === undefined || log.level === "silent" ? "info" : log.level;
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
