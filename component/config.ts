import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse as parseToml } from "smol-toml";
import { z } from "zod";
import { InvalidInput } from "../src/errors.js";
import { Jid } from "../src/jid.js";
import { dashboardSchema } from "./dashboard/config.js";
import { federationSchema } from "./federation/config.js";
import { LOG_LEVELS } from "./log.js";
import { welcomeSchema } from "./welcome/config.js";
import { providerSecret, signUpSchema, type SignUpConfig } from "./sign-up/config.js";

const port = z.int().min(1).max(65535);
const domain = z
  .string()
  .refine((text) => {
    const jid = Jid.tryParse(text);
    return jid !== undefined && jid.local === "" && !jid.isFull;
  }, "is not a domain")
  .toLowerCase();

/** What a configuration may say; `Config` is what is left of it when defaults are filled in. */
export const configSchema = z.strictObject({
  host: z.strictObject({
    /** The virtual host that holds the accounts. */
    domain,
  }),
  link: z.strictObject({
    host: z.string().min(1).default("127.0.0.1"),
    port: port.default(5347),
    /** The component's own domain, whose localparts are phone numbers. */
    domain,
    /** The component's shared secret. Source: XEP-0114 §3. */
    secret: z.string().min(1),
    /** The longest wait between two attempts to connect; the waits grow from a second up to it. */
    maxRetrySeconds: z.number().min(0.1).max(3600).default(60),
    /** A link that is silent for so long is probed, and is down after half as long again without an answer. */
    keepaliveSeconds: z.number().min(0.2).max(3600).default(20),
  }),
  store: z.strictObject({
    path: z.string().min(1),
    /** 32 bytes as base64: numbers are hashed and sealed with it. */
    key: z.base64().refine((text) => Buffer.from(text, "base64").length === 32, "is not 32 bytes of base64"),
  }),
  http: z
    .strictObject({
      interface: z.string().min(1).default("127.0.0.1"),
      /** 0 takes any free port. */
      port: z.int().min(0).max(65535).default(5380),
      /** Addresses or networks (CIDR) of reverse proxies whose X-Forwarded-For is believed. */
      trustedProxies: z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])).default([]),
    })
    .prefault({}),
  mailbox: z
    .strictObject({
      /** Entries unacknowledged on the way to one device. */
      windowEntries: z.int().min(1).max(4096).default(1024),
      /** Entries one mailbox holds before its senders are refused. */
      maxEntries: z.int().min(1).max(10_000_000).default(10_000),
      maxBytes: z
        .int()
        .min(4096)
        .default(64 * 1024 * 1024),
      /** How long an entry waits. */
      keepDays: z.number().min(0.001).max(365).default(30),
      /** How long a device's session token opens the mailbox without a new proof. */
      tokenDays: z.number().min(0.001).max(365).default(30),
    })
    .prefault({}),
  signUp: signUpSchema.prefault({}),
  welcome: welcomeSchema.prefault({}),
  lookups: z
    .strictObject({
      /** Numbers that one person may look up at once; those asked for before count no more. */
      burst: z.int().min(1).max(50_000).default(2048),
      /** One more every so many seconds. */
      everySeconds: z.number().min(0.001).max(31_536_000).default(600),
      /** Whether apps are told of people who were looked up in vain and have signed up since. */
      suggestions: z.boolean().default(true),
    })
    .prefault({}),
  federation: federationSchema.prefault({}),
  dashboard: dashboardSchema.prefault({}),
  log: z.strictObject({ level: z.enum(LOG_LEVELS).default("info") }).prefault({}),
});

/** Everything that can be set, with its defaults filled in. `docs/admin.md` explains each option. */
export type Config = z.infer<typeof configSchema>;

/** Options that are secrets: taken from the file, from another file (`…_file`) or from the environment. */
const SECRETS = [
  { path: ["link", "secret"], variable: "TWOTICK_LINK_SECRET" },
  { path: ["store", "key"], variable: "TWOTICK_STORE_KEY" },
] as const;

/**
 * Reads and checks a configuration file (TOML).
 *
 * @param environment where secrets may be, as `TWOTICK_LINK_SECRET` and `TWOTICK_STORE_KEY`
 * @throws {InvalidInput} naming every fault at once, each with its option
 */
export function loadConfig(path: string, environment: NodeJS.ProcessEnv = process.env): Config {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new InvalidInput(`the configuration ${path} cannot be read: ${(error as Error).message}`, error);
  }
  return parseConfig(text, { environment, directory: dirname(resolve(path)) });
}

