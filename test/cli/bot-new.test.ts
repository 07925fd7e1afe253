import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { runHere } from "../support/cli.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const ROOT = new URL("../../", import.meta.url).pathname;

describe("twotick bot new", function () {
  this.timeout(30_000);
  let cwd: string;
  beforeEach(() => (cwd = temporaryFolder()));
  afterEach(() => rmSync(cwd, { recursive: true }));

  for (const [end, options] of [
    ["js", []],
    ["ts", ["--typescript"]],
  ] as const)
    it(`makes a bot in ${end} whose test passes, and fails when the bot is broken`, async () => {
      const { code, json } = await runHere(["bot", "new", "My Bot", ...options, "--json"], { cwd });
      expect(code).to.equal(0);
      const folder = join(cwd, "My Bot");
      expect(json[0]).to.include({ folder });
      const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<
        string,
        unknown
      >;
      expect(manifest["name"]).to.equal("my-bot");
      expect(readFileSync(join(folder, "README.md"), "utf8")).to.contain(`bot.${end}`);
      // From the sources, as twotick is installed nowhere
      const test = () =>
        spawnSync(process.execPath, ["--import", import.meta.resolve("tsx"), "--test", `bot.test.${end}`], {
          cwd: folder,
          encoding: "utf8",
          env: {
            ...process.env,
            TSX_TSCONFIG_PATH: join(ROOT, "tsconfig.json"),
            NODE_TEST_CONTEXT: undefined,
          },
        });
      const passed = test();
      expect(passed.status, passed.stdout + passed.stderr).to.equal(0);
      const bot = join(folder, `bot.${end}`);
      writeFileSync(bot, readFileSync(bot, "utf8").replace("messages += 1", "messages += 2"));
      expect(test().status).to.equal(1);
    });

  it("writes into no folder that has something in it, and nothing with --dry-run", async () => {
    const dry = await runHere(["bot", "new", "bot", "--dry-run"], { cwd });
    expect([dry.code, existsSync(join(cwd, "bot"))]).to.deep.equal([0, false]);
    writeFileSync(join(cwd, "mine"), "");
    const { code, errors } = await runHere(["bot", "new", "."], { cwd });
    expect([code, errors.includes("is not empty")]).to.deep.equal([1, true]);
    expect((await runHere(["bot", "new", "mine"], { cwd })).code).to.equal(1);
  });
});
