import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { stopOrphan } from "../../prosody/orphan.js";
import { MORTAL } from "../support/mortal.js";
import { startProsody } from "../../prosody/prosody.js";
import { sweepFolders, temporaryFolder } from "../support/temporary-folder.js";
import { until } from "../support/until.js";

const SUPPORT = new URL("../support/prosody.ts", import.meta.url).href;

function isAlive(pid: number): boolean {
  try {
    // A process that has ended and was not waited for is one no more
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

describe("temporaryProsody", () => {
  it("dies with the run that started it, however that ends", async function () {
    if (MORTAL.length === 0) this.skip();
    const source = `
      const { temporaryProsody } = await import(${JSON.stringify(SUPPORT)});
      const { prosody } = await temporaryProsody();
      console.log(prosody.pid + " " + prosody.dataDir);
      setInterval(() => {}, 1000);`;
    const args = ["--import", "tsx", "--input-type=module", "-e", source];
    const run = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(createInterface({ input: run.stdout }), "line")) as [string];
    const [pid = "", folder = ""] = line.split(" ");
    expect(isAlive(Number(pid))).to.equal(true);
    const ended = once(run, "exit");
    run.kill("SIGKILL");
    await ended;
    await until("Prosody has died", () => !isAlive(Number(pid)));
    expect(existsSync(folder)).to.equal(true);
    expect(await sweepFolders()).to.include(folder);
    expect(existsSync(folder)).to.equal(false);
  }).timeout(30_000);
});

describe("sweepFolders", () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A folder as a run that has ended would have left it. */
  async function abandoned(): Promise<string> {
    const child = spawn("true");
    await once(child, "exit");
    const [, world = ""] = /twotick-test-(\w+)-/.exec(folder) ?? [];
    const path = join(folder, `twotick-test-${world}-${child.pid}-abcdef`);
    mkdirSync(path);
    return path;
  }

  it("removes what runs that have ended left behind, and nothing else", async () => {
    const old = await abandoned();
    const [, world = ""] = /twotick-test-(\w+)-/.exec(folder) ?? [];
    const others = [
      `twotick-test-${world}-${process.pid}-abcdef`,
      "twotick-test-0000000-1-abcdef",
      "twotick-test-abcdef",
      "something-else",
    ];
    for (const name of others) mkdirSync(join(folder, name));
    expect(await sweepFolders(folder)).to.deep.equal([old]);
    for (const name of others) expect(existsSync(join(folder, name)), name).to.equal(true);
  });

  it("stops a Prosody that still runs in such a folder", async () => {
    const dataDir = await abandoned();
    const prosody = await startProsody({ dataDir });
    const { pid } = prosody;
    await sweepFolders(folder);
    await prosody.exited;
    expect(isAlive(pid as number)).to.equal(false);
    expect(await stopOrphan(dataDir)).to.equal(false);
    expect(existsSync(dataDir)).to.equal(false);
  });
});
