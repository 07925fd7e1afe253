import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Running } from "../../prosody/start.js";
import { InvalidInput } from "../../src/errors.js";
import { answersJson, readDomain, readPort } from "../command.js";
import { EXIT } from "../exit-codes.js";
import type { Shell } from "../shell.js";

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

interface StartOptions {
  readonly data: string;
  readonly domain: string;
  readonly numberDomain?: string;
  readonly clientPort: number;
  readonly componentPort: number;
  readonly httpPort: number;
  readonly interface: string;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly yes?: boolean;
}

/** Defines `twotick start`. */
export function define(command: Command, shell: Shell): void {
  command
    .description(
      "Starts a Prosody and Twotick's component on this machine, for development; Ctrl-C stops both. Prosody is installed from the distribution when it is missing.",
    )
    .option("--data <folder>", "where everything is kept", "data")
    .option("--domain <name>", "the domain that holds accounts", readDomain, "example.org")
    .option(
      "--number-domain <name>",
      "the domain of phone numbers (default: phone. and the domain)",
      readDomain,
    )
    .option("--client-port <port>", "where XMPP clients connect", readPort, 5222)
    .option("--component-port <port>", "where the component connects", readPort, 5347)
    .option("--http-port <port>", "where sign-up, health and metrics are", readPort, 5380)
    .option("--interface <address>", "the loopback address to listen on", readLoopback, "127.0.0.1")
    .addOption(
      new Option("--log-level <level>", "how much the logs tell").choices(LOG_LEVELS).default("info"),
    )
    .option("-y, --yes", "install Prosody without asking, when it is missing")
    .action((options: StartOptions) => start(options, shell));
  answersJson(
    command,
    {
      example: {
        service: "xmpp://127.0.0.1:5222",
        api: "http://127.0.0.1:5380",
        domain: "example.org",
        numberDomain: "phone.example.org",
        data: "/home/romeo/data",
        logs: ["/home/romeo/data/prosody/prosody.log", "/home/romeo/data/twotick.log"],
      },
      lines: "when everything runs",
    },
    {
      example: { event: "code", text: "SMS to +15551230001: your code is 123456" },
      lines: "for the code of each sign-up",
    },
  );
}

// Prosody's own check comes with a heavier module; this one is enough to refuse early
function readLoopback(text: string): string {
  if (text === "localhost" || text === "::1" || /^127(\.\d{1,3}){3}$/.test(text)) return text;
  throw new InvalidArgumentError("There is no certificate, so only a loopback address is safe.");
}

async function start(options: StartOptions, shell: Shell): Promise<void> {
  const { clientPort, componentPort, httpPort } = options;
  if (new Set([clientPort, componentPort, httpPort]).size < 3)
    throw new InvalidInput("--client-port, --component-port and --http-port have to differ");
  // npm passes a signal on that the terminal has sent to everybody already: the first one counts
  const asked = new Promise<"asked">((heard) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => heard("asked"));
  });
  const { requireProsody } = await import("../require-prosody.js");
  await requireProsody(shell, options.yes ?? false);
  const { startAll } = await import("../../prosody/start.js");
  const { output, terminal } = shell;
  const data = resolve(terminal.cwd, options.data);
  const running = await startAll(
    { ...options, data },
    { say: (text) => output.say(text), showCode: (line) => output.tell({ event: "code", text: line }, line) },
  );
  await announce(running, options, shell);
  const cause = await Promise.race([asked, running.prosody.exited.then(() => "prosody-ended" as const)]);
  output.say(cause === "asked" ? "\nStopping." : "");
  await running.stop();
  if (cause === "asked") return output.say("Stopped. The data is kept; start again to go on.");
  output.remark(
    `Prosody has ended by itself, so everything was stopped; ${running.prosody.logPath} may say why.`,
  );
  shell.exitCode = EXIT.failed;
}

async function announce(
  { prosody, folder }: Running,
  options: StartOptions,
  { output }: Shell,
): Promise<void> {
  const { describeStart, apiOf } = await import("../../prosody/start-text.js");
  output.tell(
    {
      service: prosody.service,
      api: apiOf(options),
      domain: prosody.host,
      numberDomain: prosody.componentDomain,
      data: folder.path,
      logs: [prosody.logPath, folder.logPath],
    },
    describeStart(options, prosody, folder),
  );
}
