import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { loadConfig } from "../../component/config.js";
import { examineProsody } from "../../component/doctor/doctor.js";
import { ProsodyUnreadable, readProsody, type ProsodyFacts } from "../../component/doctor/prosody-facts.js";
import { InvalidInput } from "../../src/errors.js";
import { answersJson, readDomain, readPort } from "../command.js";
import { EXIT } from "../exit-codes.js";
import { askPlan, readCountries } from "../init/ask.js";
import { plannedFiles } from "../init/files.js";
import { type Carrier, configPath, type InitPlan, type PlannedFile } from "../init/plan.js";
import { include, includeLine, requireNew, writeFiles } from "../init/write.js";
import type { Shell } from "../shell.js";
import { tellFindings } from "./doctor.js";

/** Where the secret stands in Prosody's part. */
const SECRET_LINE = /(component_secret = ).*/g;

interface InitOptions {
  readonly domain?: string;
  readonly numberDomain?: string;
  readonly folder: string;
  readonly store: string;
  readonly httpPort: number;
  readonly componentPort: number;
  readonly prosodyConfig: string;
  readonly prosodyctl: string;
  readonly include: boolean;
  readonly provider: Carrier["provider"];
  readonly countries: string;
  readonly smsUrl?: string;
  readonly smsCommand?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** Defines `twotick init`. */
export function define(command: Command, shell: Shell): void {
  command
    .description(
      "Writes the component's configuration with fresh secrets, and Twotick's part of Prosody's; then tests both. It asks what it has to know; with --yes it takes what the options say. Nothing is overwritten.",
    )
    .option("--domain <name>", "the domain of the accounts: Prosody's VirtualHost", readDomain)
    .option(
      "--number-domain <name>",
      "the domain of phone numbers (default: phone. and the domain)",
      readDomain,
    )
    .option("--folder <folder>", "for the component's configuration and secrets", "/etc/twotick")
    .option("--store <file>", "the component's store", "/var/lib/twotick/twotick.db")
    .option("--http-port <port>", "where sign-up, health and metrics are", readPort, 5380)
    .option("--component-port <port>", "where Prosody takes components", readPort, 5347)
    .option("--prosody-config <file>", "Prosody's configuration", "/etc/prosody/prosody.cfg.lua")
    .option("--prosodyctl <file>", "Prosody's own program", "/usr/bin/prosodyctl")
    .option("--no-include", "leave Prosody's configuration as it is: the line to add is shown")
    .addOption(
      new Option("--provider <name>", "who carries the codes of sign-ups")
        .choices(["none", "console", "http", "command"])
        .default("none"),
    )
    .option("--countries <list>", "to which countries codes go: DE,FR, or *", "*")
    .option("--sms-url <url>", "of the provider http; its token is taken from TWOTICK_SIGN_UP_SECRET")
    .option("--sms-command <program>", "of the provider command; it gets number and code as arguments")
    .option("-y, --yes", "ask nothing")
    .option("--dry-run", "only show what it would write")
    .action((options: InitOptions) => init(options, shell));
  answersJson(command, {
    example: {
      files: ["/etc/twotick/twotick.toml", "/etc/twotick/link-secret"],
      include: 'Include "twotick.cfg.lua"',
      isIncluded: true,
      isDryRun: false,
      findings: [],
    },
  });
}

async function init(options: InitOptions, shell: Shell): Promise<void> {
  const plan = await planOf(options, shell);
  const files = plannedFiles(plan, factsOf(plan, shell));
  requireNew(files);
  if (options.dryRun) return tell(plan, files, shell, true);
  writeFiles(files, plan);
  if (plan.isIncluded) include(plan);
  const config = loadConfig(configPath(plan), {});
  // Without the line Prosody does not know of it yet
  const places = { configPath: plan.prosodyConfig, prosodyctlPath: plan.prosodyctl };
  const findings = plan.isIncluded ? examineProsody(config, places) : [];
  if (findings.some(({ severity }) => severity === "error")) shell.exitCode = EXIT.failed;
  return tell(plan, files, shell, false, findings);
}

async function planOf(options: InitOptions, shell: Shell): Promise<InitPlan> {
  const { yes = false, dryRun = false, domain = "example.org" } = options;
  const absolute = (path: string): string => resolve(shell.terminal.cwd, path);
  const known = {
    domain,
    numberDomain: options.numberDomain ?? `phone.${domain}`,
    folder: absolute(options.folder),
    store: absolute(options.store),
    httpPort: options.httpPort,
    componentPort: options.componentPort,
    prosodyConfig: absolute(options.prosodyConfig),
    prosodyctl: options.prosodyctl,
    isIncluded: options.include,
  };
  const isDomainGiven = options.domain !== undefined;
  if (!yes && !(dryRun && isDomainGiven))
    return askPlan(await shell.questions("--domain and --yes"), known, isDomainGiven);
  if (!isDomainGiven) throw new InvalidInput("--domain says which of Prosody's hosts it is for");
  if (known.domain === known.numberDomain) throw new InvalidInput("numbers need a domain of their own");
  return { ...known, carrier: carrierOf(options, shell.terminal.env) };
}

function carrierOf(
  { provider, countries: list, smsUrl, smsCommand }: InitOptions,
  env: NodeJS.ProcessEnv,
): Carrier {
  const countries = readCountries(list);
  if (provider === "http") {
    const secret = env["TWOTICK_SIGN_UP_SECRET"];
    if (smsUrl === undefined || secret === undefined)
      throw new InvalidInput("--provider http needs --sms-url, and the token in TWOTICK_SIGN_UP_SECRET");
    return { provider, countries, url: smsUrl, secret };
  }
  if (provider === "command") {
    if (smsCommand === undefined) throw new InvalidInput("--provider command needs --sms-command");
    return { provider, countries, program: smsCommand };
  }
  return { provider };
}

function factsOf(plan: InitPlan, { output }: Shell): ProsodyFacts | undefined {
  const { prosodyConfig: configPath, prosodyctl: prosodyctlPath, domain, numberDomain } = plan;
  try {
    const facts = readProsody({ configPath, prosodyctlPath }, domain, numberDomain);
    if (!facts.host) output.remark(`Prosody has no VirtualHost "${domain}" yet: Twotick's part adds it.`);
    return facts;
  } catch (error) {
    if (!(error instanceof ProsodyUnreadable)) throw error;
    output.remark(
      `Prosody's configuration cannot be read (${error.message}): what it says of the host is not known.`,
    );
    return undefined;
  }
}

function tell(
  plan: InitPlan,
  files: readonly PlannedFile[],
  shell: Shell,
  isDryRun: boolean,
  findings: Parameters<typeof tellFindings>[0] = [],
): void {
  const { output } = shell;
  const line = includeLine(plan);
  if (output.isJson) {
    const paths = files.map(({ path }) => path);
    return output.tell({ files: paths, include: line, isIncluded: plan.isIncluded, isDryRun, findings }, "");
  }
  for (const { path, what, text, isSecret } of files) {
    output.say(`${isDryRun ? "Would write" : "Written"}: ${path}, ${what}`);
    if (isDryRun && !isSecret)
      output.say(text.trimEnd().replaceAll(SECRET_LINE, '$1"…"').replaceAll(/^/gm, "    "));
  }
  const doing = isDryRun ? "Would add" : "Added";
  output.say(
    plan.isIncluded
      ? `${doing} to ${plan.prosodyConfig}: ${line}`
      : `Add this line to the end of ${plan.prosodyConfig}:\n\n  ${line}\n`,
  );
  if (isDryRun) return undefined;
  tellFindings(findings, shell);
  return output.say(nextSteps(plan, findings.length === 0));
}

function nextSteps(plan: InitPlan, isSound: boolean): string {
  const config = configPath(plan);
  const tested = plan.isIncluded && isSound ? "Both configurations are sound. " : "";
  return `${tested}Next: restart Prosody, then\n\n  twotick component --config ${config}\n  twotick doctor --config ${config} --prosody-config ${plan.prosodyConfig}\n`;
}
