import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse as parseToml } from "smol-toml";
import { parseConfig } from "../../component/config.js";
import { type Block, blocksOf, pages, ROOT } from "./blocks.js";
import type { Command } from "commander";
import { loadProgram, shellFaults } from "./shell.js";
import { readXmlBlock } from "./xml-blocks.js";

/** Languages whose blocks no machine can judge, and why. */
const FOR_EYES: Readonly<Record<string, string>> = {
  "": "drawings, and what programs print",
  ts: "programs: bots.test.ts, testing.test.ts and programs.test.ts run or compile them",
  text: "the content of small files",
  mermaid: "a drawing; the forge shows what is wrong with it",
  yaml: "the configuration of other programs: promtool judges its own in operations.test.ts, ejabberd's was tried by hand",
};

/** The least that a configuration says: a block shows one section of one. */
const LEAST = {
  host: { domain: "example.org" },
  link: { domain: "phone.example.org", secret: "a long random text" },
  store: { path: "twotick.db", key: Buffer.alloc(32, 1).toString("base64") },
};

const BLOCKS = pages().flatMap(blocksOf);
const titleOf = ({ page, line }: Block): string => `${page}:${line}`;
const inLanguage = (language: string): Block[] => BLOCKS.filter((block) => block.language === language);

describe("the code of the documents", () => {
  let program: Command;

  before(async () => {
    program = await loadProgram();
  });

  it("is found, and each language has something that judges it", () => {
    expect(BLOCKS.length).to.be.above(40);
    const judged = new Set(["sh", "xml", "toml", "json", "lua", ...Object.keys(FOR_EYES)]);
    expect(BLOCKS.filter(({ language }) => !judged.has(language)).map(titleOf)).to.deep.equal([]);
  });

  for (const block of inLanguage("toml"))
    it(`is a configuration that is taken: ${titleOf(block)}`, () => {
      const merged = merge(LEAST, parseToml(block.code));
      const secrets = join(ROOT, "node_modules/.cache/secret");
      mkdirSync(join(ROOT, "node_modules/.cache"), { recursive: true });
      writeFileSync(secrets, LEAST.store.key);
      const text = JSON.stringify(merged).replaceAll(/"(\/[^"]*-(?:secret|key))"/g, JSON.stringify(secrets));
      const toml = tomlOf(JSON.parse(text) as object);
      expect(parseConfig(toml, { environment: {}, directory: "/" }).host.domain).to.equal("example.org");
    });

  for (const block of inLanguage("json")) it(`is JSON: ${titleOf(block)}`, () => void JSON.parse(block.code));

  for (const block of inLanguage("lua"))
    it(`is Lua: ${titleOf(block)}`, () => {
      const { stderr, status } = spawnSync("lua", ["-e", 'assert(load(io.read("a")))'], {
        input: block.code,
        encoding: "utf8",
      });
      expect(stderr).to.equal("");
      expect(status).to.equal(0);
    });

  for (const block of inLanguage("sh"))
    it(`calls what is there: ${titleOf(block)}`, () => {
      expect(shellFaults(block.code, program)).to.deep.equal([]);
    }).timeout(30_000);

  for (const block of inLanguage("xml"))
    it(`is XML that our readers take: ${titleOf(block)}`, () => void readXmlBlock(block.code));

  it("shows most elements of the mailbox protocol whole", () => {
    const read = inLanguage("xml").map(({ code }) => readXmlBlock(code));
    expect(read.reduce((sum, count) => sum + count, 0)).to.be.above(6);
  });
});

function merge(base: object, over: object): object {
  const entries = Object.entries(over).map(([key, value]: [string, unknown]) => {
    const below = (base as Record<string, unknown>)[key];
    const isTable = typeof value === "object" && value !== null && !Array.isArray(value);
    return [key, isTable && typeof below === "object" ? merge(below as object, value) : value] as const;
  });
  const merged: Record<string, unknown> = { ...base, ...Object.fromEntries(entries) };
  // A secret that is given in a file stands nowhere else
  for (const name of Object.keys(merged)) if (`${name}_file` in merged) delete merged[name];
  return merged;
}

/** Writes values as TOML, in inline tables. */
function tomlOf(value: object): string {
  const inline = (one: unknown): string => {
    if (Array.isArray(one)) return `[${one.map(inline).join(", ")}]`;
    if (typeof one !== "object" || one === null) return JSON.stringify(one);
    return `{ ${Object.entries(one)
      .map(([key, inner]) => `${JSON.stringify(key)} = ${inline(inner)}`)
      .join(", ")} }`;
  };
  return Object.entries(value)
    .map(([key, inner]) => `${key} = ${inline(inner)}`)
    .join("\n");
}
