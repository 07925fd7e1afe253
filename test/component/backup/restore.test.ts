import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { freePort } from "../../../prosody/prosody.js";
import { readJournal, type JournalReport } from "../../../sdk/testing/mod.js";
import { Correspondents } from "../../faults/correspondents.js";
import { runCli } from "../../support/cli.js";
import { until } from "../../support/until.js";
import { World } from "../../support/world.js";

const NUMBERS = ["+15551230001", "+15551230002", "+15551230003"] as const;
const AWAY = NUMBERS[2];

describe("a service restored from a backup that was made under load", () => {
  let world: World;
  let people: Correspondents;
  let report: JournalReport;
  /** What had been accepted when the backup began. */
  let early: ReadonlySet<string>;

  before(async function () {
    this.timeout(120_000);
    const testNumbers = Object.fromEntries(NUMBERS.map((number) => [number, "000000"]));
    world = await World.start({
      isProcess: true,
      config: { http: { port: await freePort() }, signUp: { testNumbers }, link: { maxRetrySeconds: 0.3 } },
    });
    people = await Correspondents.signUp(world, NUMBERS);
    report = await rehearse();
  });
  after(async () => {
    await people?.stop();
    await world?.stop();
  });

  /** docs/admin.md, "Backup and restore", as it is written there. */
  async function rehearse(): Promise<JournalReport> {
    const config = ["admin", "--config", join(world.folder, "component.toml")];
    const file = join(world.folder, "backup.db");
    await people.open([NUMBERS[0], NUMBERS[1]]);
    people.talk();
    await until("much was accepted", () => accepted().size > 100, 20_000);
    early = accepted();
    await run([...config, "backup", file]);
    const atBackup = accepted().size;
    await until("much more was accepted", () => accepted().size > atBackup + 100, 20_000);
    await people.quiet();
    expect((await runCli(...config, "restore", file)).said).to.contain("is in use");
    await world.killComponent();
    await run([...config, "restore", "--check", file]);
    await run([...config, "restore", file]);
    await world.startComponent();
    await people.open(NUMBERS);
    await people.hearEachOther();
    return people.endEarly();
  }

  async function run(args: readonly string[]): Promise<void> {
    const { code, said } = await runCli(...args);
    expect(code, said).to.equal(0);
  }

  // Of the round under way: the first was the sign-up
  const journals = () =>
    NUMBERS.slice(0, 2).flatMap((number) => readJournal(join(world.folder, `${number.slice(1)}.1.journal`)));
  const accepted = () =>
    new Set(
      journals().flatMap((line) => (line.kind === "told" && line.state === "accepted" ? [line.id] : [])),
    );

  it("goes on delivering to everybody", () => {
    expect(report.counts.shown).to.be.above(0);
  });

  it("shows nothing twice, out of order or unsent", () => {
    const kinds = new Set(report.violations.map(({ kind }) => kind));
    for (const kind of ["shown-twice", "out-of-order", "shown-but-never-sent", "receipt-went-backwards"])
      expect([...kinds]).not.to.include(kind);
  });

  it("loses nothing that was accepted before the backup", () => {
    const lost = report.violations.filter(({ kind }) => kind === "accepted-but-lost");
    expect(lost.filter(({ id }) => early.has(id))).to.deep.equal([]);
  });

  it("has lost what was accepted later and waited, as the documentation says", () => {
    const lost = report.violations.filter(({ kind }) => kind === "accepted-but-lost");
    expect(lost).not.to.deep.equal([]);
    for (const { detail } of lost) expect(detail).to.contain(AWAY);
    const text = readFileSync(new URL("../../../docs/admin.md", import.meta.url), "utf8");
    expect(text).to.contain("accepted after the backup");
  });
});
