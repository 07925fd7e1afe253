import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { describePlays, runPlays, World } from "../../sdk/testing/mod.js";

const PLAYS = fileURLToPath(new URL("xeps/", import.meta.url));

describe("plays of the XEPs that are spoken", () => {
  let world: World;
  before(async function () {
    this.timeout(60_000);
    world = await World.start();
  });
  after(() => world?.stop());

  for (const name of readdirSync(PLAYS)) {
    it(name.replace(".scs", ""), async () => {
      const report = await runPlays([join(PLAYS, name)], { world, timeoutMs: 20_000 });
      expect(report.passed, describePlays(report)).to.equal(1);
      // Each says what it proves, of the XEP whose name it has
      const xep = name.replace(".scs", "").toUpperCase();
      expect(
        report.results.flatMap(({ rules }) => rules.map(({ source }) => source.split(" ")[0])),
      ).to.include(xep);
    }).timeout(60_000);
  }
});
