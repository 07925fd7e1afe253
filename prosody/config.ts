import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidInput } from "../src/errors.js";

/** What a Prosody for development or tests is told; see `prosody/development.cfg.lua` for what it means. */
export interface ProsodyConfig {
  /** Folder for everything that the server writes: accounts, socket, pidfile, log. Absolute. */
  dataDir: string;
  /** The domain that holds accounts; `example.org` unless given. */
  host?: string | undefined;
  /** The number domain, where the component connects; `phone.` and the host unless given. */
  componentDomain?: string | undefined;
  /** What the component proves itself with. */
  componentSecret: string;
  /** TCP port for clients. */
  clientPort: number;
  /** TCP port for the component. */
  componentPort: number;
  /** The address to listen on; `127.0.0.1` unless given. */
  interface?: string | undefined;
  /** The least severe level that is logged; `info` unless given. */
  logLevel?: "debug" | "info" | "warn" | "error" | undefined;
  /** Where the log goes; `prosody.log` in the data folder unless given. */
  logPath?: string | undefined;
  /** A certificate and its key (PEM files): clients must then use TLS. */
  tls?: { certificatePath: string; keyPath: string } | undefined;
}

/** The configuration with every default filled in. */
export interface ResolvedProsodyConfig extends ProsodyConfig {
  host: string;
  componentDomain: string;
  interface: string;
  logLevel: "debug" | "info" | "warn" | "error";
  logPath: string;
}

/** From the sources, or from `dist/prosody`. */
const TEMPLATE = import.meta.url.endsWith(".ts")
  ? "development.cfg.lua"
  : "../../prosody/development.cfg.lua";

/** Fills in the defaults of a configuration. */
export function resolveProsodyConfig(config: ProsodyConfig): ResolvedProsodyConfig {
  const host = config.host ?? "example.org";
  return {
    ...config,
    host,
    componentDomain: config.componentDomain ?? `phone.${host}`,
    interface: config.interface ?? "127.0.0.1",
    logLevel: config.logLevel ?? "info",
    logPath: config.logPath ?? join(config.dataDir, "prosody.log"),
  };
}

/**
 * Writes the text of a Prosody configuration from `prosody/development.cfg.lua`.
 *
 * @throws {InvalidInput} for clear text on anything but loopback, or a value that Lua could misread
 */
export function renderProsodyConfig(config: ProsodyConfig): string {
  const full = resolveProsodyConfig(config);
  if (!full.tls && !isLoopback(full.interface)) {
    throw new InvalidInput("without a certificate the development server listens on loopback only");
  }
  const values = templateValues(full);
  const template = readFileSync(new URL(TEMPLATE, import.meta.url), "utf8");
  return template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new InvalidInput(`the template names an unknown value: ${name}`);
    return value;
  });
}

/** Where the groups are that everybody has on the roster. */
export function groupsPath({ dataDir }: Pick<ProsodyConfig, "dataDir">): string {
  return join(dataDir, "groups.txt");
}

/** The public group that puts the number domain on everybody's roster, as mod_groups reads it. */
export function renderGroups({ componentDomain }: Pick<ResolvedProsodyConfig, "componentDomain">): string {
  return `[+Phone]\n${componentDomain}=Phone\n`;
}

function templateValues(config: ResolvedProsodyConfig): Record<string, string> {
  return {
    pidfile: luaString(join(config.dataDir, "prosody.pid")),
    data_path: luaString(config.dataDir),
    certificates: luaString(join(config.dataDir, "certificates")),
    admin_socket: luaString(join(config.dataDir, "prosody.sock")),
    groups_file: luaString(groupsPath(config)),
    log_level: luaString(config.logLevel),
    log_path: luaString(config.logPath),
    run_as_root: String(process.getuid?.() === 0),
    interface: luaString(config.interface),
    client_port: luaPort(config.clientPort),
    component_port: luaPort(config.componentPort),
    also_disabled: config.tls ? "" : ', "tls"',
    require_encryption: String(config.tls !== undefined),
    tls: tlsBlock(config.tls),
    host: luaString(config.host),
    registrar: luaString(`registrar@${config.componentDomain}`),
    component_domain: luaString(config.componentDomain),
    component_secret: luaString(config.componentSecret),
  };
}

function tlsBlock(tls: ProsodyConfig["tls"]): string {
  if (!tls) return "";
  return `ssl = { certificate = ${luaString(tls.certificatePath)}, key = ${luaString(tls.keyPath)} }\n`;
}

function luaString(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new InvalidInput("a control character in the Prosody configuration");
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

function luaPort(port: number): string {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidInput("a port is 1 to 65535");
  return String(port);
}

/** Whether a host name or address is this machine's own. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
