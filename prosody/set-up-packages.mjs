import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { SetUpError } from "./set-up-error.mjs";

/**
 * Something that has to be on the machine: a program on the path, a library that pkg-config knows, or a library of the
 * distribution's own Python or Lua.
 * @typedef {{ program?: string, library?: string, pythonLibrary?: string, luaLibrary?: string, packages: string[], why: string }} Need
 */

const APT_LISTS = "/var/lib/apt/lists";
const PYTHON = "/usr/bin/python3";
/** Packages that start a server of their own. */
const SERVERS = ["prosody", "ejabberd"];
const LUAS = ["lua5.4", "lua"];
const VERSION_FILE = "/usr/lib/prosody/prosody.version";
const OLDEST_PROSODY = [0, 12];

/** Those needs that the machine does not meet. @param {Need[]} needs */
export function missingNeeds(needs) {
  return needs.filter(({ program, library, pythonLibrary, luaLibrary }) => {
    if (program !== undefined) return !hasProgram(program);
    if (luaLibrary !== undefined) return !hasLuaLibrary(luaLibrary);
    return library === undefined ? !hasPythonLibrary(pythonLibrary ?? "") : !hasLibrary(library);
  });
}

/** @param {string} name */
function hasProgram(name) {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @param {string} name */
function hasLibrary(name) {
  return spawnSync("pkg-config", ["--exists", name], { stdio: "ignore" }).status === 0;
}

/** @param {string} name */
function hasPythonLibrary(name) {
  // Another Python that stands first on the path would not see the distribution's packages
  return spawnSync(PYTHON, ["-c", `import ${name}`], { stdio: "ignore" }).status === 0;
}

/** Whether the Lua that Prosody runs on finds it. @param {string} name */
function hasLuaLibrary(name) {
  return LUAS.some((lua) => spawnSync(lua, ["-e", `require "${name}"`], { stdio: "ignore" }).status === 0);
}

/** Refuses a Prosody that is too old, where its version can be seen without starting it. @throws {SetUpError} */
export function requireUsableProsody() {
  if (!existsSync(VERSION_FILE)) return;
  const version = readFileSync(VERSION_FILE, "utf8").trim();
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_PROSODY;
  // Something else than two numbers is a development version
  if (Number.isNaN(major + minor) || major > oldestMajor || minor >= oldestMinor) return;
  throw new SetUpError(`Prosody ${version} is too old: install ${OLDEST_PROSODY.join(".")} or newer`);
}

/**
 * Installs what is missing from the distribution.
 *
 * @param {Need[]} needed without which nothing goes @param {Need[]} wished for which there is another way
 * @param {(text: string) => void} say
 * @returns {Need[]} the wishes that stay open
 * @throws {SetUpError} with the command to run where this may or can not install
 */
export function installPackages(needed, wished, say) {
  const all = [...needed, ...wished];
  if (all.length === 0) return [];
  const packages = [...new Set(all.flatMap((need) => need.packages))];
  const prefix = rootPrefix();
  if (!hasProgram("apt-get") || !prefix) {
    if (needed.length > 0) throw new SetUpError(instruction(needed));
    return wished;
  }
  const servers = SERVERS.filter((name) => packages.includes(name));
  aptInstall(prefix, packages, say);
  const still = missingNeeds(all);
  if (still.length > 0) {
    const names = still
      .map((need) => need.program ?? need.library ?? need.pythonLibrary ?? need.luaLibrary)
      .join(", ");
    throw new SetUpError(`${names} cannot be found although the packages are installed; look at your PATH`);
  }
  for (const server of servers) stopPackagedServer(server, prefix, say);
  return [];
}

/** What goes before a command that only root may run; nothing when there is no way. @returns {string[] | undefined} */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  // Only where sudo asks for no password: nothing here may wait for somebody to type
  return spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0 ? ["sudo", "-n"] : undefined;
}

/** @param {Need[]} needs */
function instruction(needs) {
  const packages = needs.flatMap((need) => need.packages);
  const names = packages.join(" ");
  if (hasProgram("apt-get"))
    return `this user may not install packages: run "sudo apt-get install ${names}" and start again`;
  return `install ${names} (as Debian calls them) with your system's package manager and start again`;
}

/** @param {string[]} prefix @param {string[]} packages @param {(text: string) => void} say */
function aptInstall(prefix, packages, say) {
  const args = ["install", "-y", "-q", "--no-install-recommends", ...packages];
  let isFresh = false;
  if (!hasPackageLists()) {
    say("Set-up: fetches the list of packages (there is none yet)");
    aptGet(prefix, ["update", "-q"]);
    isFresh = true;
  }
  if (aptGet(prefix, args)) return;
  if (!isFresh) {
    say("Set-up: fetches the list of packages again (it may be too old) and tries once more");
    aptGet(prefix, ["update", "-q"]);
    if (aptGet(prefix, args)) return;
  }
  throw new SetUpError(
    `apt-get could not install ${packages.join(" ")}; it says why above (Debian 12 and Ubuntu 24.04 or newer have them all)`,
  );
}

function hasPackageLists() {
  return existsSync(APT_LISTS) && readdirSync(APT_LISTS).some((name) => name.includes("_Packages"));
}

/** @param {string[]} prefix @param {string[]} args */
function aptGet(prefix, args) {
  const [program = "", ...rest] = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...args];
  return spawnSync(program, rest, { stdio: ["ignore", "inherit", "inherit"] }).status === 0;
}

/**
 * Debian's package starts a server of its own on the usual ports, now and at every boot; nobody asked for that here.
 * @param {string} server @param {string[]} prefix @param {(text: string) => void} say
 */
function stopPackagedServer(server, prefix, say) {
  const commands = existsSync("/run/systemd/system")
    ? [["systemctl", "disable", "--now", server]]
    : [
        ["service", server, "stop"],
        ["update-rc.d", server, "disable"],
      ];
  for (const command of commands) {
    const [program = "", ...rest] = [...prefix, ...command];
    spawnSync(program, rest, { stdio: "ignore" });
  }
  say(
    `Set-up: the package's own server (port 5222) is switched off; "systemctl enable --now ${server}" switches it on`,
  );
}
