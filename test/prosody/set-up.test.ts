import { expect } from "chai";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { buildFlags } from "../../prosody/set-up-modules.mjs";
import { missingNeeds } from "../../prosody/set-up-packages.mjs";
import { temporaryFolder } from "../support/prosody.js";

const PROSODY_FOLDER = new URL("../../prosody/", import.meta.url).pathname;
const LIBRARY = { version: "1.0.0", resolved: "library.tgz" };

/** A fresh machine, as far as the set-up sees it: a checkout of its own and a path with chosen programs only. */
class Machine {
  readonly root = temporaryFolder();
  readonly programs = join(this.root, "programs");

  constructor() {
    mkdirSync(join(this.root, "prosody"));
    for (const name of readdirSync(PROSODY_FOLDER).filter((file) => file.endsWith(".mjs")))
      copyFileSync(join(PROSODY_FOLDER, name), join(this.root, "prosody", name));
    mkdirSync(this.programs);
    for (const name of ["sh", "env", "cat", "cp", "mkdir", "chmod"])
      symlinkSync(`/bin/${name}`, join(this.programs, name));
    this.addProgram("sudo", 'shift; exec "$@"');
    this.write("package.json", { engines: { node: ">=20.19" } });
    this.lock(LIBRARY.version);
  }

  /** Makes package-lock.json name one library in this version. */
  lock(version: string): void {
    this.write("package-lock.json", {
      packages: { "": {}, "node_modules/library": { ...LIBRARY, version } },
    });
  }

  write(name: string, content: object): void {
    writeFileSync(join(this.root, name), JSON.stringify(content));
  }

  /** Adds a program to the path: a shell script that also notes how it was called. */
  addProgram(name: string, script: string): void {
    const path = join(this.programs, name);
    const noted = `echo "${name} $*" >> "${this.root}/calls"`;
    writeFileSync(path, `#!/bin/sh\n${name === "sudo" ? "" : noted}\n${script}\n`);
    chmodSync(path, 0o755);
  }

  /** An npm whose `install` brings the libraries that the lock names. */
  addNpm(): void {
    const addon = "node_modules/better-sqlite3";
    this.addProgram(
      "npm",
      `mkdir -p ${addon} && cp package-lock.json node_modules/.package-lock.json && echo "$CFLAGS" > cflags &&
       echo "module.exports = class { close() {} }" > ${addon}/index.js`,
    );
  }

  get calls(): string[] {
    const file = join(this.root, "calls");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  }

  run(args: readonly string[], options: { uid?: number } = {}) {
    const script = join(this.root, "prosody", "set-up.mjs");
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
      encoding: "utf8",
      env: { PATH: this.programs },
      ...options,
    });
    return { status, stdout, stderr };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

describe("missingNeeds", () => {
  it("tells a library of the distribution's Python that is there from one that is not", () => {
    const rest = { packages: ["python3"], why: "stands in the standard library" };
    const missing = { ...rest, pythonLibrary: "no_such_library" };
    expect(missingNeeds([{ ...rest, pythonLibrary: "asyncio" }, missing])).deep.equal([missing]);
  });

  it("tells a library of Prosody's Lua that is there from one that is not", () => {
    const rest = { packages: ["lua5.4"], why: "is part of the language" };
    const missing = { ...rest, luaLibrary: "no_such_library" };
    expect(missingNeeds([{ ...rest, luaLibrary: "string" }, missing])).deep.equal([missing]);
  });
});

describe("buildFlags", () => {
  it("has commits synced with fdatasync on Linux, beside what is asked for otherwise", () => {
    expect(buildFlags("linux", {})).deep.equal({ CFLAGS: "-DHAVE_FDATASYNC=1" });
    expect(buildFlags("linux", { CFLAGS: "-O2" })).deep.equal({ CFLAGS: "-O2 -DHAVE_FDATASYNC=1" });
    expect(buildFlags("darwin", { CFLAGS: "-O2" })).deep.equal({});
  });
});

