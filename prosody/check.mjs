// `npm run check`: everything that can be told without running the tests, in about half a minute.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { missingDocstrings } from "./check-docstrings.mjs";
import { brokenLinks, longFiles } from "./check-files.mjs";

/**
 * @typedef {{ isGood: boolean, output: string }} Outcome
 * @typedef {{ name: string, run: () => Promise<Outcome> }} Check
 */

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * A program of node_modules.
 * @param {string} program @param {string[]} args @returns {Promise<Outcome>}
 */
function tool(program, ...args) {
  return run(join(ROOT, "node_modules", ".bin", program), args);
}

/** @param {string} program @param {string[]} args @returns {Promise<Outcome>} */
function run(program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (/** @type {string} */ text) => (output += text));
    child.once("error", (error) => resolve({ isGood: false, output: error.message }));
    child.once("close", (code) => resolve({ isGood: code === 0, output }));
  });
}

/** @param {string[]} faults @returns {Outcome} */
function listed(faults) {
  return { isGood: faults.length === 0, output: faults.join("\n") };
}

/** A check and those that need what it makes. @type {Check[][]} */
const CHAINS = [
  [
    { name: "build", run: () => run(process.execPath, ["prosody/build.mjs"]) },
    { name: "package (publint)", run: () => tool("publint", "--strict") },
    { name: "package types (attw)", run: () => tool("attw", "--pack", ".", "--profile", "esm-only") },
  ],
  [
    { name: "types (tsc)", run: () => tool("tsc", "-p", ".", "--noEmit") },
    { name: "types of the dashboard", run: () => tool("tsc", "-p", "component/dashboard/page") },
  ],
  [{ name: "lint (oxlint)", run: () => tool("oxlint", "--deny-warnings", "--format=unix") }],
  [{ name: "format (prettier)", run: () => tool("prettier", "--check", "--log-level", "warn", ".") }],
  [{ name: "dead code (knip)", run: () => tool("knip", "--no-progress") }],
  [{ name: "API reference (typedoc)", run: () => tool("typedoc", "--emit", "none") }],
  [{ name: "docstrings", run: () => Promise.resolve(listed(missingDocstrings(ROOT))) }],
  [
    {
      name: "docs/xeps.md",
      run: () => run(process.execPath, ["--import", "tsx", "docs/xeps.ts", "--check"]),
    },
  ],
  [
    {
      name: "docs/command-line.md",
      run: () => run(process.execPath, ["--import", "tsx", "docs/command-line.ts", "--check"]),
    },
  ],
  [{ name: "links in *.md", run: () => Promise.resolve(listed(brokenLinks(ROOT))) }],
];

const MAX_LINES = 60;
/** So many at once as two cores bear. */
const LANES = 2;

/** What a failed check said, as far as anybody reads it. @param {string} output */
function shortened(output) {
  const lines = output.trim().split("\n");
  const shown = lines.slice(0, MAX_LINES).map((line) => `    ${line}\n`);
  const rest = lines.length - shown.length;
  return shown.join("") + (rest > 0 ? `    … and ${rest} lines more\n` : "");
}

/** @param {Check} check @returns {Promise<boolean>} */
async function tell({ name, run: work }) {
  const start = performance.now();
  const { isGood, output } = await work();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`${isGood ? "✔" : "✘"} ${name.padEnd(24)} ${seconds.padStart(5)} s\n`);
  if (!isGood) process.stdout.write(shortened(output));
  return isGood;
}

const start = performance.now();
const waiting = [...CHAINS];
let failed = 0;
let passed = 0;

async function lane() {
  for (let chain = waiting.shift(); chain; chain = waiting.shift()) {
    for (const [index, check] of chain.entries()) {
      if (await tell(check)) {
        passed++;
        continue;
      }
      // What needs it would only fail for the same reason
      failed++;
      for (const { name } of chain.slice(index + 1)) process.stdout.write(`- ${name}: not run\n`);
      failed += chain.length - index - 1;
      break;
    }
  }
}

await Promise.all(Array.from({ length: LANES }, lane));
for (const line of longFiles(ROOT)) process.stdout.write(`! ${line}\n`);
const seconds = ((performance.now() - start) / 1000).toFixed(1);
process.stdout.write(`${passed} checks passed, ${failed} failed, ${seconds} s\n`);
process.exitCode = failed === 0 ? 0 : 1;
