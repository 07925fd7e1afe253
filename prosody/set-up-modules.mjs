import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** @typedef {Record<string, { version?: string, optional?: boolean, devOptional?: boolean }>} Packages */

/**
 * Whether node_modules holds what package-lock.json names, in the same versions.
 *
 * Compared by content: after a `git checkout` the times of files say nothing.
 * @param {string} root folder of the package
 */
export function hasCurrentModules(root) {
  const wanted = readPackages(join(root, "package-lock.json"));
  const installed = readPackages(join(root, "node_modules", ".package-lock.json"));
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
    // "" is the package itself; what is optional may be for another platform
    if (path === "") return true;
    const found = installed[path];
    return found ? found.version === version : Boolean(optional ?? devOptional);
  });
}

/** @param {string} path @returns {Packages | undefined} */
function readPackages(path) {
  try {
    return /** @type {{ packages: Packages }} */ (JSON.parse(readFileSync(path, "utf8"))).packages;
  } catch {
    return undefined;
  }
}

/**
 * Whether the native part of better-sqlite3 runs on this Node.
 *
 * In a process of its own: a build for another Node may end the process that loads it.
 * @param {string} root folder of the package
 */
export function addonLoads(root) {
  const script = 'new (require("better-sqlite3"))(":memory:").close()';
  return spawnSync(process.execPath, ["-e", script], { cwd: root, stdio: "ignore" }).status === 0;
}

/**
 * What the native part of better-sqlite3 is built with, where it is built and not fetched ready-made.
 *
 * On its own SQLite trusts no system with fdatasync, and every commit waits for the times of the log file to be written
 * too: half of the disk's work. Linux is to be trusted; the SQLite of its distributions is built so.
 * @param {string} platform @param {Record<string, string | undefined>} env
 * @returns {Record<string, string>}
 */
export function buildFlags(platform, env) {
  if (platform !== "linux") return {};
  return { CFLAGS: [env["CFLAGS"], "-DHAVE_FDATASYNC=1"].filter(Boolean).join(" ") };
}
