import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { stringify as toToml } from "smol-toml";
import { TwotickError } from "../src/errors.js";
import { freePort, type ProsodyProcess, startProsody } from "./prosody.js";

const MAIN = fileURLToPath(new URL("../component/main.ts", import.meta.url));
const START_WITHIN_MS = 15_000;
const CODE_WITHIN_MS = 10_000;

/** A Prosody, and the component as a process of its own, which can be killed and started again. */
export class DemoService {
  /** The server. */
  readonly prosody: ProsodyProcess;
  /** Where sign-up is. */
  readonly api: string;
  readonly #configPath: string;
  readonly #logPath: string;
  readonly #codes = new Map<string, string>();
  #codeCame: () => void = () => {};
  #child: ChildProcess | undefined;

  private constructor(prosody: ProsodyProcess, folder: string, httpPort: number) {
    this.prosody = prosody;
    this.api = `http://127.0.0.1:${httpPort}`;
    this.#configPath = join(folder, "component.toml");
    this.#logPath = join(folder, "component.log");
    process.once("exit", () => this.#child?.kill("SIGKILL"));
  }

  /** Starts both. @param folder an empty folder for everything that they write */
  static async start(folder: string): Promise<DemoService> {
    const prosody = await startProsody({ dataDir: join(folder, "prosody") });
    const httpPort = await freePort();
    const service = new DemoService(prosody, folder, httpPort);
    mkdirSync(folder, { recursive: true });
    const { host, interface: address, componentPort, componentDomain, componentSecret } = prosody;
    const config = {
      host: { domain: host },
      link: { host: address, port: componentPort, domain: componentDomain, secret: componentSecret },
      store: { path: "twotick.db", key: randomBytes(32).toString("base64") },
      http: { port: httpPort },
      sign_up: { provider: "console", development: true },
    };
    writeFileSync(service.#configPath, toToml(config), { mode: 0o600 });
    await service.startComponent();
    return service;
  }

  /** Starts the component and waits until Prosody has taken it. @throws {TwotickError} */
  async startComponent(): Promise<void> {
    const child = spawn(process.execPath, ["--import", "tsx", MAIN, "--config", this.#configPath], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", (line) => this.#readCode(line));
    const log = createInterface({ input: child.stderr });
    log.on("line", (line) => appendFileSync(this.#logPath, `${line}\n`));
    await withinTime(
      new Promise<void>((resolve, reject) => {
        log.on("line", (line) => void (line.includes("linked to the server") && resolve()));
        child.once("exit", (code) => reject(new TwotickError("ended", `the component ended with ${code}`)));
      }),
      START_WITHIN_MS,
      "the component did not start in time",
    );
  }

  /** Ends the component with SIGKILL: no chance to finish anything. */
  async killComponent(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }

  /** The code that the component has sent to a number, as its console shows it. */
  async codeFor(number: string): Promise<string> {
    const deadline = performance.now() + CODE_WITHIN_MS;
    for (;;) {
      const code = this.#codes.get(number);
      if (code !== undefined) return code;
      const came = new Promise<void>((resolve) => (this.#codeCame = resolve));
      await withinTime(came, deadline - performance.now(), `no code was sent to ${number}`);
    }
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    await this.killComponent();
    await this.prosody.stop();
  }

  #readCode(line: string): void {
    const [, number, code] = /(\+\d+): your code is (\d+)/.exec(line) ?? [];
    if (number === undefined || code === undefined) return;
    this.#codes.set(number, code);
    this.#codeCame();
  }
}

/** Waits for something, but not for ever. @throws {TwotickError} `timeout` */
export async function withinTime<T>(work: Promise<T>, timeoutMs: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TwotickError("timeout", message)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
