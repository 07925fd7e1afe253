import { spawnSync } from "node:child_process";
import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import SQLite from "better-sqlite3";
import type { Config } from "../config.js";
import { checkBacklog } from "./backlog-checks.js";
import { fault, warning, type Finding } from "./finding.js";

/** File systems by the number that Linux gives them: on these a sync does not keep what it promises. */
const UNFIT: Readonly<Record<number, string>> = {
  0x01021994: "tmpfs (in memory)",
  0x858458f6: "ramfs (in memory)",
  0x6969: "NFS",
  0xff534d42: "CIFS",
  0xfe534d42: "SMB",
  0x01021997: "9p",
};
/** Free bytes below which an installation is near its end. */
const LOW_DISK_BYTES = 1024 ** 3;
const GROUP_OR_OTHERS = 0o077;
/** Newer entries than this are from a clock that was ahead. */
const AHEAD_MS = 120_000;

/** Checks where the store lies: its file system, room, mode and durability; and what waits in it. */
export function checkStore(config: Config): Finding[] {
  const { store } = config;
  const folder = dirname(store.path);
  if (!existsSync(folder))
    return [
      fault(
        `The folder of the store, ${folder}, is not there.`,
        "Make it; it has to belong to the component's user.",
      ),
    ];
  const { type, bavail, bsize } = statfsSync(folder);
  const unfit = UNFIT[type];
  const found: Finding[] = [];
  if (unfit)
    found.push(
      fault(`The store lies on ${unfit}: what was accepted can be lost.`, "Move store.path to a local disk."),
    );
  if (bavail * bsize < LOW_DISK_BYTES)
    found.push(
      warning(
        `${Math.floor((bavail * bsize) / 2 ** 20)} MiB are free where the store lies.`,
        "Make room: at 12 MiB nothing new is accepted.",
      ),
    );
  for (const end of ["", "-wal"]) {
    const path = `${store.path}${end}`;
    if (existsSync(path) && statSync(path).mode & GROUP_OR_OTHERS)
      found.push(fault(`Others on the machine can read ${path}.`, `chmod 600 ${path}`));
  }
  return existsSync(store.path) ? [...found, ...checkDatabase(config)] : found;
}

function checkDatabase(config: Config): Finding[] {
  const database = new SQLite(config.store.path, { readonly: true });
  try {
    const mode: unknown = database.pragma("journal_mode", { simple: true });
    const newest = Number(database.prepare("SELECT coalesce(max(seen_at), 0) FROM devices").pluck().get());
    return [
      ...(mode === "wal"
        ? []
        : [warning(`The store's journal is ${String(mode)}.`, "Start the component once: it sets WAL.")]),
      ...(newest > Date.now() + AHEAD_MS
        ? [
            fault(
              "The store knows of times that are still to come: the clock was set back, or was ahead.",
              "Set the clock right, and keep it with a time service.",
            ),
          ]
        : []),
      ...checkBacklog(database, config),
    ];
  } catch (error) {
    return [
      fault(
        `The store cannot be read: ${(error as Error).message}.`,
        "Look at its mode and owner; if it is damaged, restore a backup.",
      ),
    ];
  } finally {
    database.close();
  }
}

/** Checks that the configuration's secrets are nobody else's, and that its API is not open to everybody. */
export function checkConfigFile(path: string, { http, signUp }: Config): Finding[] {
  const found: Finding[] = [];
  if (statSync(path).mode & 0o007)
    found.push(
      warning(
        `Everybody on the machine can read ${path}.`,
        `chmod 640 ${path}, and let the component's user be its group.`,
      ),
    );
  if (!http.interface.startsWith("127.") && http.interface !== "::1")
    found.push(
      warning(
        `The HTTP API listens on ${http.interface}: codes and passwords cross the network in clear.`,
        'Set http.interface = "127.0.0.1" and put a proxy with TLS before it.',
      ),
    );
  if (signUp.provider === "console")
    found.push(
      warning(
        "Codes are shown on the component's terminal.",
        "Choose a provider that sends them before people sign up.",
      ),
    );
  return found;
}

/** Checks that a time service keeps the clock, where the system can tell. */
export function checkClock(run: typeof spawnSync = spawnSync): Finding[] {
  const asked = run("timedatectl", ["show", "--property=NTPSynchronized", "--value"], {
    encoding: "utf8",
    timeout: 5_000,
  });
  if (asked.status !== 0 || asked.stdout.trim() !== "no") return [];
  return [warning("No time service keeps the clock.", "Enable systemd-timesyncd or chrony.")];
}

/** Checks that the component runs and is ready. */
export async function checkRunning({ http }: Config): Promise<Finding[]> {
  if (http.port === 0) return [warning("http.port is 0: nobody can find the HTTP API.", "Give it a port.")];
  const base = `http://127.0.0.1:${http.port}`;
  try {
    const response = await fetch(`${base}/readyz`, { signal: AbortSignal.timeout(5_000) });
    if (response.ok) return [];
    const { failing = [] } = (await response.json()) as { failing?: string[] };
    return [fault(`The component runs and is not ready: ${failing.join(", ")}.`, MEND_NOT_READY)];
  } catch {
    return [
      fault(`The component does not answer at ${base}.`, "Start it, and look at its log if it ends again."),
    ];
  }
}

const MEND_NOT_READY =
  "link: is Prosody running, and is the secret right? disk: make room. store: look at the log.";
