import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect } from "chai";
import { run } from "../../cli/run.js";
import { loadConfig } from "../../component/config.js";
import { readProsody } from "../../component/doctor/prosody-facts.js";
import { lua } from "../../cli/init/lua.js";
import { runHere, type RanHere } from "../support/cli.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { until } from "../support/until.js";

const PROSODYCTL = "/usr/bin/prosodyctl";
const PROSODY = `
modules_enabled = { "disco"; "mam"; "roster"; "saslauth"; "limits" }
limits = { c2s = { rate = "10kb/s" }; s2sin = { rate = "30kb/s" } }
network_settings = { use_ipv6 = true }
VirtualHost "example.org"
	modules_enabled = { "version" }
	admins = { "nurse@example.org" }
`;

describe("twotick init", () => {
  let folder: string;
  let prosodyConfig: string;
  beforeEach(() => {
    folder = temporaryFolder();
    mkdirSync(join(folder, "prosody"));
    prosodyConfig = join(folder, "prosody", "prosody.cfg.lua");
    writeFileSync(prosodyConfig, PROSODY);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const init = (...more: readonly string[]): Promise<RanHere> =>
    runHere(
      [
        "init",
        "--domain",
        "example.org",
        "--folder",
        "etc",
        "--store",
        "lib/twotick.db",
        "--prosody-config",
        prosodyConfig,
        ...more,
      ],
      { cwd: folder, env: { TWOTICK_SIGN_UP_SECRET: "token" } },
    );
  const facts = () =>
    readProsody(
      { configPath: prosodyConfig, prosodyctlPath: PROSODYCTL },
      "example.org",
      "phone.example.org",
    );

  it("writes both configurations, which fit each other and what Prosody said before", async () => {
    const { code, out } = await init("--yes");
    expect(code, out).to.equal(0);
    expect(out).to.contain("Both configurations are sound.");
    const config = loadConfig(join(folder, "etc", "twotick.toml"), {});
    const { host, component, global } = facts();
    expect(component?.component_secret).to.equal(config.link.secret);
    expect(host?.modules_enabled).to.include.members(["version", "groups", "admin_adhoc"]);
    expect(host?.modules_disabled).to.include.members(["mam", "offline"]);
    expect(host?.admins).to.have.members(["nurse@example.org", "registrar@phone.example.org"]);
    expect(global.limits).to.deep.equal({ c2s: { rate: "1mb/s" }, s2sin: { rate: "30kb/s" } });
    expect(global.network_settings).to.include({ use_ipv6: true, nagle: false });
    expect(global.gc).to.deep.equal({ threshold: 200 });
    expect(config.store.path).to.equal(join(folder, "lib", "twotick.db"));
  });

  it("keeps secrets from others, and draws them anew each time", async () => {
    await init("--yes");
    const key = readFileSync(join(folder, "etc", "store-key"), "utf8");
    for (const name of ["twotick.toml", "link-secret", "store-key"])
      expect(statSync(join(folder, "etc", name)).mode & 0o077, name).to.equal(0);
    expect(statSync(join(folder, "prosody", "twotick.cfg.lua")).mode & 0o007).to.equal(0);
    rmSync(join(folder, "etc"), { recursive: true });
    for (const name of ["twotick.cfg.lua", "twotick-groups.txt"]) rmSync(join(folder, "prosody", name));
    expect((await init("--yes")).code).to.equal(0);
    expect(readFileSync(join(folder, "etc", "store-key"), "utf8")).not.to.equal(key);
    // The line was there already
    expect(readFileSync(prosodyConfig, "utf8").match(/Include/g)).to.have.lengthOf(1);
  });

  it("writes nothing with --dry-run, and shows no secret", async () => {
    const { code, out } = await init("--dry-run");
    expect(code).to.equal(0);
    expect(out).to.contain('component_secret = "…"').and.to.contain("[+Phone]");
    expect(existsSync(join(folder, "etc"))).to.equal(false);
    expect(readFileSync(prosodyConfig, "utf8")).to.equal(PROSODY);
  });

  it("overwrites nothing", async () => {
    await init("--yes");
    const before = readFileSync(join(folder, "etc", "store-key"), "utf8");
    const { code, errors } = await init("--yes");
    expect([code, errors.includes("nothing is overwritten")]).to.deep.equal([1, true]);
    expect(readFileSync(join(folder, "etc", "store-key"), "utf8")).to.equal(before);
  });

  it("leaves Prosody's configuration alone with --no-include, and shows the line", async () => {
    const { out } = await init("--yes", "--no-include");
    expect(out).to.contain('Include "twotick.cfg.lua"');
    expect(readFileSync(prosodyConfig, "utf8")).to.equal(PROSODY);
  });

  it("sets up who carries the codes, and refuses half of it", async () => {
    const http = ["--provider", "http", "--sms-url", "https://sms.example.net/", "--countries", "DE,FR"];
    expect((await init("--yes", ...http)).code).to.equal(0);
    const { signUp } = loadConfig(join(folder, "etc", "twotick.toml"), {});
    expect(signUp.countries).to.deep.equal(["DE", "FR"]);
    expect(readFileSync(join(folder, "etc", "sms-secret"), "utf8")).to.equal("token\n");
    expect((await init("--yes", "--provider", "http")).code).to.equal(2);
    expect((await init("--yes", "--provider", "command")).code).to.equal(2);
  });

  it("tells a program which files there are", async () => {
    const { json } = await init("--yes", "--json");
    expect(json).to.have.lengthOf(1);
    expect(json[0]).to.include({ isIncluded: true, isDryRun: false });
    expect(json[0]?.["files"]).to.include(join(folder, "etc", "twotick.toml"));
  });

  it("asks what it has to know, proposing what is usual; Ctrl-C writes nothing", async () => {
    const asked = await answered([
      "",
      "",
      prosodyConfig,
      join(folder, "etc"),
      join(folder, "twotick.db"),
      "",
      "\u001B[B\u001B[B",
      "",
    ]);
    expect(asked.code, asked.said).to.equal(0);
    const config = loadConfig(join(folder, "etc", "twotick.toml"), {});
    expect(config.signUp.provider).to.equal("console");
    expect(config.link.domain).to.equal("phone.example.org");
    const broken = await answered(["", "\u0003"]);
    expect(broken.code, broken.said).to.equal(130);
  });

  /** Answers the questions of `twotick init` as somebody at a terminal does, one after the other. */
  async function answered(answers: readonly string[]): Promise<{ code: number; said: string }> {
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
    const errors = Object.assign(new PassThrough(), { isTTY: true, columns: 200 });
    let said = "";
    errors.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const output = Object.assign(new PassThrough(), { isTTY: true });
    const ended = run(["init"], { input, output, errors, env: {}, cwd: folder });
    const questions = [
      "The domain of your accounts",
      "The domain of phone numbers",
      "Prosody's configuration",
      "The folder for",
      "The component's store",
      "The port of sign-up",
      "Who carries the codes",
      "Add one line",
    ];
    for (const [index, answer] of answers.entries()) {
      const question = questions[index] ?? "";
      await until(`it asks "${question}"`, () => said.includes(question));
      input.write(answer === "\u0003" ? answer : `${answer}\r`);
    }
    return { code: await ended, said };
  }
});

describe("lua", () => {
  it("writes texts so that Lua reads what was meant", () => {
    expect(lua('a "quoted" \\ text')).to.equal(String.raw`"a \"quoted\" \\ text"`);
    expect(lua(["a", "b"])).to.equal('{ "a"; "b" }');
    expect(lua({ rate: "1mb/s", on: true, of: [] })).to.equal(
      '{ ["rate"] = "1mb/s"; ["on"] = true; ["of"] = {} }',
    );
    expect(() => lua("one\ntwo")).to.throw("a control character");
  });
});