describe("prosody/set-up.mjs", () => {
  let machine: Machine;

  beforeEach(() => {
    machine = new Machine();
  });

  afterEach(() => machine.remove());

  /** With libraries there already, so that only programs are in question. */
  function withModules(): void {
    machine.addNpm();
    machine.run(["check"]);
    rmSync(join(machine.root, "calls"), { force: true });
  }

  it("says one line and runs nothing where everything is there", () => {
    withModules();
    machine.addProgram("prosody", "");
    expect(machine.run(["start"])).deep.equal({
      status: 0,
      stdout: "Set-up: everything is there.\n",
      stderr: "",
    });
    expect(machine.calls).deep.equal([]);
  });

  it("fetches the libraries of a fresh clone, and does so once", () => {
    machine.addNpm();
    for (const tool of ["python3", "make", "g++"]) machine.addProgram(tool, "");
    const first = machine.run(["check"]);
    expect(first.stdout).contain("runs npm install").contain("done");
    expect(machine.calls).deep.equal(["npm install --no-save --include=dev --no-audit --no-fund"]);
    expect(machine.run(["check"]).stdout).equal("Set-up: everything is there.\n");
  });

  it("has npm build SQLite with the flags of this system", () => {
    machine.addNpm();
    machine.run(["check"]);
    const { CFLAGS = "" } = buildFlags(process.platform, {});
    expect(readFileSync(join(machine.root, "cflags"), "utf8").trim()).equal(CFLAGS);
  });

  it("fetches the libraries again when package-lock.json names another version", () => {
    withModules();
    machine.lock("1.0.1");
    expect(machine.run(["check", "--dry-run"]).stdout).contain("would run npm install");
  });

  it("builds better-sqlite3 again where it does not load", () => {
    withModules();
    writeFileSync(
      join(machine.root, "node_modules/better-sqlite3/index.js"),
      "throw new Error('another Node')",
    );
    expect(machine.run(["check", "--dry-run"]).stdout).contain("would run npm rebuild better-sqlite3");
  });

  it("installs Prosody from the distribution and says why", () => {
    withModules();
    const prosody = join(machine.programs, "prosody");
    machine.addProgram(
      "apt-get",
      `case "$*" in *prosody*) cp "${machine.programs}/sudo" "${prosody}";; esac`,
    );
    const { status, stdout } = machine.run(["start"]);
    expect(status).equal(0);
    expect(stdout).contain("installs prosody (the XMPP server that everything runs on)");
    expect(stdout).contain("own server (port 5222) is switched off");
    const last = machine.calls.findLast((call) => call.startsWith("apt-get install"));
    expect(last).equal("apt-get install -y -q --no-install-recommends prosody");
  });

  it("only says what it would install with --dry-run", () => {
    withModules();
    machine.addProgram("apt-get", "");
    const { status, stdout } = machine.run(["test", "--dry-run"]);
    expect(status).equal(0);
    for (const name of [
      "prosody",
      "gcc and libc6-dev",
      "pkg-config",
      "libomemo-c-dev",
      "libssl-dev",
      "openssl",
    ])
      expect(stdout).contain(`would install ${name} (`);
    expect(machine.calls).deep.equal([]);
  });

  it("fetches the list of packages again when an install fails, then gives up with one sentence", () => {
    withModules();
    machine.addProgram("apt-get", 'case "$1" in install) exit 100;; esac');
    const { status, stderr } = machine.run(["start"]);
    expect(status).equal(1);
    expect(stderr)
      .contain("apt-get could not install prosody")
      .match(/^[^\n]+\n$/);
    expect(machine.calls.slice(-2).map((call) => call.split(" ")[1])).deep.equal(["update", "install"]);
  });

  it("says what to install where there is no apt-get", () => {
    withModules();
    const { status, stderr } = machine.run(["start"]);
    expect(status).equal(1);
    expect(stderr)
      .contain("install prosody")
      .contain("system's package manager")
      .match(/^[^\n]+\n$/);
  });

  it("says which command to run where this user may not install", () => {
    withModules();
    machine.addProgram("apt-get", "");
    machine.addProgram("sudo", "exit 1");
    chmodSync(machine.root, 0o777);
    const isRoot = process.getuid?.() === 0;
    const { status, stderr } = machine.run(["start"], isRoot ? { uid: 65_534 } : {});
    expect(status).equal(1);
    expect(stderr)
      .contain('run "sudo apt-get install prosody" and start again')
      .match(/^[^\n]+\n$/);
  });

  it("names the missing build tools when better-sqlite3 could not be built", () => {
    machine.addProgram("npm", "exit 1");
    const { status, stderr } = machine.run(["check"]);
    expect(status).equal(1);
    expect(stderr)
      .contain("cannot be built without python3, make, g++")
      .match(/^[^\n]+\n$/);
  });

  it("does without the build tools where npm brings a ready-made better-sqlite3", () => {
    machine.addNpm();
    expect(machine.run(["check"])).include({ status: 0, stderr: "" });
  });

  it("refuses a Node that is too old", () => {
    machine.write("package.json", { engines: { node: ">=99.1" } });
    const { status, stderr } = machine.run(["start"]);
    expect(status).equal(1);
    expect(stderr).contain("is too old: install Node 99.1 or newer");
  });

  for (const args of [[], ["party"], ["start", "--force"]]) {
    it(`explains its use with exit code 2 when called with "${args.join(" ")}"`, () => {
      const { status, stderr } = machine.run(args);
      expect(status).equal(2);
      expect(stderr).contain("usage: ");
    });
  }
});
