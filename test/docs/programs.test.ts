import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect } from "chai";
import { Client, openSqliteStorage } from "../../sdk/mod.js";
import { enrol, freshNumber, People } from "../sdk/client/people.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";
import { type Block, blocksOf, fromSources, pages, ROOT } from "./blocks.js";

const PATIENCE_MS = 20_000;

/** Documents whose programs are run by a test of their own. */
const RUN_ELSEWHERE = new Set(["docs/bots.md", "docs/testing.md"]);

const BLOCKS = pages()
  .filter((page) => !RUN_ELSEWHERE.has(page))
  .flatMap(blocksOf)
  .filter(({ language }) => language === "ts");

/** A folder inside the checkout, where the names of the package's exports are known. */
function folderInside(): string {
  const place = join(ROOT, "node_modules", ".cache");
  mkdirSync(place, { recursive: true });
  const folder = mkdtempSync(join(place, "programs-"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: join(ROOT, "tsconfig.json"), include: ["*.ts"], exclude: [] }),
  );
  return folder;
}

/** What the compiler finds wrong with blocks, each a module by itself. */
function faultsOf(folder: string, blocks: readonly Pick<Block, "page" | "line" | "code">[]): string {
  for (const { page, line, code } of blocks)
    writeFileSync(join(folder, `${basename(page)}-${line}.ts`), code);
  const compiler = join(ROOT, "node_modules/.bin/tsc");
  return spawnSync(compiler, ["-p", folder, "--pretty", "false"], { cwd: folder, encoding: "utf8" }).stdout;
}

describe("the programs in the documents", () => {
  const world = useWorld();
  const people = new People(world);
  let folder: string;
  let running: ChildProcess | undefined;
  beforeEach(() => (folder = folderInside()));
  afterEach(async () => {
    if (running && running.exitCode === null) {
      running.kill("SIGKILL");
      await once(running, "exit");
    }
    running = undefined;
    await people.leave();
    rmSync(folder, { recursive: true, force: true });
  });

  it("compile, each by itself", () => {
    expect(new Set(BLOCKS.map(({ page }) => page))).to.include.all.keys("README.md", "docs/sdk-storage.md");
    expect(faultsOf(folder, BLOCKS)).to.equal("");
    // And the compiler would see what is wrong
    const wrong = {
      page: "wrong.md",
      line: 1,
      code: 'import { Bot } from "twotick/bot";\nnew Bot().speak();\n',
    };
    expect(faultsOf(folder, [wrong])).to.match(/^wrong\.md-1\.ts\(2,\d+\): .*speak/);
  }).timeout(6 * PATIENCE_MS);

  for (const { code, line } of BLOCKS.filter(({ page }) => page === "README.md"))
    it(`answer as the README says, with a real server: README.md:${line}`, async () => {
      const romeo = await people.arrive();
      const { service } = world().prosody;
      const path = join(folder, "bot.db");
      const storage = openSqliteStorage({ path });
      const number = freshNumber();
      const account = await enrol(world(), number, storage);
      await Client.open({ storage, service, account });
      storage.close();
      // Nobody can encrypt to a bot that was never online
      const program = code
        .replace(/await \w+\.start\(\);/, (started) => `${started} console.log("online");`)
        .replace("xmpp://127.0.0.1:5222", service)
        .replaceAll("+15551230001", romeo.account.number as string);
      writeFileSync(join(folder, "program.ts"), fromSources(program));
      running = spawn(process.execPath, ["--import", "tsx", join(folder, "program.ts")], {
        cwd: folder,
        env: { ...process.env, TWOTICK_STORE: path, TWOTICK_SERVICE: service },
        stdio: ["ignore", "pipe", "inherit"],
      });
      let printed = "";
      running.stdout?.setEncoding("utf8").on("data", (text: string) => (printed += text));
      await until("it is online", () => printed.includes("online"), PATIENCE_MS);
      await romeo.client.send(number, "But soft");
      await until("the answer", () => romeo.texts().includes("But soft"), PATIENCE_MS);
      expect(romeo.messages.at(-1)?.isEncrypted).to.equal(true);
    }).timeout(3 * PATIENCE_MS);
});
