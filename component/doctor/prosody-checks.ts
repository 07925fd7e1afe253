import type { Config } from "../config.js";
import { fault, warning, type Finding } from "./finding.js";
import type { ProsodyFacts } from "./prosody-facts.js";
import { checkRegistration } from "./registration-checks.js";

type Sections = Pick<Config, "host" | "link" | "welcome" | "signUp">;
type Section = ProsodyFacts["global"];

/** Modules without which something of Twotick does not work, and what that is. */
const NEEDED: Readonly<Record<string, string>> = {
  admin_adhoc: "accounts cannot be made at sign-up",
  disco: "clients do not find the number domain",
  groups: "Twotick is not told who comes online, so that ordinary apps wait for their messages",
  pep: "OMEMO keys cannot be published",
  ping: "clients do not notice a broken connection",
  roster: "clients see nobody come online",
  saslauth: "nobody can log in",
  smacks: "clients cannot resume after their connection broke",
};

/** Modules without which ordinary apps lack something that they have elsewhere. */
const USEFUL: Readonly<Record<string, string>> = {
  blocklist: "apps cannot block numbers in their own way",
  carbons: "what a person sends from one app is not shown by the others",
};

/** Prosody loads it without being asked to. */
const AUTOLOADED = ["presence", "message", "iq", "offline", "c2s", "s2s"];
const MIN_BACKLOG = 512;
/** Per cent of the memory in use to which it grows before the garbage collector begins again. */
const MIN_THRESHOLD = 150;
const DEFAULT_THRESHOLD = 105;
const MAX_SILENCE_SECONDS = 300;
const MIN_STANZA_BYTES = 1024 * 1024;
/** Below this many bytes a second a client waits for its own messages. */
const MIN_RATE_BYTES = 100_000;

/** Checks what Prosody is told against what Twotick depends on. */
export function checkProsody(facts: ProsodyFacts, config: Sections): Finding[] {
  const { host, component } = facts;
  return [
    ...checkVersion(facts.version),
    ...checkNetwork(facts.global),
    ...checkCollector(facts.global),
    ...(host
      ? [
          ...checkModules(host, facts.global, config),
          ...checkGroups(facts, host, config),
          ...checkAdmins(facts, host, config),
          ...checkLimits(host, facts.global),
          ...checkRegistration(modulesOf(host, facts.global), facts, config),
        ]
      : [missing(`VirtualHost "${config.host.domain}"`)]),
    ...(component
      ? checkComponent(component, facts.global, config)
      : [missing(`Component "${config.link.domain}"`)]),
  ];
}

function missing(line: string): Finding {
  return fault(
    `Prosody's configuration has no ${line}.`,
    `Add it as docs/admin.md shows, and restart Prosody.`,
  );
}

function checkVersion(version: string): Finding[] {
  const [, major = "", minor = ""] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === "")
    return [warning(`Prosody's version (${version}) is not known.`, "Make sure that it is 0.12 or newer.")];
  if (Number(major) > 0 || Number(minor) >= 12) return [];
  return [fault(`Prosody is ${version}.`, "Install 0.12 or newer: Debian 12 and its backports have it.")];
}

function checkNetwork({ network_settings: network = {} }: Section): Finding[] {
  const found: Finding[] = [];
  const { nagle, tcp_backlog: backlog, read_timeout: silence } = network as Record<string, unknown>;
  if (nagle !== false)
    found.push(
      warning(
        "Nagle's algorithm is on: a round trip takes 42 ms instead of 1.",
        "Set network_settings = { nagle = false }.",
      ),
    );
  if (typeof backlog !== "number" || backlog < MIN_BACKLOG)
    found.push(
      warning(
        `The backlog is ${typeof backlog === "number" ? backlog : "128, the default"}: when all come back at once, some are refused.`,
        "Set tcp_backlog = 1024 in network_settings.",
      ),
    );
  if (typeof silence !== "number" || silence > MAX_SILENCE_SECONDS)
    found.push(
      warning(
        `A connection that went silent is noticed after ${typeof silence === "number" ? silence : "840, the default,"} seconds: until then its person counts as online.`,
        "Set read_timeout = 60 in network_settings.",
      ),
    );
  return found;
}

// What a generational collector is told is another matter
function checkCollector({ gc = {} }: Section): Finding[] {
  const { mode = "incremental", threshold = DEFAULT_THRESHOLD } = gc as Record<string, unknown>;
  if (mode !== "incremental" || (typeof threshold === "number" && threshold >= MIN_THRESHOLD)) return [];
  return [
    warning(
      "Prosody's garbage collector runs nearly all the time: half of its processor time.",
      "Set gc = { threshold = 200 }.",
    ),
  ];
}

function checkModules(host: Section, global: Section, { host: { domain } }: Sections): Finding[] {
  const modules = modulesOf(host, global);
  const missing = (names: typeof NEEDED, judge: typeof fault): Finding[] =>
    Object.entries(names)
      .filter(([name]) => !modules.has(name))
      .map(([name, loss]) =>
        judge(
          `The module ${name} is not loaded on ${domain}: ${loss}.`,
          `Add "${name}" to modules_enabled of the host.`,
        ),
      );
  return [...missing(NEEDED, fault), ...missing(USEFUL, warning), ...checkKeeping(modules, domain)];
}

