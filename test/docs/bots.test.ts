import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { Client, openSqliteStorage } from "../../sdk/mod.js";
import { enrol, freshNumber, People } from "../sdk/client/people.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";
import { blocksOf, fromSources, ROOT } from "./blocks.js";

const PATIENCE_MS = 20_000;

/** The TypeScript blocks of the guide, by the name in their first line; one without is numbered, which no test knows. */
function programs(): Map<string, string> {
  const found = blocksOf("docs/bots.md").filter(({ language }) => language === "ts");
  return new Map(
    found.map(({ code }, index) => [/^\/\/ (\S+\.ts)$/m.exec(code)?.[1] ?? `block-${index}.ts`, code]),
  );
}

describe("the code of docs/bots.md", () => {
  const world = useWorld();
  const people = new People(world);
  const blocks = programs();
  let folder: string;
  let running: ChildProcess | undefined;

  before(() => {
    // Inside the checkout, where the names of the package's exports are known
    const place = join(ROOT, "node_modules", ".cache");
    mkdirSync(place, { recursive: true });
    folder = mkdtempSync(join(place, "bots-"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    for (const [name, code] of blocks) {
      // Nobody can encrypt to a bot that was never online
      const telling = code.replace(/await \w+\.start\(\);/, (started) => `${started} console.log("online");`);
      writeFileSync(join(folder, name), fromSources(telling));
    }
  });
  afterEach(async () => {
    const child = running;
    running = undefined;
    if (child && child.exitCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await people.leave();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Starts a block in a process of its own, as a number, beside somebody else. */
  async function start(name: string): Promise<string> {
    const path = join(folder, `${name}.db`);
    const storage = openSqliteStorage({ path });
    const number = freshNumber();
    const account = await enrol(world(), number, storage);
    const { service } = world().prosody;
    await Client.open({ storage, service, account });
    storage.close();
    running = spawn(process.execPath, ["--import", "tsx", join(folder, name)], {
      cwd: ROOT,
      env: { ...process.env, TWOTICK_STORE: path, TWOTICK_SERVICE: service },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let printed = "";
    running.stdout?.setEncoding("utf8").on("data", (text: string) => (printed += text));
    await until("the bot is online", () => printed.includes("online"), PATIENCE_MS);
    return number;
  }

  it("has every block that a test knows of, and no other", () => {
    const names = [
      "echo",
      "shop",
      "answers",
      "undeliverable",
      "counter",
      "later",
      "failing",
      "bots.test",
      "inbox",
    ];
    expect([...blocks.keys()]).to.deep.equal(names.map((name) => `${name}.ts`));
  });

  it("passes its own test", async () => {
    for (const name of ["bots.test.ts", "undeliverable.ts"])
      await import(pathToFileURL(join(folder, name)).href);
  }).timeout(PATIENCE_MS);

  for (const name of ["echo.ts", "inbox.ts"]) {
    it(`answers with a real server: ${name}`, async () => {
      const number = await start(name);
      const romeo = await people.arrive();
      const handle = await romeo.client.send(number, "But soft");
      await handle.until("accepted", { timeoutMs: PATIENCE_MS });
      await until("the answer", () => romeo.texts().includes("But soft"), PATIENCE_MS);
      expect(romeo.messages[0]?.isEncrypted).to.equal(true);
    }).timeout(3 * PATIENCE_MS);
  }
});
