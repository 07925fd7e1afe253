import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect } from "chai";
import type { Command } from "commander";
import { jsonAnswersOf } from "../../cli/command.js";
import { createProgram, loadAll } from "../../cli/program.js";
import { resolveProsodyConfig } from "../../prosody/config.js";
import { freePort } from "../../prosody/ports.js";
import { ProsodyProcess } from "../../prosody/prosody.js";
import { CLI, runHere, type RanHere } from "../support/cli.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { Tmux } from "../support/tmux.js";
import { until } from "../support/until.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const NOBODY = "+15559876543";

/** A Prosody as a distribution configures it. */
function surroundings(folder: string, clientPort: number, componentPort: number): string {
  return `
pidfile = "${folder}/prosody.pid"
data_path = "${folder}"
certificates = "${folder}/certificates"
admin_socket = "${folder}/prosody.sock"
log = { { levels = { min = "info" }, to = "file", filename = "${folder}/prosody.log" } }
run_as_root = ${process.getuid?.() === 0}
interfaces = { "127.0.0.1" }
component_interfaces = { "127.0.0.1" }
c2s_ports = { ${clientPort} }
component_ports = { ${componentPort} }
modules_enabled = { "disco"; "mam"; "pep"; "ping"; "roster"; "saslauth"; "smacks" }
modules_disabled = { "s2s", "tls" }
c2s_require_encryption = false
authentication = "internal_hashed"
VirtualHost "example.org"
`;
}

