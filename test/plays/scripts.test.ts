import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import {
  describePlays,
  PlayRecorder,
  runPlays,
  World,
  writeCoverage,
  writeJunit,
} from "../../sdk/testing/mod.js";
import { addAccount } from "../../prosody/accounts.js";
import { PlayClient } from "../../sdk/testing/plays/play-client.js";
import { parseXml } from "../../src/xml.js";

const SCRIPTS = fileURLToPath(new URL("scripts/", import.meta.url));
const PATIENCE_MS = 60_000;

const BROKEN = `# A play that is wrong
## proves: RFC 6121 §8.5.3.1: Nothing of the kind

[Client] Romeo
	jid: wrong@example.org
	password: secret

Romeo connects

Romeo sends:
	<message to="\${Romeo's full JID}" id="m1"><body>But soft</body></message>

Romeo receives next:
	<message id="m1"><body>What light</body></message>
`;

const MERCUTIO = `[Client] Mercutio
	jid: mercutio@example.org
	password: secret

`;

/** What comes otherwise than a play says: the acts, and what is told of it. */
const REFUTED: readonly (readonly [acts: string, told: RegExp])[] = [
  ["Mercutio cannot connect\n", /Mercutio cannot connect\n {2}the login was accepted/],
  [
    "Mercutio connects\n\nMercutio is logged out\n",
    /Mercutio is logged out\n {2}not within 500 ms: the end of the session/,
  ],
  ["Time passes: soon\n", /Time passes: soon\n {2}a duration is like/],
];

describe("runPlays", () => {
  let world: World;
  let folder: string;
  before(async function () {
    this.timeout(PATIENCE_MS);
    folder = mkdtempSync(join(tmpdir(), "plays-"));
    world = await World.start();
  });
  after(async () => {
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function written(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  it("performs every play of this folder, and each proves something", async () => {
    const files = readdirSync(SCRIPTS).map((name) => join(SCRIPTS, name));
    const report = await runPlays(files, { world, timeoutMs: 30_000 });
    expect(report.failed, describePlays(report)).to.equal(0);
    expect(report.passed).to.equal(files.length).and.to.be.above(3);
    expect(report.results.filter(({ rules }) => rules.length === 0)).to.deep.equal([]);
    expect(writeCoverage(report)).to.match(/\| XEP-0184 §5\.3 \| .+ \| .*ticks\.scs \| holds \|/);
  }).timeout(3 * PATIENCE_MS);

  it("says where a play fails, what it expected and what came", async () => {
    const skipped = written("slow.scs", "# Slow\n## slow\n");
    const report = await runPlays([written("broken.scs", BROKEN), skipped], { world, skipTags: ["slow"] });
    expect(report).to.include({ passed: 0, failed: 1, skipped: 1 });
    const text = describePlays(report);
    expect(text).to.match(/broken\.scs:13: Romeo receives next:\n {2}another stanza came/);
    expect(text).to.include('- <message/> <body/>: says "But soft", not "What light"');
    expect(text).to.match(/expected:\n[^]*What light[^]*came:\n[^]*But soft/);
    const junit = parseXml(writeJunit(report).replace(/^<\?.*\?>\n/, ""));
    expect(junit.getChild("testsuite")?.attrs).to.include({ tests: "2", failures: "1", skipped: "1" });
    expect(writeCoverage(report)).to.include("| broken |");
  });

  for (const [acts, told] of REFUTED)
    it(`tells that it was otherwise: ${acts.trim().split("\n").at(-1)}`, async () => {
      const report = await runPlays([written("refuted.scs", MERCUTIO + acts)], { world, timeoutMs: 500 });
      expect(describePlays(report)).to.match(told);
    });

  it("lets time pass, for clients of a server alone too", async () => {
    await addAccount(world.server, "mercutio", "secret");
    const file = written("time.scs", `${MERCUTIO}Mercutio connects\n\nTime passes: 200ms\n`);
    const report = await runPlays([file], { service: world.service });
    expect(report.passed, describePlays(report)).to.equal(1);
    expect(report.results[0]?.durationMs).to.be.at.least(200);
  });

  it("plays again what was recorded", async () => {
    await addAccount(world.server, "recorded", "secret");
    const recorder = await PlayRecorder.start({ port: world.server.clientPort });
    const account = { domain: world.host, username: "recorded", password: "secret", resource: undefined };
    const client = await PlayClient.connect({ ...account, service: recorder.service });
    const to = client.jid.toString();
    await client.send(parseXml(`<message to='${to}' id='m1' type='chat'><body>To be</body></message>`));
    await client.next(5_000);
    await client.disconnect();
    const text = recorder.play("Somebody writes to himself");
    await recorder.stop();
    expect(text).to.match(/Romeo sends:\n\t<message to="\$\{Romeo's full JID\}"/);
    expect(text).to.not.include(to);
    const file = written("recorded.scs", text.replace("password: password", "password: secret"));
    const report = await runPlays([file], { world });
    expect(report.passed, describePlays(report)).to.equal(1);
  });
});
