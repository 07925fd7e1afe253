import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import {
  freePort,
  type ProsodyOptions,
  type ProsodyProcess,
  startProsody,
} from "../../../prosody/prosody.js";
import { ComponentProcess } from "./component-process.js";
import { WorldLink } from "./link.js";
import { MORTAL } from "./mortal.js";
import { WorldPart } from "./part.js";
import type { Transcript } from "./transcript.js";
import { until } from "./until.js";

/** Options of the component, by section, as docs/admin.md has them but in camel case: `{ mailbox: { maxEntries: 100 } }`. */
export type ComponentOptions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What is different about the servers of a world. */
export interface ServiceOptions {
  /** The domain that holds the accounts; `example.org` unless given. */
  readonly host?: string | undefined;
  /** Of the component. */
  readonly config?: ComponentOptions | undefined;
  /** Of Prosody: another program, log level, certificates. */
  readonly prosody?: Omit<ProsodyOptions, "dataDir" | "host"> | undefined;
}

const CODE_WITHIN_MS = 10_000;
const ALWAYS = { burst: 1_000_000, everySeconds: 0.001 };
/** People of a test sign up as fast as they can, all from one address. */
const SIGN_UP = {
  provider: "console",
  development: true,
  dailyBudget: 10_000_000,
  limits: { number: ALWAYS, prefix: ALWAYS, country: ALWAYS, address: ALWAYS, network: ALWAYS },
  breaker: { minShare: 0 },
};

/** A real Prosody and a real component as processes, with a link between them that can be harmed. */
export class WorldService {
  readonly server: ProsodyProcess;
  readonly prosody: WorldPart;
  readonly component: WorldPart;
  readonly componentLink: WorldLink;
  /** Where sign-up is. */
  readonly api: string;
  readonly #codes = new Map<string, string>();
  #process: ComponentProcess | undefined;

  private constructor(
    server: ProsodyProcess,
    link: WorldLink,
    folder: string,
    config: object,
    httpPort: number,
    transcript: Transcript,
  ) {
    this.server = server;
    this.componentLink = link;
    this.api = `http://127.0.0.1:${httpPort}`;
    this.prosody = new WorldPart(
      {
        start: () => server.start(),
        signal: (signal) => (signal === "SIGTERM" ? server.stop() : server.kill(signal)),
        pid: () => server.pid,
      },
      (change) => transcript.note({ do: "part", which: "prosody", change }),
    );
    this.component = new WorldPart(
      {
        start: async () => void (this.#process = await this.#startComponent(config, folder)),
        signal: (signal) => this.#signalComponent(signal),
        pid: () => this.#process?.pid,
      },
      (change) => transcript.note({ do: "part", which: "component", change }),
    );
  }

  /** Starts both. @throws {TwotickError} `prosody-missing` where Prosody is not installed, and others */
  static async start(folder: string, options: ServiceOptions, transcript: Transcript): Promise<WorldService> {
    const server = await startProsody({
      // Through another program a missing Prosody would look like one that ends at once
      runner: isOnPath(options.prosody?.program ?? "prosody") ? MORTAL : [],
      ...options.prosody,
      host: options.host,
      dataDir: join(folder, "prosody"),
    });
    const link = await WorldLink.open("component", server.componentPort, (change) =>
      transcript.note({ do: "link", which: "component", change }),
    );
    const httpPort = await freePort();
    const { link: linkOptions, signUp, http, ...others } = options.config ?? {};
    const config = {
      host: { domain: server.host },
      link: {
        host: "127.0.0.1",
        port: link.port,
        domain: server.componentDomain,
        secret: server.componentSecret,
        ...linkOptions,
      },
      store: { path: join(folder, "twotick.db"), key: randomBytes(32).toString("base64") },
      http: { port: httpPort, ...http },
      signUp: { ...SIGN_UP, ...signUp },
      ...others,
    };
    const service = new WorldService(server, link, folder, config, httpPort, transcript);
    try {
      service.#process = await service.#startComponent(config, folder);
    } catch (error) {
      await service.stop();
      throw error;
    }
    return service;
  }

  /** The code that was sent to a number since it was asked for last. */
  async codeFor(number: string): Promise<string> {
    await until("a code is sent", () => this.#codes.has(number), CODE_WITHIN_MS);
    const code = this.#codes.get(number) ?? "";
    this.#codes.delete(number);
    return code;
  }

  /** Ends both. */
  async stop(): Promise<void> {
    await this.#process?.kill("SIGCONT");
    await this.#signalComponent("SIGTERM");
    if (this.server.isRunning) await this.server.kill("SIGCONT");
    await this.server.stop();
    await this.componentLink.close();
  }

  #startComponent(config: object, folder: string): Promise<ComponentProcess> {
    return ComponentProcess.start(config, folder, {}, undefined, [], (line) => this.#readCode(line));
  }

  async #signalComponent(signal: NodeJS.Signals): Promise<void> {
    const process = this.#process;
    if (signal !== "SIGSTOP" && signal !== "SIGCONT") this.#process = undefined;
    await process?.kill(signal);
  }

  #readCode(line: string): void {
    const [, number, code] = /(\+\d+): your code is (\d+)/.exec(line) ?? [];
    if (number !== undefined && code !== undefined) this.#codes.set(number, code);
  }
}

function isOnPath(program: string): boolean {
  const folders = program.includes("/") ? [""] : (process.env["PATH"] ?? "").split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}
