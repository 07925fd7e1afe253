import { createWriteStream } from "node:fs";
import { App } from "../component/app.js";
import { checkConfig } from "../component/config.js";
import { createLog } from "../component/log.js";
import { TwotickError } from "../src/errors.js";
import { DataFolder } from "./data-folder.js";
import { stopOrphan } from "./orphan.js";
import { requireFreePort } from "./ports.js";
import { type ProsodyProcess, startProsody } from "./prosody.js";

const LINK_WITHIN_MS = 10_000;

/** What a development start is told: ports, names, and where everything is kept (absolute). */
export interface StartOptions {
  readonly data: string;
  readonly domain: string;
  readonly numberDomain?: string | undefined;
  readonly clientPort: number;
  readonly componentPort: number;
  readonly httpPort: number;
  readonly interface: string;
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

/** What a start says to the person at the terminal. */
export interface StartTalk {
  readonly say: (text: string) => void;
  /** Shows the code of a sign-up. */
  readonly showCode: (line: string) => void;
}

/** Prosody and the component, running. */
export interface Running {
  readonly folder: DataFolder;
  readonly prosody: ProsodyProcess;
  /** Stops both, whether Prosody is still there or not. */
  stop(): Promise<void>;
}

/**
 * Starts a Prosody and the component, for development.
 *
 * @throws {TwotickError} `folder-unusable`, `already-running`, `port-taken`, `prosody-missing` …
 */
export async function startAll(options: StartOptions, talk: StartTalk): Promise<Running> {
  const folder = DataFolder.open(options.data);
  if (await stopOrphan(folder.prosodyPath))
    talk.say("Stopped the Prosody that an earlier start left behind.");
  const address = options.interface;
  await requireFreePort(options.clientPort, address, "clients, --client-port");
  await requireFreePort(options.componentPort, address, "component, --component-port");
  await requireFreePort(options.httpPort, address, "sign-up and health, --http-port");
  const prosody = await startProsody({
    dataDir: folder.prosodyPath,
    host: options.domain,
    componentDomain: options.numberDomain,
    componentSecret: folder.secrets().link,
    clientPort: options.clientPort,
    componentPort: options.componentPort,
    interface: address,
    logLevel: options.logLevel,
  });
  try {
    return await startComponent(options, folder, prosody, talk);
  } catch (error) {
    await prosody.stop();
    throw error;
  }
}

async function startComponent(
  { interface: address, httpPort, logLevel }: StartOptions,
  folder: DataFolder,
  prosody: ProsodyProcess,
  { showCode }: StartTalk,
): Promise<Running> {
  const { host, componentPort: port, componentDomain: domain } = prosody;
  const secrets = folder.secrets();
  const config = checkConfig({
    host: { domain: host },
    link: { host: address, port, domain, secret: secrets.link },
    store: { path: folder.storePath, key: secrets.storeKey },
    http: { interface: address, port: httpPort },
    signUp: { provider: "console", development: true },
    welcome: { enabled: true },
    log: { level: logLevel },
  });
  const logFile = createWriteStream(folder.logPath, { flags: "a", mode: 0o600 });
  const app = await App.start(config, { log: createLog(config.log.level, logFile), showCode });
  await withinTime(app.online, LINK_WITHIN_MS, "the component could not connect to Prosody in time");
  return {
    folder,
    prosody,
    async stop() {
      await app.stop();
      await prosody.stop();
      await new Promise<void>((closed) => logFile.end(closed));
      folder.close();
    },
  };
}

async function withinTime(work: Promise<void>, timeoutMs: number, message: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TwotickError("timeout", message)), timeoutMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
