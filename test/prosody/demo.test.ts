import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/prosody.js";

const DEMO = new URL("../../prosody/demo.ts", import.meta.url).pathname;

describe("npm run demo", function () {
  this.timeout(90_000);
  let folder: string;

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function run(path: string | undefined, args: readonly string[] = []) {
    const env = { ...process.env, TMPDIR: folder, ...(path === undefined ? {} : { PATH: path }) };
    return spawnSync(process.execPath, ["--import", "tsx", DEMO, ...args], { encoding: "utf8", env });
  }

  it("ends with a summary in which every claim holds, and leaves nothing behind", () => {
    const { status, stdout } = run(undefined);
    expect(stdout).match(/What was claimed, and whether it held:\n( {3}✔ .+\n){10,}$/);
    expect(stdout).not.contain("✘");
    expect(status).equal(0);
    expect(readdirSync(folder).filter((name) => name.startsWith("twotick-demo-"))).deep.equal([]);
  });

  it("exits with 1 when a claim does not hold", () => {
    mkdirSync(join(folder, "empty"));
    const { status, stdout } = run(join(folder, "empty"));
    expect(stdout).contain("✘ the story came to its end (Prosody is not installed");
    expect(status).equal(1);
  });

  it("refuses options with exit code 2", () => {
    expect(run(undefined, ["--fast"]).status).equal(2);
  });
});
