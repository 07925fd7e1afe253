import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { requireUpstream } from "./libsignal/peer.js";
import { LinePeer } from "./line-peer.js";
import { requireLibrary } from "./python/peer.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const REFUSALS = { duplicate: "", badMac: "", usedPreKey: "", forgedBundle: "" };

/** What is ours and could import something, from the root. */
function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.[cm]?[jt]s$/.test(name))
    .map((name) => join(folder, name));
}

/** Whether the file imports the library, in any of the ways there are, or loads it through a path. */
function importsLibsignal(file: string): boolean {
  return /(?:from|import|require|resolve)\s*\(?\s*["'`][^"'`]*libsignal-protocol/.test(
    readFileSync(join(ROOT, file), "utf8"),
  );
}

describe("requireLibrary", () => {
  it("names the Debian package where a Python library is missing", () => {
    expect(() => requireLibrary("nosuchmemo")).to.throw("it takes: apt-get install python3-nosuchmemo");
  });
});

describe("requireUpstream", () => {
  it("finds the package whose MAC check stands behind the name of the one that has none", () => {
    requireUpstream();
  });
});

describe("LinePeer", () => {
  it("says why its program cannot be asked", async () => {
    const peer = new LinePeer("no-such-program", [], REFUSALS);
    let failure: unknown;
    await peer.bundle(1).catch((error: unknown) => (failure = error));
    expect(String(failure)).to.include("no-such-program ENOENT");
    await peer.stop();
  });

  it("tells the last words of a program that has ended", async () => {
    const peer = new LinePeer(process.execPath, ["-e", "throw new Error('out of luck')"], REFUSALS);
    let failure: unknown;
    await peer.bundle(1).catch((error: unknown) => (failure = error));
    expect(String(failure)).to.include("out of luck");
    await peer.stop();
  });
});

describe("libsignal-protocol-typescript, GPL-3.0-only", () => {
  it("is imported by its own peer program and by nothing else", () => {
    const folders = ["src", "component", "sdk", "examples", "bench", "prosody", "docs", "test"];
    const importers = folders.flatMap(sources).filter(importsLibsignal);
    expect(importers).to.deep.equal([relative(ROOT, join(ROOT, "test/interop/libsignal/peer.mjs"))]);
  });

  it("is a dependency of the tests only", () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Record<string, object>;
    const holders = Object.keys(manifest).filter(
      (key) => "libsignal-protocol-typescript" in Object(manifest[key]),
    );
    expect(holders).to.deep.equal(["devDependencies"]);
  });
});
