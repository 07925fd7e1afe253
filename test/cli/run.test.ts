import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect } from "chai";
import type { Command } from "commander";
import { jsonAnswersOf } from "../../cli/command.js";
import { createProgram, loadAll } from "../../cli/program.js";
import { commandLinePage } from "../../docs/command-line.js";
import { runHere } from "../support/cli.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const ESCAPE = "\u001B";

/** The commands that do something, with the words that lead to each. */
function leaves(command: Command, before: readonly string[] = []): { words: string[]; command: Command }[] {
  return command.commands.flatMap((child) => {
    const words = [...before, child.name()];
    return child.commands.length === 0 ? [{ words, command: child }] : leaves(child, words);
  });
}

describe("twotick", function () {
  // All commands are loaded, and compiled where they never were
  this.timeout(60_000);
  let all: { words: string[]; command: Command }[];
  before(async () => {
    const stream = new PassThrough();
    const { program } = createProgram({ input: stream, output: stream, errors: stream, env: {}, cwd: "/" });
    await loadAll(program);
    all = leaves(program);
  });

  it("says on standard output what it can do, and its version, and exits with 0", async () => {
    const help = await runHere(["--help"]);
    expect([help.code, help.errors]).to.deep.equal([0, ""]);
    for (const name of [
      "start",
      "init",
      "component",
      "doctor",
      "admin",
      "signup",
      "chat",
      "bot",
      "completion",
    ])
      expect(help.out).to.match(new RegExp(`^  ${name} `, "m"));
    expect((await runHere(["--version"])).out).to.match(/^\d+\.\d+\.\d+\n$/);
  });

  it("explains every command, also as `help COMMAND`", async () => {
    expect(all.length).to.be.above(20);
    for (const { words } of all) {
      const { code, out } = await runHere([...words, "--help"]);
      expect(code, words.join(" ")).to.equal(0);
      expect(out)
        .to.contain(`Usage: twotick ${words.join(" ")}`)
        .and.to.contain("--json");
    }
    expect((await runHere(["help", "admin", "announce"])).out).to.contain("Usage: twotick admin announce");
  });

  it("has an example of its JSON for every command", () => {
    for (const { words, command } of all)
      expect(jsonAnswersOf(command), words.join(" ")).not.to.deep.equal([]);
  });

  const wrong: [args: string[], said: RegExp][] = [
    [["strat"], /unknown command 'strat'\n\(Did you mean start\?\)/],
    [["backup", "file"], /unknown command 'backup'\n\(Did you mean admin backup\?\)/],
    [["admin", "numbres"], /Did you mean numbers\?/],
    [["start", "--http-prot", "1"], /Did you mean --http-port\?/],
    [["start", "--client-port", "70000"], /A port is a number from 1 to 65535/],
    [["start", "--client-port", "5347"], /have to differ/],
    [["admin", "delete", "12"], /A number is in international form/],
    [["admin", "export", "+15551230001"], /missing required argument 'file'/],
    [["completion", "tcsh"], /Allowed choices are bash, zsh, fish/],
    [["admin", "numbers", "--config", "/nowhere.toml"], /the configuration \/nowhere\.toml cannot be read/],
    [["chat", "please", "now"], /too many arguments/],
    [["init"], /nobody is there to be asked: give --domain and --yes/],
    [["signup", "--store", "/nowhere/chat.db"], /nobody is there to be asked: give the number/],
    [[], /^Usage: twotick/],
  ];
  for (const [args, said] of wrong)
    it(`exits with 2 for "${args.join(" ")}", on standard error`, async () => {
      const { code, out, errors } = await runHere(args);
      expect([code, out]).to.deep.equal([2, ""]);
      expect(errors).to.match(said);
    });

  it("exits with 3 when nobody answers", async () => {
    const { code, errors } = await runHere([
      "signup",
      "+15551230001",
      "--app",
      "--code",
      "000001",
      "--api",
      "http://127.0.0.1:9",
    ]);
    expect([code, errors]).to.deep.equal([3, "twotick: the sign-up service did not answer\n"]);
  });

  it("tells a program of errors as JSON, with --json wherever it stands", async () => {
    for (const args of [
      ["--json", "admin", "numbers", "-c", "/nowhere.toml"],
      ["admin", "numbers", "-c", "/nowhere.toml", "--json"],
    ]) {
      const { code, out, errors } = await runHere(args);
      expect([code, out]).to.deep.equal([2, ""]);
      const { error } = JSON.parse(errors) as { error: Record<string, string> };
      expect(error).to.include({ code: "invalid-input" }).and.to.have.property("message");
    }
    const { errors } = await runHere(["strat", "--json"]);
    expect(JSON.parse(errors)).to.have.nested.property("error.code", "usage");
  });

  it("has colours on a terminal alone, and not with NO_COLOR, TERM=dumb or --no-color", async () => {
    const folder = temporaryFolder();
    const config = join(folder, "twotick.toml");
    const key = Buffer.alloc(32).toString("base64");
    writeFileSync(
      config,
      `host.domain = "example.org"\nlink = { domain = "phone.example.org", secret = "secret" }\nstore = { path = "twotick.db", key = "${key}" }\n`,
    );
    const doctor = ["doctor", "--config", config, "--prosody-config", "/nowhere/prosody.cfg.lua"];
    const said = async (options: object, ...more: string[]): Promise<string> =>
      (await runHere([...doctor, ...more], options)).out;
    expect(await said({ isTTY: true })).to.contain(ESCAPE);
    expect(await said({})).not.to.contain(ESCAPE);
    expect(await said({ isTTY: true, env: { NO_COLOR: "1" } })).not.to.contain(ESCAPE);
    expect(await said({ isTTY: true, env: { TERM: "dumb" } })).not.to.contain(ESCAPE);
    expect(await said({ isTTY: true }, "--no-color")).not.to.contain(ESCAPE);
    rmSync(folder, { recursive: true });
  });
});

describe("docs/command-line.md", function () {
  this.timeout(60_000);
  it("names every command and says what it exits with", async () => {
    const page = await commandLinePage();
    for (const heading of [
      "## twotick start",
      "### twotick admin set-aside",
      "#### twotick admin announce send",
    ])
      expect(page).to.contain(`\n${heading}\n`);
    expect(page).to.contain("| 130 |");
  });
});
