import { createWriteStream } from "node:fs";
import { resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { App } from "../component/app.js";
import { checkConfig } from "../component/config.js";
import { createLog } from "../component/log.js";
import { InvalidInput, TwotickError } from "../src/errors.js";
import { Jid } from "../src/jid.js";
import { isLoopback } from "./config.js";
import { DataFolder } from "./data-folder.js";
import { stopOrphan } from "./orphan.js";
import { requireFreePort } from "./ports.js";
import { type ProsodyProcess, startProsody } from "./prosody.js";
import { describeStart } from "./start-text.js";

/** Exit codes: 0 stopped as asked, 1 could not go on, 2 an option is wrong. */
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const LINK_WITHIN_MS = 10_000;
const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

interface StartOptions {
  data: string;
  domain: string;
  numberDomain?: string;
  clientPort: number;
  componentPort: number;
  httpPort: number;
  interface: string;
  logLevel: (typeof LOG_LEVELS)[number];
}

function port(text: string): number {
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number >= 1 && number <= 65_535) return number;
  throw new InvalidArgumentError("A port is a number from 1 to 65535.");
}

function loopback(text: string): string {
  if (isLoopback(text)) return text;
  throw new InvalidArgumentError("There is no certificate, so only a loopback address is safe.");
}

function domain(text: string): string {
  const jid = Jid.tryParse(text);
  if (jid && jid.local === "" && !jid.isFull) return jid.domain;
  throw new InvalidArgumentError("A domain is a name like example.org.");
}

function readOptions(): StartOptions {
  const program = new Command("npm start --")
    .description("Starts a Prosody and Twotick's component on this machine, for development.")
    .option("--data <folder>", "where everything is kept", "data")
    .option("--domain <name>", "the domain that holds accounts", domain, "example.org")
    .option("--number-domain <name>", "the domain of phone numbers (default: phone. and the domain)", domain)
    .option("--client-port <port>", "where XMPP clients connect", port, 5222)
    .option("--component-port <port>", "where the component connects", port, 5347)
    .option("--http-port <port>", "where sign-up, health and metrics are", port, 5380)
    .option("--interface <address>", "the loopback address to listen on", loopback, "127.0.0.1")
    .addOption(
      new Option("--log-level <level>", "how much the logs tell").choices(LOG_LEVELS).default("info"),
    )
    .allowExcessArguments(false)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE))
    .parse();
  const options = program.opts<StartOptions>();
  const { clientPort, componentPort, httpPort } = options;
  if (new Set([clientPort, componentPort, httpPort]).size < 3)
    program.error("error: --client-port, --component-port and --http-port have to differ");
  return options;
}

/** Prosody and the component, running. */
interface Running {
  readonly folder: DataFolder;
  readonly prosody: ProsodyProcess;
  readonly app: App;
  readonly closeLog: () => Promise<void>;
}

async function start(options: StartOptions): Promise<Running> {
  const folder = DataFolder.open(resolve(options.data));
  if (await stopOrphan(folder.prosodyPath)) say("Stopped the Prosody that an earlier start left behind.");
  const address = options.interface;
  await requireFreePort(options.clientPort, address, "clients, --client-port");
  await requireFreePort(options.componentPort, address, "component, --component-port");
  await requireFreePort(options.httpPort, address, "sign-up and health, --http-port");
  const secrets = folder.secrets();
  const prosody = await startProsody({
    dataDir: folder.prosodyPath,
    host: options.domain,
    componentDomain: options.numberDomain,
    componentSecret: secrets.link,
    clientPort: options.clientPort,
    componentPort: options.componentPort,
    interface: address,
    logLevel: options.logLevel,
  });
  const config = checkConfig({
    host: { domain: prosody.host },
    link: {
      host: address,
      port: prosody.componentPort,
      domain: prosody.componentDomain,
      secret: secrets.link,
    },
    store: { path: folder.storePath, key: secrets.storeKey },
    http: { interface: address, port: options.httpPort },
    signUp: { provider: "console", development: true },
    log: { level: options.logLevel },
  });
  const logFile = createWriteStream(folder.logPath, { flags: "a", mode: 0o600 });
  const closeLog = (): Promise<void> => new Promise((closed) => logFile.end(closed));
  try {
    const app = await App.start(config, { log: createLog(config.log.level, logFile) });
    await withinTime(app.online, LINK_WITHIN_MS, "the component could not connect to Prosody in time");
    return { folder, prosody, app, closeLog };
  } catch (error) {
    await prosody.stop();
    throw error;
  }
}

async function stop({ folder, prosody, app, closeLog }: Running): Promise<void> {
  await app.stop();
  await prosody.stop();
  await closeLog();
  folder.close();
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

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(error: unknown): never {
  if (!(error instanceof TwotickError)) throw error;
  process.stderr.write(`Twotick cannot start: ${error.message}.\n`);
  process.exit(error instanceof InvalidInput ? EXIT_USAGE : EXIT_FAILED);
}

const options = readOptions();
// npm passes a signal on that the terminal has sent to everybody already: the first one counts
const asked = new Promise<void>((heard) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => heard());
});
const running = await start(options).catch(fail);
say(describeStart(options, running.prosody, running.folder));
const cause = await Promise.race([
  asked.then(() => "asked" as const),
  running.prosody.exited.then(() => "prosody-ended" as const),
]);
say(cause === "asked" ? "\nStopping." : "");
await stop(running);
if (cause === "asked") {
  say("Stopped. The data is kept; start again to go on.");
  process.exit(0);
}
process.stderr.write(
  `Prosody has ended by itself, so everything was stopped; ${running.prosody.logPath} may say why.\n`,
);
process.exit(EXIT_FAILED);
