import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { TwotickError } from "../../src/errors.js";
import { PROSODY_READER } from "./prosody-reader.js";

/** Prosody's configuration could not be read: it is not there, the reader may not, or it is not sound. */
export class ProsodyUnreadable extends TwotickError {}

// An empty table of Lua is a list as well as a map
const list = z
  .union([
    z.array(z.string()),
    z.string().transform((one) => [one]),
    z.object({}).transform((): string[] => []),
  ])
  .optional();

const options = z
  .record(z.string(), z.unknown())
  .or(z.array(z.unknown()).transform(() => ({})))
  .optional();

const section = z.object({
  admins: list,
  modules_enabled: list,
  modules_disabled: list,
  network_settings: options,
  gc: options,
  limits: z.unknown().optional(),
  component_module: z.string().optional(),
  component_secret: z.string().optional(),
  component_conflict_resolve: z.string().optional(),
  component_stanza_size_limit: z.number().optional(),
  component_interfaces: list,
  allow_registration: z.boolean().optional(),
  registration_invite_only: z.boolean().optional(),
});

const facts = z.object({
  version: z.string(),
  global: section,
  host: section.optional(),
  component: section.optional(),
  /** The text of the groups_file, where it can be read. */
  groups: z.string().optional(),
});

/** What Prosody's configuration says, as far as Twotick depends on it. */
export type ProsodyFacts = z.infer<typeof facts>;

/** Where Prosody is. */
export interface ProsodyPlaces {
  /** Its configuration file. */
  readonly configPath: string;
  /** Its `prosodyctl`, which knows where the rest of it is. */
  readonly prosodyctlPath: string;
}

/**
 * Reads Prosody's configuration with its own reader, includes and all.
 *
 * @throws {ProsodyUnreadable}
 */
export function readProsody(places: ProsodyPlaces, host: string, domain: string): ProsodyFacts {
  const { interpreter, source } = findProsody(places.prosodyctlPath);
  const [command = "lua", ...before] = interpreter;
  const read = spawnSync(command, [...before, "-", source, places.configPath, host, domain], {
    input: PROSODY_READER,
    encoding: "utf8",
    timeout: 10_000,
  });
  if (read.status !== 0)
    throw new ProsodyUnreadable("prosody-unreadable", firstLine(read.stderr, read.error));
  const parsed = facts.safeParse(JSON.parse(read.stdout));
  if (parsed.success) return parsed.data;
  throw new ProsodyUnreadable("prosody-unreadable", z.prettifyError(parsed.error), parsed.error);
}

function findProsody(prosodyctl: string): { interpreter: readonly string[]; source: string } {
  let text: string;
  try {
    text = readFileSync(prosodyctl, "utf8");
  } catch (error) {
    throw new ProsodyUnreadable("prosody-unreadable", `${prosodyctl} cannot be read`, error);
  }
  const interpreter = /^#!(.+)$/m.exec(text)?.[1]?.trim().split(/\s+/);
  const source = /^CFG_SOURCEDIR\s*=\s*['"](.+?)['"]/m.exec(text)?.[1];
  if (interpreter && source) return { interpreter, source };
  throw new ProsodyUnreadable("prosody-unreadable", `${prosodyctl} does not say where Prosody is`);
}

function firstLine(text: string | null, error: Error | undefined): string {
  return (text ?? "").trim().split("\n")[0] || (error?.message ?? "Prosody's reader ended without a word");
}
