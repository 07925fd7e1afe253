import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProsodyProcess } from "../prosody/prosody.js";
import { addAccount, temporaryProsody } from "../test/support/prosody.js";
import { PASSWORD } from "../test/support/world.js";

/** What somebody logs in with. */
export interface Login {
  readonly service: string;
  readonly domain: string;
  readonly username: string;
  readonly password: string;
}

/** A server that accounts write to each other on, with nothing of ours. */
export interface Host {
  readonly pid: number | undefined;
  readonly clientPort: number;
  account(username: string): Promise<Login>;
  stop(): Promise<void>;
}

/** Changes the configuration of a Prosody that nobody is connected to but the component, and starts it again. */
export async function reconfigure(prosody: ProsodyProcess, change: (text: string) => string): Promise<void> {
  await prosody.stop();
  const before = readFileSync(prosody.configPath, "utf8");
  const after = change(before);
  if (after === before) throw new Error("the configuration of Prosody is not what it was taken for");
  writeFileSync(prosody.configPath, after);
  await prosody.start();
}

/** Lets a second component connect to a Prosody that nobody is connected to but the first. Answers its domain. */
export async function addComponent(prosody: ProsodyProcess, name: string, secret: string): Promise<string> {
  const domain = `${name}.${prosody.host}`;
  await reconfigure(
    prosody,
    (config) => `${config}\nComponent "${domain}"\n\tcomponent_secret = "${secret}"\n`,
  );
  return domain;
}

/** Takes stream management (XEP-0198) out of a configuration. */
export function withoutStreamManagement(config: string): string {
  return config.replace(/^\s*"smacks";.*$/m, "");
}

/** A Prosody that keeps messages for people who are away (`mod_offline`), in its own files or in SQLite. */
export async function spoolingProsody(storage: "internal" | "SQLite"): Promise<Host> {
  const started = await temporaryProsody();
  const { prosody } = started;
  const database = join(prosody.dataDir, "prosody.sqlite");
  const sql = `storage = { offline = "sql" }\nsql = { driver = "SQLite3", database = "${database}" }\n`;
  await reconfigure(prosody, (config) => {
    const spooling = config.replace('modules_disabled = { "offline", ', "modules_disabled = { ");
    return (storage === "SQLite" ? sql : "") + spooling;
  });
  return { ...hostOf(prosody), stop: () => started.remove() };
}

/** The accounts of a Prosody that somebody else stops. */
export function hostOf(prosody: ProsodyProcess): Host {
  return {
    get pid() {
      return prosody.pid;
    },
    clientPort: prosody.clientPort,
    async account(username) {
      await addAccount(prosody, username, PASSWORD);
      return { service: prosody.service, domain: prosody.host, username, password: PASSWORD };
    },
    async stop() {},
  };
}
