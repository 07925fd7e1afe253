import type { ProsodyFacts } from "../../component/doctor/prosody-facts.js";
import { InvalidInput } from "../../src/errors.js";
import type { InitPlan } from "./plan.js";

/** Modules of the host that Twotick builds on, with those that apps want beside them. */
const MODULES = [
  "admin_adhoc",
  "blocklist",
  "carbons",
  "disco",
  "groups",
  "pep",
  "ping",
  "roster",
  "saslauth",
  "smacks",
];
/** What would keep messages that have to bounce. */
const DISABLED = ["mam", "offline"];

/**
 * Writes our part of Prosody's configuration, for an `Include` at its end.
 *
 * What the host says already of modules and admins is said again, because the last word counts in Prosody.
 * @param facts what the configuration says now; missing when it cannot be read
 */
export function renderLua(plan: InitPlan, secret: string, facts: ProsodyFacts | undefined): string {
  const { domain, numberDomain } = plan;
  const host = facts?.host;
  const network = { ...facts?.global.network_settings, nagle: false, read_timeout: 60, tcp_backlog: 1024 };
  const admins = union(host?.admins ?? [], [`registrar@${numberDomain}`]);
  return `-- Twotick's part of Prosody's configuration. prosody.cfg.lua includes it at its end; docs/admin.md explains it.

-- Nagle's algorithm makes an answer wait for more data: a round trip takes 42 ms with it and 1 ms without.
network_settings = ${lua(network)}

-- By default Prosody's garbage collector runs nearly always, half of its processor time; this is what Lua itself does.
gc = ${lua(facts?.global.gc ?? { threshold: 200 })}
${limitsLine(facts)}
VirtualHost ${lua(domain)}
	modules_enabled = ${lua(union(host?.modules_enabled ?? [], MODULES))}
	-- What the host cannot deliver has to bounce to Twotick, whose mailbox keeps it.
	modules_disabled = ${lua(union(host?.modules_disabled ?? [], DISABLED))}
	groups_file = "twotick-groups.txt" -- beside this file: it puts Twotick on everybody's roster
	-- One exact address of Twotick makes accounts, on this host alone.
	admins = ${lua(admins)}

Component ${lua(numberDomain)}
	component_secret = ${lua(secret)}
	-- After a crash Twotick takes over from its own dead connection.
	component_conflict_resolve = "kick_old"
	-- A batch of messages is one stanza.
	component_stanza_size_limit = 1024 * 1024
`;
}

/** Writes the public group that puts the number domain on everybody's roster. */
export function renderGroups({ numberDomain }: Pick<InitPlan, "numberDomain">): string {
  return `[+Phone]\n${numberDomain}=Phone\n`;
}

// Where mod_limits is on, its default is 10 kB/s a client, about 50 messages a second
function limitsLine(facts: ProsodyFacts | undefined): string {
  const isOn = [facts?.global, facts?.host].some((section) => section?.modules_enabled?.includes("limits"));
  if (!isOn) return "";
  const before = (facts?.global.limits ?? {}) as Record<string, unknown>;
  return `limits = ${lua({ ...before, c2s: { rate: "1mb/s" } })}\n`;
}

function union(one: readonly string[], other: readonly string[]): string[] {
  return [...new Set([...one, ...other])].sort();
}

/** Writes a plain value in Lua. @throws {InvalidInput} for a text that Lua could misread */
export function lua(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string") {
    if (/\p{Cc}/u.test(value)) throw new InvalidInput("a control character in Prosody's configuration");
    return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  }
  if (Array.isArray(value)) return value.length === 0 ? "{}" : `{ ${value.map(lua).join("; ")} }`;
  const entries = Object.entries((value ?? {}) as Record<string, unknown>);
  return `{ ${entries.map(([key, inner]) => `[${lua(key)}] = ${lua(inner)}`).join("; ")} }`;
}
