import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TwotickError } from "../src/errors.js";
import { newId } from "../src/ids.js";
import {
  type ProsodyConfig,
  groupsPath,
  type ResolvedProsodyConfig,
  renderGroups,
  renderProsodyConfig,
  resolveProsodyConfig,
} from "./config.js";
import { freePort, isListening, requireFreePort } from "./ports.js";

export { renderProsodyConfig } from "./config.js";
export { addAccount } from "./accounts.js";
export { freePort } from "./ports.js";

/** How to start a Prosody: its configuration, where ports and secret may be left to us. */
export interface ProsodyOptions extends Omit<
  ProsodyConfig,
  "clientPort" | "componentPort" | "componentSecret"
> {
  /** 0 or nothing: any free port. */
  clientPort?: number | undefined;
  /** 0 or nothing: any free port. */
  componentPort?: number | undefined;
  /** Nothing: a fresh random one. */
  componentSecret?: string | undefined;
  /** How long it may take until it answers; 10,000 unless given. */
  timeoutMs?: number | undefined;
  /** The program; `prosody` from the path unless given. */
  program?: string | undefined;
  /** What the program is started through, as `setpriv --pdeathsig KILL --`; by itself unless given. */
  runner?: readonly string[] | undefined;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const PROBE_EVERY_MS = 10;
const STOP_WITHIN_MS = 5_000;
const LAST_LINES = 8;

/** A Prosody that this process started and looks after. */
export class ProsodyProcess {
  /** The domain that holds accounts. */
  readonly host: string;
  /** The number domain. */
  readonly componentDomain: string;
  /** What the component proves itself with. */
  readonly componentSecret: string;
  /** The address that it listens on. */
  readonly interface: string;
  /** TCP port for clients. */
  readonly clientPort: number;
  /** TCP port for the component. */
  readonly componentPort: number;
  /** Where accounts and everything else is kept. */
  readonly dataDir: string;
  /** The configuration file in use. */
  readonly configPath: string;
  /** The log. */
  readonly logPath: string;
  readonly #command: readonly [string, ...string[]];
  readonly #timeoutMs: number;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #stderr = "";
  #hasFailedToSpawn = false;

  /** @param config the whole configuration @param command what to run @param timeoutMs how long a start may take */
  constructor(config: ResolvedProsodyConfig, command: readonly [string, ...string[]], timeoutMs: number) {
    this.host = config.host;
    this.componentDomain = config.componentDomain;
    this.componentSecret = config.componentSecret;
    this.interface = config.interface;
    this.clientPort = config.clientPort;
    this.componentPort = config.componentPort;
    this.dataDir = config.dataDir;
    this.configPath = join(config.dataDir, "prosody.cfg.lua");
    this.logPath = config.logPath;
    this.#command = command;
    this.#timeoutMs = timeoutMs;
  }

  /** Where a client connects to, as the SDK wants it: `xmpp://127.0.0.1:PORT`. */
  get service(): string {
    return `xmpp://${this.interface}:${this.clientPort}`;
  }

  /** Where the component connects to: `xmpp://127.0.0.1:PORT`. */
  get componentService(): string {
    return `xmpp://${this.interface}:${this.componentPort}`;
  }

  /** The process id while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whether the process is there. */
  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Settles when the process that runs now has ended, however that came; at once when none runs. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  /**
   * Starts the process and waits until it takes clients and components.
   *
   * @throws {TwotickError} `port-taken`, `prosody-missing`, `prosody-exited` or `prosody-timeout`
   */
  async start(): Promise<void> {
    if (this.isRunning) return;
    await requireFreePort(this.clientPort, this.interface, "clients");
    await requireFreePort(this.componentPort, this.interface, "component");
    const logStart = sizeOf(this.logPath);
    this.#spawn();
    try {
      await this.#waitUntilReady(logStart);
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** Ends it cleanly (SIGTERM), by force after five seconds. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill("SIGTERM");
    const giveUp = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
    await this.#exited;
    clearTimeout(giveUp);
  }

  /** Sends a signal (SIGKILL unless given) and waits until it is gone; SIGSTOP and SIGCONT only freeze and thaw it. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.#child?.kill(signal);
    if (signal !== "SIGSTOP" && signal !== "SIGCONT") await this.#exited;
  }

  /** Stops it if it runs, and starts it with the same ports and data. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  #spawn(): void {
    // A group of its own, so that Ctrl-C reaches us alone and we decide who stops first.
    const [program, ...args] = this.#command;
    const child = spawn(program, [...args, "--config", this.configPath, "-F"], {
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    this.#stderr = "";
    this.#hasFailedToSpawn = false;
    child.stderr
      ?.setEncoding("utf8")
      .on("data", (text: string) => (this.#stderr = (this.#stderr + text).slice(-4_000)));
    const killWithUs = (): void => void child.kill("SIGKILL");
    process.once("exit", killWithUs);
    this.#exited = new Promise((resolve) => {
      const gone = (): void => {
        process.removeListener("exit", killWithUs);
        if (this.#child === child) this.#child = undefined;
        resolve();
      };
      child.once("exit", gone);
      child.once("error", () => {
        this.#hasFailedToSpawn = true;
        gone();
      });
    });
  }

  async #waitUntilReady(logStart: number): Promise<void> {
    const deadline = performance.now() + this.#timeoutMs;
    // Both ports: as root without run_as_root Prosody opens the component's and never the clients'.
    for (const port of [this.clientPort, this.componentPort]) {
      while (!(await isListening(port, this.interface))) {
        this.#requireRunning();
        if (performance.now() > deadline) {
          throw new TwotickError(
            "prosody-timeout",
            `Prosody did not open port ${port} in time; ${this.#lastLines()}`,
          );
        }
        await sleep(PROBE_EVERY_MS);
      }
    }
    this.#requireRunning();
    // Somebody else may have taken a port between the check and the start, and be the one who answered.
    const log = existingText(this.logPath).slice(logStart);
    if (log.includes("Failed to open server port")) {
      throw new TwotickError("port-taken", `Prosody could not open its ports; ${this.#lastLines()}`);
    }
  }

  #requireRunning(): void {
    if (this.isRunning) return;
    if (this.#hasFailedToSpawn) {
      throw new TwotickError(
        "prosody-missing",
        `Prosody is not installed (${this.#command[0]} was not found): install the package "prosody", 0.12 or newer`,
      );
    }
    throw new TwotickError("prosody-exited", `Prosody ended as soon as it was started; ${this.#lastLines()}`);
  }

  #lastLines(): string {
    const lines = (existingText(this.logPath) + this.#stderr).trim().split("\n").slice(-LAST_LINES);
    return `its last words:\n${lines.join("\n")}`;
  }
}

/**
 * Starts a Prosody for development or tests and waits until it takes clients and components.
 *
 * The configuration is written to `prosody.cfg.lua` in the data folder (mode 0600: it holds the secret).
 * @throws {TwotickError} `port-taken`, `prosody-missing`, `prosody-exited` or `prosody-timeout`
 * @throws {InvalidInput} for a configuration that cannot be written
 */
export async function startProsody(options: ProsodyOptions): Promise<ProsodyProcess> {
  const attempts = options.clientPort && options.componentPort ? 1 : 3;
  for (let attempt = 1; ; attempt++) {
    const prosody = await prepareProsody(options);
    try {
      await prosody.start();
      return prosody;
    } catch (error) {
      // A port that we chose was snatched away: choose again.
      const isTaken = error instanceof TwotickError && error.code === "port-taken";
      if (!isTaken || attempt === attempts) throw error;
    }
  }
}

async function prepareProsody(options: ProsodyOptions): Promise<ProsodyProcess> {
  const address = options.interface ?? "127.0.0.1";
  const config = resolveProsodyConfig({
    ...options,
    clientPort: options.clientPort || (await freePort(address)),
    componentPort: options.componentPort || (await freePort(address)),
    componentSecret: options.componentSecret ?? newId(),
  });
  const text = renderProsodyConfig(config);
  mkdirSync(join(config.dataDir, "certificates"), { recursive: true });
  const prosody = new ProsodyProcess(config, commandOf(options), options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  writeFileSync(prosody.configPath, text, { mode: 0o600 });
  writeFileSync(groupsPath(config), renderGroups(config));
  return prosody;
}

function commandOf({ runner = [], program = "prosody" }: ProsodyOptions): [string, ...string[]] {
  const [first, ...rest] = runner;
  return first === undefined ? [program] : [first, ...rest, program];
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function existingText(path: string): string {
  return sizeOf(path) === 0 ? "" : readFileSync(path, "utf8");
}
