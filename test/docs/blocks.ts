import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect } from "chai";

/** The checkout. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A block of code in a document. */
export interface Block {
  /** The document, from the root of the checkout. */
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

/** Every document of ours; what is generated from the sources is not written by anybody. */
export function pages(): string[] {
  const docs = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" });
  const top = readdirSync(ROOT).filter((name) => name !== "CHANGELOG.md");
  return [...top, ...docs.filter((name) => !name.startsWith("api/")).map((name) => join("docs", name))]
    .filter((name) => name.endsWith(".md"))
    .sort();
}

/** The blocks of a document, in order. */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  return [...text.matchAll(/^( *)```(\S*)[^\n]*\n([\s\S]*?)^\1```$/gm)].map((match) => {
    const [, indent = "", language = "", code = ""] = match;
    const line = text.slice(0, match.index).split("\n").length;
    return { page, line, language, code: code.replaceAll(new RegExp(`^${indent}`, "gm"), "") };
  });
}

/** A program that imports the package, as one that imports its sources. */
export function fromSources(code: string): string {
  return code.replaceAll(/from "twotick\/([a-z/]+)"/g, (_, path: string) => `from "${sourceOf(path)}"`);
}

/** The source of one of the package's exports. */
function sourceOf(path: string): string {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    exports: Record<string, { default: string }>;
  };
  const built = exports[`./${path}`]?.default ?? expect.fail(`twotick/${path} is no export`);
  const source = join(ROOT, dirname(built), "mod.ts").replace(`${ROOT}dist/`, ROOT);
  return pathToFileURL(source).href;
}