/** Checks a configuration given as TOML text; paths in it are relative to `directory`. @throws {InvalidInput} */
export function parseConfig(
  text: string,
  source: { environment: NodeJS.ProcessEnv; directory: string },
): Config {
  let parsed: Record<string, unknown>;
  try {
    parsed = parseToml(text);
  } catch (error) {
    throw new InvalidInput(`the configuration is not TOML: ${(error as Error).message}`, error);
  }
  const faults: string[] = [];
  const options = camelCaseKeys(parsed, "", faults) as Record<string, unknown>;
  for (const secret of SECRETS) takeSecret(options, secret, source, faults);
  checkProviderSecret(options, source, faults);
  return checkConfig(options, faults, source.directory);
}

/** Checks options given as values. @throws {InvalidInput} naming every fault at once */
export function checkConfig(options: unknown, faults: readonly string[] = [], directory = "."): Config {
  const result = configSchema.safeParse(options);
  const all = [
    ...faults,
    ...(result.success ? sharedDomain(result.data) : result.error.issues.flatMap(describeIssue)),
  ];
  if (!result.success || all.length > 0) {
    throw new InvalidInput(
      `the configuration has ${all.length === 1 ? "a fault" : `${all.length} faults`}:\n${all.map((fault) => `  - ${fault}`).join("\n")}`,
    );
  }
  return {
    ...result.data,
    store: { ...result.data.store, path: resolve(directory, result.data.store.path) },
    signUp: resolveSecretFile(result.data.signUp, directory),
  };
}

function takeSecret(
  options: Record<string, unknown>,
  { path: [section, name], variable }: (typeof SECRETS)[number],
  { environment, directory }: { environment: NodeJS.ProcessEnv; directory: string },
  faults: string[],
): void {
  const found = (options[section] ??= {});
  // That it is no table is told with everything else
  if (typeof found !== "object" || Array.isArray(found)) return;
  const table = found as Record<string, unknown>;
  const file = table[`${name}File`];
  delete table[`${name}File`];
  const fromEnvironment = environment[variable];
  if (fromEnvironment !== undefined) table[name] = fromEnvironment;
  else if (typeof file === "string") {
    try {
      table[name] = readFileSync(resolve(directory, file), "utf8").trim();
    } catch (error) {
      faults.push(`${section}.${name}_file: cannot be read: ${(error as Error).message}`);
    }
  } else if (file !== undefined) faults.push(`${section}.${name}_file: is not the path of a file`);
  if (table[name] === undefined)
    faults.push(
      `${section}.${name}: is missing (or ${section}.${name}_file, or ${variable} in the environment)`,
    );
}

/** Reads the provider's secret once, so that `--check` and the list of faults know when it cannot be had. */
function checkProviderSecret(
  options: Record<string, unknown>,
  { environment, directory }: { environment: NodeJS.ProcessEnv; directory: string },
  faults: string[],
): void {
  // Only what reads as a sound section has a secret to look for; its other faults are told with everything else
  const section = signUpSchema.safeParse(options["signUp"]);
  if (!section.success) return;
  try {
    providerSecret(resolveSecretFile(section.data, directory), environment);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    faults.push(error.message);
  }
}

// A number's localpart and an account's would be one name space, and the server has the domain already
function sharedDomain({ host, link }: z.infer<typeof configSchema>): string[] {
  return host.domain === link.domain
    ? ["link.domain: is host.domain; numbers need a domain of their own"]
    : [];
}

function resolveSecretFile(signUp: SignUpConfig, directory: string): SignUpConfig {
  const { http } = signUp;
  if (http?.secretFile === undefined) return signUp;
  return { ...signUp, http: { ...http, secretFile: resolve(directory, http.secretFile) } };
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.map((part) => snakeCase(String(part))).join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${[path, snakeCase(key)].filter(Boolean).join(".")}: is not an option`);
  }
  // A missing secret has been told already, with where it may come from
  const isSecret = SECRETS.some((secret) => secret.path.join(".") === path);
  if (isSecret && issue.code === "invalid_type" && issue.input === undefined) return [];
  return [`${path}: ${issue.message.replace(/^Invalid input: /, "")}`];
}

/** Tables whose keys are no names of options. */
const FREE_KEYS: ReadonlySet<string> = new Set(["headers", "test_numbers", "prices"]);

function camelCaseKeys(value: unknown, path: string, faults: string[]): unknown {
  if (Array.isArray(value)) return value.map((one) => camelCaseKeys(one, path, faults));
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  const entries: [string, unknown][] = [];
  for (const [key, inner] of Object.entries(value)) {
    const name = path === "" ? key : `${path}.${key}`;
    // Each option has one name; in camel case it would be a second one
    if (/[A-Z]/.test(key)) faults.push(`${name}: is not an option`);
    else entries.push([camelCase(key), FREE_KEYS.has(key) ? inner : camelCaseKeys(inner, name, faults)]);
    // What checks the values passes over this key without a word
    if (FREE_KEYS.has(key) && Object.hasOwn(Object(inner) as object, "__proto__"))
      faults.push(`${name}.__proto__: is not possible here`);
  }
  return Object.fromEntries(entries);
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
