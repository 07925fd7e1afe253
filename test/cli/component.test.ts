import { expect } from "chai";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { stringify as toToml } from "smol-toml";
import { store as accounts } from "../../component/accounts/store.js";
import { openDatabase } from "../../component/store/database.js";
import { migrate } from "../../component/store/migrations.js";
import { freePort } from "../../prosody/prosody.js";
import { temporaryFolder, useProsody } from "../support/prosody.js";
import { until } from "../support/until.js";

const MAIN = ["--import", "tsx", new URL("../../cli/main.ts", import.meta.url).pathname, "component"];

describe("twotick component", function () {
  this.timeout(60_000);
  const prosody = useProsody();
  const running: ChildProcess[] = [];
  let folder: string;
  let httpPort: number;

  beforeEach(async () => {
    folder = temporaryFolder();
    httpPort = await freePort();
  });

  afterEach(() => {
    for (const child of running.splice(0)) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  /** Writes a configuration file. @param link what differs in the section of the link */
  function write(link: object = {}): string {
    const { host, componentPort, componentDomain, componentSecret } = prosody();
    const path = join(folder, "twotick.toml");
    const options = {
      host: { domain: host },
      link: { port: componentPort, domain: componentDomain, secret: componentSecret, ...link },
      store: { path: "twotick.db", key: randomBytes(32).toString("base64") },
      http: { port: httpPort },
    };
    writeFileSync(path, toToml(options));
    return path;
  }

  function run(...args: string[]) {
    return spawnSync(process.execPath, [...MAIN, ...args], { encoding: "utf8", timeout: 20_000 });
  }

  /** Starts it and gathers what it says. */
  function start(path: string): { child: ChildProcess; said: () => string } {
    const child = spawn(process.execPath, [...MAIN, "--config", path], { stdio: ["ignore", "pipe", "pipe"] });
    running.push(child);
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    return { child, said: () => said };
  }

  it("links to Prosody, is ready, and exits 0 at SIGTERM", async () => {
    const { child, said } = start(write());
    await until("it is linked", () => said().includes("linked to the server"), 20_000);
    const ready = await fetch(`http://127.0.0.1:${httpPort}/readyz`);
    expect(ready.status).equal(200);
    child.kill("SIGTERM");
    const [code] = (await once(child, "exit")) as [number];
    expect(code, said()).equal(0);
    expect(said()).contain("stopped");
  });

  it("exits 1 and says so in one sentence when the secret is wrong", async () => {
    const { child, said } = start(write({ secret: "wrong" }));
    const [code] = (await once(child, "close")) as [number];
    expect(code).equal(1);
    expect(
      said()
        .split("\n")
        .filter((line) => /^twotick: ./.test(line)),
      said(),
    ).length(1);
    expect(said()).not.contain("    at ");
  });

  it("exits 1 and says so when the secret is refused after it was linked", async () => {
    const { child, said } = start(write({ max_retry_seconds: 0.1 }));
    const closed = once(child, "close") as Promise<[number]>;
    await until("it is linked", () => said().includes("linked to the server"), 20_000);
    const server = prosody();
    const configuration = readFileSync(server.configPath, "utf8");
    await server.stop();
    try {
      writeFileSync(server.configPath, configuration.replace(server.componentSecret, "another"));
      await server.start();
      const [code] = await closed;
      expect(code, said()).equal(1);
      expect(said()).match(/^twotick: .*not-authorized/m);
    } finally {
      await server.stop();
      writeFileSync(server.configPath, configuration);
      await server.start();
    }
  });

  it("exits 0 at SIGTERM while Prosody is away, too", async () => {
    const { child, said } = start(write({ port: await freePort() }));
    await until("it tries", () => said().includes("ECONNREFUSED"), 20_000);
    child.kill("SIGTERM");
    const [code] = (await once(child, "close")) as [number];
    expect(code, said()).equal(0);
    expect(said()).not.contain("twotick: ");
  });

  it("exits 2 when the key is not the one of the store", () => {
    const path = write();
    const database = openDatabase(join(folder, "twotick.db"));
    migrate(database, [accounts]);
    database
      .prepare("INSERT INTO numbers (hash, sealed) VALUES (?, ?)")
      .run(randomBytes(32), randomBytes(40));
    database.close();
    const { status, stderr } = run("--config", path);
    expect(status, stderr).equal(2);
    expect(stderr).match(/^twotick: store\.key: is not the key/m);
  });

  it("exits 1 when its HTTP port is taken", async () => {
    const squatter = createServer().listen(httpPort, "127.0.0.1");
    await once(squatter, "listening");
    const { status, stderr } = run("--config", write());
    squatter.close();
    expect(status).equal(1);
    expect(stderr).contain(String(httpPort)).not.contain("    at ");
  });

  it("only looks at the configuration with --check", () => {
    expect(run("--config", write(), "--check")).include({
      status: 0,
      stdout: "The configuration is sound.\n",
    });
  });

  const wrong: [why: string, args: () => string[], said: string][] = [
    ["a faulty configuration", () => ["--config", write({ port: 0, speed: 1 })], "2 faults"],
    ["a missing file", () => ["--config", join(folder, "nothing.toml")], "cannot be read"],
    ["a file that is no configuration", () => ["--config", folder], "cannot be read"],
    ["an unknown option", () => ["--config", write(), "--fast"], "unknown option"],
    ["a word that is no option", () => ["--config", write(), "please"], "too many arguments"],
  ];
  for (const [why, args, said] of wrong) {
    it(`exits 2 for ${why}`, () => {
      const { status, stderr } = run(...args());
      expect(status).equal(2);
      expect(stderr).contain(said).not.contain("    at ");
    });
  }
});
