import { expect } from "chai";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { missingIn } from "../../prosody/check-docstrings.mjs";
import { brokenLinks, longFiles } from "../../prosody/check-files.mjs";
import { temporaryFolder } from "../support/prosody.js";

describe("missingDocstrings", () => {
  const bare: [text: string, missing: string[]][] = [
    ["export const a = 1;", ["a"]],
    ["/** One. */\nexport const a = 1;", []],
    ["// One.\nexport function f() {}", ["f"]],
    ["export interface I { a: 1 }", ["I"]],
    ["export type T = 1;", ["T"]],
    ["const a = 1;\nexport { a };", []],
    ["/** One. */\nexport class C { m() {} #p() {} private q() {} }", ["m"]],
    ["/** One. */\nexport class C {\n/** Two. */ m() {} get g() { return 1; } }", ["g"]],
    ["class C { m() {} }", []],
    ["/** One. */\nexport function f(): 1;\nexport function f() {}", []],
    ["/** One. */\nexport class C {\n/** Two. */ m(): 1;\n m() {} }", []],
  ];
  for (const [text, missing] of bare) {
    it(`${missing.length > 0 ? `misses ${missing.join(", ")}` : "misses nothing"} in ${JSON.stringify(text)}`, () => {
      const names = missingIn("a.ts", text).map((line) => /: (\w+) has/.exec(line)?.[1]);
      expect(names).deep.equal(missing);
    });
  }

  it("asks nothing of members that an interface explains, and everything of the others", () => {
    const text = "/** One. */\nexport class C implements I { m() {} n() {} }";
    const names = missingIn("a.ts", text, new Map([["I", new Set(["m"])]])).map(
      (line) => /: (\w+) has/.exec(line)?.[1],
    );
    expect(names).deep.equal(["n"]);
  });
});

describe("files that are checked", () => {
  let root: string;

  beforeEach(() => {
    root = temporaryFolder();
    for (const folder of ["src", "component", "sdk", "cli", "prosody", "docs"]) mkdirSync(join(root, folder));
  });

  afterEach(() => rmSync(root, { recursive: true }));

  it("names links to what is not there, and no others", () => {
    writeFileSync(join(root, "docs", "a.md"), "# The House, itself\n");
    const good =
      "[a](docs/a.md) [h](docs/a.md#the-house-itself) [w](https://example.org/x) `[c](c.md)` [d](docs)";
    const bad = "[b](docs/b.md) [h](docs/a.md#the-garden)";
    writeFileSync(join(root, "README.md"), `${good}\n${bad}\n`);
    expect(brokenLinks(root)).deep.equal([
      "README.md: docs/b.md is not there",
      "README.md: docs/a.md#the-garden is not there",
    ]);
  });

  it("names files that should be split", () => {
    writeFileSync(join(root, "sdk", "long.ts"), "\n".repeat(301));
    writeFileSync(join(root, "sdk", "right.ts"), "\n".repeat(300));
    expect(longFiles(root)).deep.equal(["sdk/long.ts has 301 lines; 300 are about the most"]);
  });
});
