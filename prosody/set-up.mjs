// Makes a machine ready for a command: `node prosody/set-up.mjs start|demo|test|bench|check [--dry-run]`.
// npm runs it before the command of that name. On a fresh clone there is no node_modules yet, so this file and its
// neighbours are plain JavaScript and import nothing but Node.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SetUpError } from "./set-up-error.mjs";
import { addonLoads, buildFlags, hasCurrentModules } from "./set-up-modules.mjs";
import { installPackages, missingNeeds, requireUsableProsody } from "./set-up-packages.mjs";

/** @typedef {import("./set-up-packages.mjs").Need} Need */

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** @type {Record<string, Need>} */
const NEEDS = {
  prosody: { program: "prosody", packages: ["prosody"], why: "the XMPP server that everything runs on" },
  cc: { program: "cc", packages: ["gcc", "libc6-dev"], why: "compiles the independent OMEMO peer" },
  pkgConfig: { program: "pkg-config", packages: ["pkg-config"], why: "finds the peer's libraries" },
  omemo: { library: "libomemo-c", packages: ["libomemo-c-dev"], why: "the independent OMEMO peer" },
  crypto: { library: "libcrypto", packages: ["libssl-dev"], why: "the cryptography of that peer" },
  oldmemo: {
    pythonLibrary: "oldmemo",
    packages: ["python3-oldmemo"],
    why: "an independent peer for OMEMO 0.3",
  },
  twomemo: {
    pythonLibrary: "twomemo",
    packages: ["python3-twomemo"],
    why: "an independent peer for OMEMO 2",
  },
  slixmpp: {
    pythonLibrary: "slixmpp",
    packages: ["python3-slixmpp"],
    why: "an ordinary XMPP app in another language's library",
  },
  openssl: { program: "openssl", packages: ["openssl"], why: "makes the certificates of the TLS tests" },
  ip: { program: "ip", packages: ["iproute2"], why: "takes down the link of a network in the tests" },
  profanity: {
    program: "profanity",
    packages: ["profanity"],
    why: "an ordinary XMPP app that people would use",
  },
  tmux: { program: "tmux", packages: ["tmux"], why: "the terminal that the ordinary app runs in" },
  zsh: { program: "zsh", packages: ["zsh"], why: "a shell whose completion is tested" },
  fish: { program: "fish", packages: ["fish"], why: "a shell whose completion is tested" },
  chromium: {
    program: "chromium",
    packages: ["chromium"],
    why: "the browser that newcomers' web page is tested in",
  },
  ejabberd: {
    program: "ejabberdctl",
    packages: ["ejabberd"],
    why: "a server that the bench measures beside ours",
  },
  luaSqlite: {
    luaLibrary: "dbd.sqlite3",
    packages: ["lua-dbi-sqlite3"],
    why: "Prosody's storage in SQLite, which the bench measures beside ours",
  },
  ss: { program: "ss", packages: ["iproute2"], why: "counts the bytes on a connection" },
  python: { program: "python3", packages: ["python3"], why: "builds better-sqlite3" },
  make: { program: "make", packages: ["make"], why: "builds better-sqlite3" },
  cxx: { program: "g++", packages: ["g++"], why: "builds better-sqlite3" },
};

const PEERS = ["prosody", "cc", "pkgConfig", "omemo", "crypto", "openssl"];
const BUILD_TOOLS = ["python", "make", "cxx"];

/** @type {Record<string, string[]>} */
const PURPOSES = {
  start: ["prosody"],
  demo: ["prosody"],
  test: [...PEERS, "oldmemo", "twomemo", "slixmpp", "ip", "chromium", "profanity", "tmux", "zsh", "fish"],
  bench: [...PEERS, "ejabberd", "luaSqlite", "ss"],
  check: [],
};

/** @param {string} text */
function say(text) {
  process.stdout.write(`${text}\n`);
}

function requireNode() {
  /** @type {{ engines: { node: string } }} */
  const { engines } = JSON.parse(readFileSync(`${ROOT}/package.json`, "utf8"));
  const [major = 0, minor = 0] = engines.node.replace(/^>=/, "").split(".").map(Number);
  const [ownMajor = 0, ownMinor = 0] = process.versions.node.split(".").map(Number);
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return;
  throw new SetUpError(
    `Node ${process.versions.node} is too old: install Node ${major}.${minor} or newer from https://nodejs.org`,
  );
}

/** What has to be done with node_modules, as arguments of npm. @returns {{ args: string[], why: string } | undefined} */
function neededNpm() {
  if (!hasCurrentModules(ROOT))
    return {
      // Not "ci", which refuses a lock that lacks what other platforms alone would install; the lock stays as it is
      args: ["install", "--no-save", "--include=dev", "--no-audit", "--no-fund"],
      why: "fetches the libraries that package-lock.json names and builds better-sqlite3, about two minutes",
    };
  if (!addonLoads(ROOT))
    return { args: ["rebuild", "better-sqlite3"], why: "builds better-sqlite3 for this version of Node" };
  return undefined;
}

/** @param {{ args: string[], why: string }} step @param {Need[]} missingTools */
function runNpm({ args }, missingTools) {
  const env = { ...process.env, ...buildFlags(process.platform, process.env) };
  const { status, error } = spawnSync("npm", args, {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
    env,
  });
  if (error) throw new SetUpError(`npm cannot be run (${error.message}): install it, it comes with Node`);
  if (status === 0 && hasCurrentModules(ROOT) && addonLoads(ROOT)) return;
  if (missingTools.length > 0) {
    const packages = missingTools.flatMap((need) => need.packages);
    throw new SetUpError(
      `better-sqlite3 cannot be built without ${packages.join(", ")}: install them and start again`,
    );
  }
  throw new SetUpError(`"npm ${args.join(" ")}" failed; its last lines above say why`);
}

/** @param {string[]} names @returns {Need[]} */
function needsOf(names) {
  return names.map((name) => /** @type {Need} */ (NEEDS[name]));
}

/** @param {string} purpose @param {boolean} isDryRun */
function setUp(purpose, isDryRun) {
  requireNode();
  const npm = neededNpm();
  const missing = missingNeeds(needsOf(PURPOSES[purpose] ?? []));
  const missingTools = npm ? missingNeeds(needsOf(BUILD_TOOLS)) : [];
  requireUsableProsody();
  if (!npm && missing.length === 0) return say("Set-up: everything is there.");
  for (const need of [...missing, ...missingTools]) {
    say(`Set-up: ${isDryRun ? "would install" : "installs"} ${need.packages.join(" and ")} (${need.why})`);
  }
  if (npm) say(`Set-up: ${isDryRun ? "would run" : "runs"} npm ${args(npm)} (${npm.why})`);
  if (isDryRun) return undefined;
  // Without the tools a ready-made better-sqlite3 may still be had
  const stillMissing = installPackages(missing, missingTools, say);
  if (npm) runNpm(npm, stillMissing);
  return say("Set-up: done.");
}

/** @param {{ args: string[] }} npm */
function args(npm) {
  return npm.args.join(" ");
}

const [purpose = "", ...options] = process.argv.slice(2);
if (!(purpose in PURPOSES) || options.some((option) => option !== "--dry-run")) {
  process.stderr.write(
    `usage: node prosody/set-up.mjs ${Object.keys(PURPOSES).join("|")} [--dry-run]\n` +
      "Installs what the command needs and this machine lacks; --dry-run only says what that would be.\n",
  );
  process.exit(EXIT_USAGE);
}
try {
  setUp(purpose, options.length > 0);
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  process.stderr.write(`Set-up: ${error.message}.\n`);
  process.exit(EXIT_FAILED);
}