describe("twotick, from init to doctor", function () {
  this.timeout(90_000);
  let folder: string;
  let prosody: ProsodyProcess;
  let component: ChildProcess;
  let config: string;
  let service: string[];
  let program: Command;
  const terminals: Tmux[] = [];

  before(async () => {
    folder = temporaryFolder();
    mkdirSync(join(folder, "certificates"));
    config = join(folder, "etc", "twotick.toml");
    const [clientPort, componentPort, httpPort] = [await freePort(), await freePort(), await freePort()];
    service = ["--service", `xmpp://127.0.0.1:${clientPort}`, "--api", `http://127.0.0.1:${httpPort}`];
    const ports = { clientPort, componentPort, componentSecret: "unused" };
    prosody = new ProsodyProcess(resolveProsodyConfig({ dataDir: folder, ...ports }), ["prosody"], 10_000);
    writeFileSync(prosody.configPath, surroundings(folder, clientPort, componentPort));
    const made = await runHere(
      [
        "init",
        "--yes",
        "--domain",
        "example.org",
        "--folder",
        "etc",
        "--store",
        "twotick.db",
        "--prosody-config",
        prosody.configPath,
        "--component-port",
        String(componentPort),
        "--http-port",
        String(httpPort),
      ],
      { cwd: folder },
    );
    expect(made.code, made.out + made.errors).to.equal(0);
    appendFileSync(config, `\n[sign_up.test_numbers]\n"${ROMEO}" = "000001"\n"${JULIET}" = "000002"\n`);
    await prosody.start();
    component = await startComponent();
    const stream = new PassThrough();
    ({ program } = createProgram({ input: stream, output: stream, errors: stream, env: {}, cwd: "/" }));
    await loadAll(program);
  });

  after(async () => {
    for (const terminal of terminals) terminal.stop();
    await stopComponent();
    await prosody?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function startComponent(): Promise<ChildProcess> {
    const child = spawn(process.execPath, ["--import", "tsx", CLI, "component", "--config", config], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
    await until("the component is linked", () => said.includes("linked to the server"), 30_000);
    return child;
  }

  async function stopComponent(): Promise<void> {
    if (!component || component.exitCode !== null) return;
    component.kill("SIGTERM");
    await once(component, "exit");
  }

  /** Runs a command of the administrator. */
  const admin = (...args: readonly string[]): Promise<RanHere> =>
    runHere(["admin", ...args, "--config", config], { cwd: folder });

  /** Runs it for a program, and holds what it tells against the example in the documentation. */
  async function adminJson(...args: readonly string[]): Promise<RanHere["json"]> {
    const { code, json, errors } = await admin(...args, "--json");
    expect(code, errors).to.equal(0);
    let command = program.commands.find((one) => one.name() === "admin") as Command;
    for (const word of args) command = command.commands.find((one) => one.name() === word) ?? command;
    const shapes = jsonAnswersOf(command).map(({ example }) => Object.keys(example).sort().join());
    for (const line of json) expect(shapes).to.include(Object.keys(line).sort().join());
    return json;
  }

  const store = (name: string): string => join(folder, `${name}.db`);

  function chat(name: string, number: string): Tmux {
    const command = [process.execPath, "--import", import.meta.resolve("tsx"), CLI, "chat", number];
    const terminal = new Tmux([...command, "--store", store(name), ...service]);
    terminals.push(terminal);
    return terminal;
  }

  it("signs people up", async () => {
    const api = service.slice(2);
    const romeo = await runHere([
      "signup",
      ROMEO,
      "--code",
      "000001",
      "--store",
      store("romeo"),
      ...api,
      "--json",
    ]);
    expect(romeo.code, romeo.errors).to.equal(0);
    expect(romeo.json).to.deep.equal([{ number: ROMEO, store: store("romeo") }]);
    // The code may come by standard input, too
    const juliet = await runHere(["signup", JULIET, "--store", store("juliet"), ...api], {
      input: "000002\n",
    });
    expect(juliet.out, juliet.errors).to.contain(`${JULIET} is signed up`);
    const again = await runHere(["signup", ROMEO, "--code", "000001", "--store", store("romeo"), ...api]);
    expect([again.code, again.errors.includes("signed up already")]).to.deep.equal([2, true]);
    const wrong = await runHere(["signup", ROMEO, "--code", "999999", "--store", store("new"), ...api]);
    expect(wrong.code, wrong.errors).to.equal(1);
  });

  it("lets two people chat in terminals, with ticks, and verify each other", async () => {
    const romeo = chat("romeo", JULIET);
    const juliet = chat("juliet", ROMEO);
    await romeo.sees(`You are ${ROMEO}`);
    await juliet.sees(`You are ${JULIET}`);
    romeo.type("wherefore");
    await juliet.sees(`${ROMEO}: wherefore`);
    await romeo.sees(/●● you: wherefore/);
    juliet.type("deny thy name");
    await romeo.sees(`${JULIET}: deny thy name`);
    romeo.type("/verify");
    await romeo.sees("Compare it by a call");
    const digits = romeo.screen.match(/(?:\d{5} ?){4}/g) ?? [];
    juliet.type("/verify");
    await juliet.sees("Compare it by a call");
    for (const row of digits) expect(juliet.screen).to.contain(row.trim());
    expect(digits).to.have.lengthOf(3);
    romeo.type(`/verify ${digits.join(" ")}`);
    await romeo.sees(`${JULIET} is verified: 1 devices.`);
    juliet.type("/verify yes");
    await juliet.sees(`${ROMEO} is verified: 1 devices.`);
    romeo.type("/devcies");
    await romeo.sees("there is no /devcies");
    romeo.type("/devices");
    await romeo.sees(/device \d+, verified:/);
    juliet.type("/quit");
  });

  it("keeps what was said, and what is written to somebody who is away", async () => {
    const [romeo] = terminals as [Tmux];
    for (let line = 1; line <= 30; line++) romeo.type(`verse ${line}`);
    await romeo.sees(/✓ {2}you: verse 30/);
    // What has scrolled away is in the terminal's own scrollback, each line once
    const said = romeo.everything.match(/you: verse \d+$/gm) ?? [];
    expect(said).to.deep.equal(Array.from({ length: 30 }, (_, index) => `you: verse ${index + 1}`));
    const juliet = chat("juliet", ROMEO);
    await juliet.sees(`${ROMEO}: verse 30`);
    await romeo.sees(/●● you: verse 30/);
    expect(juliet.everything).to.contain("wherefore").and.to.contain("deny thy name");
    juliet.press("C-d");
    romeo.press("C-c");
    await romeo.sees("ended with 0");
    await juliet.sees("ended with 0");
  });

  it("writes what a script gives it, and tells the script how far that came", async () => {
    const args = ["chat", JULIET, "--store", store("romeo"), ...service, "--json"];
    const { code, json, errors } = await runHere(args, { input: "by a script\n/me\n" });
    expect(code, errors).to.equal(0);
    expect(json).to.deep.include.members([
      {
        event: "state",
        id: json.find(({ text }) => text === "by a script")?.["id"],
        to: JULIET,
        state: "accepted",
      },
    ]);
    const refused = await runHere([...args.slice(0, 1), NOBODY, ...args.slice(2)], { input: "anybody?\n" });
    expect(refused.code).to.equal(1);
    expect(refused.json.filter(({ state }) => state === "failed")).to.have.lengthOf(1);
  });

  it("lists numbers, devices, mailboxes and limits", async () => {
    const numbers = await adminJson("numbers");
    expect(numbers.map(({ number }) => number)).to.deep.equal([ROMEO, JULIET]);
    expect((await admin("numbers", "--prefix", "+49")).out).to.equal("");
    const [device] = await adminJson("devices", "list", JULIET);
    expect(device).to.include({ waitingEntries: 1, resource: null });
    const [mailbox] = await adminJson("mailboxes");
    expect(mailbox).to.include({ waitingEntries: 1, deviceId: device?.["deviceId"] });
    const limits = await adminJson("limits", "show", JULIET);
    expect(limits.map(({ limit }) => limit)).to.deep.equal(["sign-ups", "pin", "lookups"]);
    expect(limits[0]).to.include({ left: 99, of: 100 });
    await adminJson("limits", "reset", JULIET);
    expect((await adminJson("limits", "show", JULIET))[0]).to.include({ left: 100, fullAt: null });
    expect((await adminJson("limits", "show"))[0]).to.include({ limit: "daily-budget", left: 1000 });
  });

  it("says what an announcement would be, and asks nobody in a script", async () => {
    const [plan] = await adminJson("announce", "send", "Good night", "--dry-run");
    expect(plan).to.deep.equal({ id: null, people: 0, withoutApp: 2, seconds: 1 });
    expect((await admin("announce", "send", "Good night")).code).to.equal(2);
    expect(await adminJson("announce", "list")).to.deep.equal([]);
    const [sent] = await adminJson("announce", "send", "Good night", "--yes");
    expect(sent).to.include({ reached: 0, unreached: 2, left: 0, isCancelled: 0 });
    expect((await admin("announce", "cancel")).errors).to.contain("No announcement is under way");
  });

  it("lists what is set aside, and says when there is no such entry", async () => {
    expect((await admin("set-aside", "list")).out).to.equal("Nothing is set aside.\n");
    const { code, errors } = await admin("set-aside", "retry", "17");
    expect([code, errors]).to.deep.equal([1, "twotick: No entry with this id is set aside\n"]);
  });

  it("backs up beside the running component, and checks the copy", async () => {
    const [facts] = await adminJson("backup", "copy.db");
    expect(facts).to.include({ accounts: 2, waitingEntries: 1 });
    expect((await admin("backup", "copy.db")).errors).to.contain("exists already");
    expect((await adminJson("restore", "copy.db", "--check"))[0]).to.include({ accounts: 2 });
    expect((await admin("restore", "copy.db")).code).to.equal(1);
  });

  it("exports what is kept about a number into a file that nobody else can read, and over none", async () => {
    const file = join(folder, "juliet.jsonl");
    expect((await adminJson("export", JULIET, file))[0]).to.deep.equal({ file, bytes: statSync(file).size });
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(readFileSync(file, "utf8")).to.contain(JULIET);
    expect((await admin("export", JULIET, file)).code).to.equal(1);
    const none = join(folder, "none.jsonl");
    expect((await admin("export", NOBODY, none)).code).to.equal(1);
    expect(existsSync(none)).to.equal(false);
  });

  it("finds nothing broken in what it has set up", async () => {
    const { code, out } = await runHere([
      "doctor",
      "--config",
      config,
      "--prosody-config",
      prosody.configPath,
    ]);
    expect(code, out).to.equal(0);
    const broken = await runHere([
      "doctor",
      "--config",
      config,
      "--prosody-config",
      "/nowhere/prosody.cfg.lua",
    ]);
    expect([broken.code, broken.out.includes("--prosody-config says where it is")]).to.deep.equal([1, true]);
  });

  it("shows a link that opens the dashboard", async () => {
    const { json } = await runHere(["dashboard", "--config", config, "--hours", "1", "--json"]);
    const [page = "", token = ""] = String(json[0]?.["url"]).split("#token=");
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(page)).status).to.equal(200);
    expect((await fetch(new URL("v1/samples", page), { headers })).status).to.equal(200);
    expect((await fetch(new URL("v1/samples", page))).status).to.equal(401);
  });

  it("removes a PIN, a device, and everything about a number", async () => {
    expect((await admin("reset-pin", JULIET)).code).to.equal(0);
    expect((await admin("reset-pin", NOBODY)).errors).to.contain("Nothing is kept about this number");
    const [device] = await adminJson("devices", "list", JULIET);
    await adminJson("devices", "remove", JULIET, String(device?.["deviceId"]));
    expect((await admin("devices", "list", JULIET)).out).to.equal("There is none.\n");
    expect((await admin("devices", "remove", JULIET, "1")).errors).to.contain("no such device");
    const [deleted] = await adminJson("delete", JULIET);
    expect(deleted).to.include({ isAccountDeleted: true });
    expect((await adminJson("numbers")).map(({ number }) => number)).to.deep.equal([ROMEO]);
  });

  it("says when the component does not run, and exits with 3", async () => {
    await stopComponent();
    const { code, errors } = await admin("numbers");
    expect([code, errors.includes("does the component run?")]).to.deep.equal([3, true]);
    const [restored] = await adminJson("restore", "copy.db");
    expect(restored).to.include({ accounts: 2, deletions: 1 });
  });
});