/** Modules that keep what should bounce to the mailbox. */
function checkKeeping(modules: ReadonlySet<string>, domain: string): Finding[] {
  const mend = (name: string): string => `Add "${name}" to modules_disabled of the host.`;
  const found: Finding[] = [];
  if (modules.has("offline"))
    found.push(
      fault(
        `The module offline is loaded on ${domain}: messages for who is away come from its spool a second time.`,
        mend("offline"),
      ),
    );
  // Nothing is lost by it: silence is not taken for delivery
  if (modules.has("mam"))
    found.push(
      warning(
        `The module mam is loaded on ${domain}: messages for who is away go into its archive as well, which gets slow at 10,000 an account.`,
        mend("mam"),
      ),
    );
  return found;
}

// As Prosody itself puts the list together
function modulesOf(host: Section, global: Section): Set<string> {
  const modules = new Set([...AUTOLOADED, ...(global.modules_enabled ?? [])]);
  for (const name of global.modules_disabled ?? []) modules.delete(name);
  for (const name of host.modules_enabled ?? []) modules.add(name);
  for (const name of host.modules_disabled ?? []) modules.delete(name);
  return modules;
}

/** The number domain has to be in a public group: one whose name begins with a plus. */
function checkGroups({ global, groups }: ProsodyFacts, host: Section, { link }: Sections): Finding[] {
  if (!modulesOf(host, global).has("groups")) return [];
  const lines = ["", ...(groups ?? "").split("\n")].map((line) => line.trim());
  const members = lines
    .join("\n")
    .split("\n[")
    .filter((group) => group.startsWith("+"))
    .flatMap((group) => group.split("\n").slice(1))
    .map((line) => line.split("=")[0]?.trim());
  if (members.includes(link.domain)) return [];
  return [
    fault(
      `${link.domain} is in no public group: Twotick is not told who comes online.`,
      `Let groups_file name a file with the lines "[+Phone]" and "${link.domain}=Phone".`,
    ),
  ];
}

function checkAdmins({ global }: ProsodyFacts, host: Section, { link }: Sections): Finding[] {
  const registrar = `registrar@${link.domain}`;
  const isOfComponent = (jid: string): boolean => jid === link.domain || jid.endsWith(`@${link.domain}`);
  const found: Finding[] = [];
  const globally = (global.admins ?? []).filter(isOfComponent);
  if (globally.length > 0)
    found.push(
      fault(
        `${globally.join(", ")} is in the global admins: it could reload and stop the server.`,
        `Take it out, and put exactly "${registrar}" into the admins of the virtual host.`,
      ),
    );
  // A host without a list of its own has the global one
  const local = host.admins ?? global.admins ?? [];
  const wider = local.filter((jid) => isOfComponent(jid) && jid !== registrar);
  if (wider.length > 0)
    found.push(
      fault(
        `${wider.join(", ")} is an admin of the host: wider than Twotick needs, or an address that people can have.`,
        `Let exactly "${registrar}" be an admin.`,
      ),
    );
  if (!local.includes(registrar))
    found.push(
      fault(
        `${registrar} is no admin of the host: accounts cannot be made at sign-up.`,
        `Set admins = { "${registrar}" } in the virtual host.`,
      ),
    );
  return found;
}

function checkLimits(host: Section, global: Section): Finding[] {
  if (!modulesOf(host, global).has("limits")) return [];
  const limits = (host.limits ?? global.limits ?? {}) as { c2s?: { rate?: unknown } };
  const rate = bytesOf(limits.c2s?.rate);
  if (rate === undefined || rate >= MIN_RATE_BYTES) return [];
  return [
    warning(
      `A client may send ${rate} bytes a second: bots, and phones that catch up, are slowed.`,
      'Raise it: limits = { c2s = { rate = "1mb/s" } }.',
    ),
  ];
}

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

// As mod_limits reads it
function bytesOf(rate: unknown): number | undefined {
  const [, count, unit = ""] = /^(\d+) ?([^\d/][^/]*)\/s$/.exec(typeof rate === "string" ? rate : "") ?? [];
  return count === undefined ? undefined : Number(count) * (UNITS[unit[0]?.toLowerCase() ?? ""] ?? 1);
}

function checkComponent(component: Section, global: Section, { link }: Sections): Finding[] {
  const found: Finding[] = [];
  const name = `Component "${link.domain}"`;
  if (component.component_module !== undefined && component.component_module !== "component")
    found.push(
      fault(
        `${name} is of the kind "${component.component_module}".`,
        "Write the line without a second name.",
      ),
    );
  if (component.component_secret !== link.secret)
    found.push(
      fault(
        `The secret of ${name} is not that of link.secret.`,
        "Let both have the same secret, and restart both.",
      ),
    );
  if (component.component_conflict_resolve !== "kick_old")
    found.push(
      fault(
        "After a crash Twotick is refused until its dead connection has timed out.",
        `Set component_conflict_resolve = "kick_old" in ${name}.`,
      ),
    );
  const size = component.component_stanza_size_limit ?? global.component_stanza_size_limit ?? 512 * 1024;
  if (size < MIN_STANZA_BYTES)
    found.push(
      warning(
        `The component's stanzas may have ${size} bytes.`,
        `Set component_stanza_size_limit = 1024 * 1024 in ${name}.`,
      ),
    );
  const open = (global.component_interfaces ?? []).filter((address) => !isLoopback(address));
  if (open.length > 0)
    found.push(
      warning(
        `Prosody takes components at ${open.join(", ")}: that connection is not encrypted.`,
        'Set component_interfaces = { "127.0.0.1" }, or have a tunnel between the two.',
      ),
    );
  return found;
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1" || address === "localhost";
}
