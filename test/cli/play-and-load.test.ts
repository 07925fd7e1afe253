import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { type Ran, runCli } from "../support/cli.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const SILENCE = `# Silence

[App] Romeo

---------

Romeo signs up

Romeo connects

Romeo receives:
\t<message/>
`;

/** What a run wrote as JSON, a line each. */
function jsonOf({ said }: Ran): Record<string, unknown>[] {
  const lines = said.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("twotick play and load, as a user calls them", function () {
  this.timeout(120_000);
  let folder: string;
  let good: string;
  let silent: string;
  const file = (name: string): string => join(folder, name);
  const read = (name: string): string => readFileSync(file(name), "utf8");
  before(() => {
    folder = temporaryFolder();
    good = new URL("../plays/xeps/xep-0359.scs", import.meta.url).pathname;
    silent = file("silence.scs");
    writeFileSync(silent, SILENCE);
    writeFileSync(file("broken.scs"), "no play\n");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("performs plays, tells each, and writes what CI systems and people read", async () => {
    const reports = ["--junit", file("junit.xml"), "--coverage", file("rules.md")];
    const ran = await runCli("play", "--json", "--timeout", "1500", ...reports, good, silent);
    const [first, second, sum] = jsonOf(ran);
    expect(first).to.include({ file: good, isSkipped: false, failure: null });
    expect(second).to.include({ file: silent, title: "Silence", failure: "it did not come in time" });
    expect(sum).to.deep.equal({ passed: 1, failed: 1, skipped: 0 });
    expect(ran.code).to.equal(1);
    expect(read("junit.xml")).to.match(/tests="2" failures="1"[^]*name="Silence"[^]*<failure/);
    expect(read("rules.md")).to.match(/\| XEP-0359 §5 \| .* \| holds \|/);
  });

  it("exits with 0 when all goes as it is written", async () => {
    const ran = await runCli("play", good);
    expect(ran.said).to.contain("1 passed, 0 failed, 0 skipped");
    expect(ran.code).to.equal(0);
  });

  it("loads, accounts, and writes a report and a page, beside those of before", async () => {
    const small = ["load", "--json", "--pairs", "1", "--ramp", "1:10", "--out", file("load.json")];
    const ran = await runCli(...small);
    expect(ran.code).to.equal(0);
    const [told] = jsonOf(ran);
    expect(told).to.include({ faultCount: 0 });
    const { counts } = JSON.parse(read("load.json")) as { counts: { sent: number } };
    expect(told?.["counts"]).to.deep.equal(counts);
    expect(counts.sent).to.be.above(0);
    const again = [...small.slice(0, -1), file("again.json"), "--html", file("load.html")];
    expect((await runCli(...again, "--before", file("load.json"))).code).to.equal(0);
    expect(read("load.html")).to.match(/^<!doctype html>[^]*<svg[^]*before/);
  });

  const faulty: readonly [args: readonly string[], code: number, says: RegExp][] = [
    [["play"], 2, /missing required argument/],
    [["play", "--timeout", "0", "x.scs"], 2, /whole number from 1/],
    [["play", "MISSING.scs"], 1, /MISSING\.scs[^]*1 failed/],
    [["play", "broken.scs"], 1, /nobody of this play does this/],
    [["play", "--junit", "missing/j.xml", "broken.scs"], 2, /j\.xml cannot be written/],
    [["load", "--ramp", "x"], 2, /A stretch is seconds:rate/],
    [["load", "--pairs", "0"], 2, /needs pairs of people or groups/],
    [["load", "--before", "missing.json"], 2, /no report of a load/],
    [["load", "--out", "missing/l.json"], 2, /l\.json cannot be written/],
  ];
  for (const [args, code, says] of faulty)
    it(`exits with ${code}, and says why: twotick ${args.join(" ")}`, async () => {
      const inFolder = args.map((arg) => (/\.(scs|xml|json)$/.test(arg) ? file(arg) : arg));
      const ran = await runCli(...inFolder);
      expect(ran.said).to.match(says);
      expect(ran.said).not.to.match(/^ {4}at /m);
      expect(ran.code).to.equal(code);
      expect(existsSync(file("missing"))).to.equal(false);
    });
});
