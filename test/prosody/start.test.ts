import { expect } from "chai";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { freePort, isListening } from "../../prosody/ports.js";
import { temporaryFolder } from "../support/prosody.js";
import { until } from "../support/until.js";

const ROOT = new URL("../..", import.meta.url).pathname;
const START = ["--import", "tsx", join(ROOT, "cli/main.ts"), "start"];

interface Ports {
  client: number;
  component: number;
  http: number;
}

/** A development start in a process of its own. */
class Start {
  readonly child: ChildProcess;
  output = "";
  readonly #ended: Promise<unknown>;

  constructor(program: string, args: readonly string[], options: { detached?: boolean } = {}) {
    this.child = spawn(program, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], ...options });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => (this.output += text));
    this.#ended = once(this.child, "close");
  }

  async saying(text: string): Promise<void> {
    await until(
      `it says "${text}"`,
      () => {
        if (this.output.includes(text)) return true;
        if (this.child.exitCode !== null)
          throw new Error(`it ended without saying "${text}": ${this.output}`);
        return false;
      },
      20_000,
    );
  }

  async exitCode(): Promise<number | null> {
    await this.#ended;
    return this.child.exitCode;
  }
}

describe("npm start", function () {
  this.timeout(60_000);
  const running: Start[] = [];
  const folders: string[] = [];
  let ports: Ports;
  let data: string;

  beforeEach(async () => {
    ports = { client: await freePort(), component: await freePort(), http: await freePort() };
    data = join(newFolder(), "data");
  });

  afterEach(async () => {
    for (const one of running.splice(0)) {
      if (one.child.exitCode === null) one.child.kill("SIGTERM");
      await one.exitCode();
    }
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  function newFolder(): string {
    const folder = temporaryFolder();
    folders.push(folder);
    return folder;
  }

  function options(): string[] {
    const { client, component, http } = ports;
    return [
      ["--data", data],
      ["--client-port", String(client)],
      ["--component-port", String(component)],
      ["--http-port", String(http)],
    ].flat();
  }

  function run(args: readonly string[]): Start {
    const started = new Start(process.execPath, [...START, ...args]);
    running.push(started);
    return started;
  }

  async function started(): Promise<Start> {
    const start = run(options());
    await start.saying("Ctrl-C stops everything");
    return start;
  }

  async function post(path: string, body: object): Promise<Record<string, unknown>> {
    const answer = await fetch(`http://127.0.0.1:${ports.http}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(answer.ok, `status ${answer.status}`).equal(true);
    return (await answer.json()) as Record<string, unknown>;
  }

  it("signs somebody up with the code that it shows, as it says on the terminal", async () => {
    const start = await started();
    expect(start.output).contain(`http://127.0.0.1:${ports.http}/v1/sign-ups`);
    const page = /http:\S+\/welcome\//.exec(start.output)?.[0] ?? "";
    expect((await fetch(page)).headers.get("content-type")).contain("text/html");
    const { session } = await post("/v1/sign-ups", { number: "+15551230001" });
    await start.saying("your code is ");
    const code = /your code is (\d{6})/.exec(start.output)?.[1];
    const answer = await post(`/v1/sign-ups/${String(session)}/verification`, { code });
    expect(answer).include({ address: "+15551230001@phone.example.org", number: "+15551230001" });
  });

  it("stops everything at SIGTERM and finds all data again at the next start", async () => {
    const first = await started();
    const { session } = await post("/v1/sign-ups", { number: "+15551230001" });
    const linkSecret = readFileSync(join(data, "link-secret"), "utf8");
    first.child.kill("SIGTERM");
    expect(await first.exitCode()).equal(0);
    for (const port of Object.values(ports))
      expect(await isListening(port as number, "127.0.0.1")).equal(false);
    await started();
    expect(readFileSync(join(data, "link-secret"), "utf8")).equal(linkSecret);
    const code = /your code is (\d{6})/.exec(first.output)?.[1];
    await post(`/v1/sign-ups/${String(session)}/verification`, { code });
  });

  it("exits 0 through npm when Ctrl-C reaches the whole foreground group", async () => {
    const start = new Start("npm", ["start", "--", ...options()], { detached: true });
    running.push(start);
    await start.saying("Ctrl-C stops everything");
    process.kill(-(start.child.pid as number), "SIGINT");
    expect(await start.exitCode(), start.output).equal(0);
    expect(start.output).contain("Stopped.");
    expect(await isListening(ports.client, "127.0.0.1")).equal(false);
  });

  it("exits 0 through npm when npm alone gets SIGTERM", async () => {
    const start = new Start("npm", ["start", "--", ...options()]);
    running.push(start);
    await start.saying("Ctrl-C stops everything");
    start.child.kill("SIGTERM");
    expect(await start.exitCode(), start.output).equal(0);
    expect(start.output).contain("Stopped.");
    expect(await isListening(ports.client, "127.0.0.1")).equal(false);
  });

  it("keeps its secrets to the owner and makes each once, at random", async () => {
    await started();
    for (const name of ["link-secret", "store-key"]) {
      expect(statSync(join(data, name)).mode & 0o777).equal(0o600);
      expect(Buffer.from(readFileSync(join(data, name), "utf8"), "base64")).length(32);
    }
    expect(statSync(data).mode & 0o777).equal(0o700);
  });

  it("says so when it already runs with that folder", async () => {
    const first = await started();
    ports = { client: await freePort(), component: await freePort(), http: await freePort() };
    const second = run(options());
    expect(await second.exitCode()).equal(1);
    expect(second.output).contain(
      `already running with the data folder ${data} (process ${first.child.pid})`,
    );
    expect(second.output.trim().split("\n")).length(1);
  });

  for (const [option, name] of [
    ["--client-port", "client"],
    ["--component-port", "component"],
    ["--http-port", "http"],
  ] as const) {
    it(`names a taken port and the option ${option}`, async () => {
      const squatter = createServer().listen(ports[name], "127.0.0.1");
      await once(squatter, "listening");
      const start = run(options());
      expect(await start.exitCode()).equal(1);
      squatter.close();
      expect(start.output).match(new RegExp(`port ${ports[name]} .*${option}.* is in use`));
      expect(start.output.trim().split("\n")).length(1);
    });
  }

  it("takes over from a start that was killed with -9, whose Prosody is still there", async () => {
    const first = await started();
    first.child.kill("SIGKILL");
    await first.exitCode();
    expect(await isListening(ports.client, "127.0.0.1")).equal(true);
    const second = await started();
    expect(second.output).contain("Stopped the Prosody that an earlier start left behind");
  });

  it("stops with exit code 1 and says so when Prosody ends by itself", async () => {
    const start = await started();
    process.kill(Number(readFileSync(join(data, "prosody", "prosody.pid"), "utf8")), "SIGKILL");
    expect(await start.exitCode()).equal(1);
    expect(start.output).contain("Prosody has ended by itself, so everything was stopped");
    expect(await isListening(ports.http, "127.0.0.1")).equal(false);
  });

  it("says in one sentence that a folder cannot be written", async () => {
    const parent = newFolder();
    chmodSync(parent, 0o555);
    // Root may write everywhere but here
    data = process.getuid?.() === 0 ? "/sys/twotick" : join(parent, "data");
    const start = run(options());
    expect(await start.exitCode(), start.output).equal(1);
    expect(start.output).match(/the data folder .* cannot be used: (this user may not|it is on a read-only)/);
    expect(start.output.trim().split("\n")).length(1);
    chmodSync(parent, 0o755);
  });

  it("says in one sentence that the folder is a file", async () => {
    data = join(newFolder(), "file");
    writeFileSync(data, "");
    const start = run(options());
    expect(await start.exitCode()).equal(1);
    expect(start.output).contain("there is a file of that name");
    expect(start.output.trim().split("\n")).length(1);
  });

  it("refuses a folder whose database has lost its key rather than making a new one", async () => {
    const first = await started();
    first.child.kill("SIGTERM");
    await first.exitCode();
    rmSync(join(data, "store-key"));
    const second = run(options());
    expect(await second.exitCode()).equal(1);
    expect(second.output).contain("store-key");
    expect(existsSync(join(data, "store-key"))).equal(false);
  });

  it("says in one sentence that Prosody is missing", async () => {
    const start = new Start("/usr/bin/env", [
      `PATH=${newFolder()}`,
      process.execPath,
      ...START,
      ...options(),
    ]);
    running.push(start);
    expect(await start.exitCode()).equal(1);
    expect(start.output).contain(
      'Prosody is not installed (prosody was not found): install the package "prosody"',
    );
    expect(start.output.trim().split("\n")).length(1);
  });

  const wrong: [why: string, args: string[], said: string][] = [
    ["an unknown option", ["--speed", "9"], "unknown option '--speed'"],
    ["a port that is none", ["--client-port", "70000"], "A port is a number from 1 to 65535"],
    ["two ports that are the same", ["--client-port", "5347"], "have to differ"],
    ["an address that others can reach", ["--interface", "0.0.0.0"], "only a loopback address"],
    ["a domain that is none", ["--domain", "a@b"], "A domain is a name"],
    ["an unknown log level", ["--log-level", "loud"], "Allowed choices are"],
    ["a word that is no option", ["please"], "too many arguments"],
    ["an option without its value", ["--data"], "argument missing"],
  ];
  for (const [why, args, said] of wrong) {
    it(`refuses ${why} with exit code 2`, async () => {
      const start = run(args);
      expect(await start.exitCode()).equal(2);
      expect(start.output).contain(said);
    });
  }

  it("explains its options", async () => {
    const start = run(["--help"]);
    expect(await start.exitCode()).equal(0);
    for (const option of ["--data", "--domain", "--number-domain", "--client-port", "--log-level"])
      expect(start.output).contain(option);
  });
});
