import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { temporaryFolder } from "../support/temporary-folder.js";

const ROOT = new URL("../../", import.meta.url).pathname;

interface Packed {
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** How long a run of Node takes, in milliseconds. */
function tookMs(...args: readonly string[]): number {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
  expect(status).to.equal(0);
  return performance.now() - start;
}

describe("the package", function () {
  this.timeout(120_000);
  let folder: string;
  let packed: Packed;

  before(() => {
    // As a clean checkout that was built, whatever lies in dist here
    folder = temporaryFolder();
    for (const name of [
      "package.json",
      "README.md",
      "LICENSE",
      "CHANGELOG.md",
      "docs",
      "prosody/development.cfg.lua",
    ])
      cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    execFileSync(process.execPath, ["prosody/build.mjs", join(folder, "dist")], { cwd: ROOT });
    const said = execFileSync("npm", ["pack", "--json", "--ignore-scripts"], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    [packed] = JSON.parse(said) as [Packed];
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const paths = (): string[] => packed.files.map(({ path }) => path);

  it("has everything that its exports, its program and a start name", () => {
    const { exports, bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      exports: Record<string, string | Record<string, string>>;
      bin: Record<string, string>;
    };
    const named = [
      ...Object.values(bin),
      ...Object.values(exports).flatMap((one) => (typeof one === "string" ? [one] : Object.values(one))),
    ];
    for (const path of named) expect(paths()).to.include(path.replace("./", ""));
    for (const path of [
      "prosody/development.cfg.lua",
      "dist/prosody/set-up-packages.mjs",
      "dist/component/store/thread.js",
      "dist/component/backup/backup-thread.js",
      "docs/operations/twotick.service",
      "docs/bots.md",
      "docs/testing.md",
    ])
      expect(paths()).to.include(path);
    expect(Object.keys(bin)).to.deep.equal(["twotick"]);
  });

  it("has no test, no benchmark, no source and no secret", () => {
    const wrong = paths().filter((path) =>
      /(^|\/)(test|bench|examples)\/|\.test\.|(?<!\.d)\.m?ts$|\.(db|pem|key)$|\.map$/.test(path),
    );
    expect(wrong).to.deep.equal([]);
    expect(packed.size).to.be.below(1_000_000);
  });

  it("says what it can do, its version, and the exit code of a mistake", () => {
    const main = join(folder, "dist/cli/main.js");
    const run = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
    expect(run("--help").stdout).to.contain("Usage: twotick");
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
    expect(run("--version").stdout).to.equal(`${version}\n`);
    expect(run("strat").status).to.equal(2);
    expect(run("admin", "announce", "send", "--help").stdout).to.contain("--dry-run");
  });

  it("answers --help in little more time than Node needs to start", () => {
    const main = join(folder, "dist/cli/main.js");
    const rounds = Array.from({ length: 7 }, () => ({
      help: tookMs(main, "--help"),
      node: tookMs("-e", "0"),
    }));
    const least = (of: "help" | "node"): number => Math.min(...rounds.map((round) => round[of]));
    // Loaded with the commands it is above 6; the least of some is what the machine's load adds least to
    expect(least("help") / least("node")).to.be.below(4);
  });

  it("begins a bot", () => {
    const main = join(folder, "dist/cli/main.js");
    const { status } = spawnSync(process.execPath, [main, "bot", "new", "bot"], { cwd: folder });
    expect([status, existsSync(join(folder, "bot/bot.js"))]).to.deep.equal([0, true]);
  });
});
