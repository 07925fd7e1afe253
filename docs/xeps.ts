import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TITLES } from "./titles.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGE = "docs/xeps.md";
const FOLDERS = ["src", "component", "sdk"];
const START = "<!-- by hand from here -->";
const END = "<!-- by hand to here -->";

/** A specification that sources name: its sections, and the files that obey them. */
interface Specification {
  /** `XEP-0184`, `RFC 6120`. */
  readonly id: string;
  /** As it stands in the sources, without the sign; empty for the whole of it. */
  readonly sections: ReadonlyMap<string, ReadonlySet<string>>;
}

// "XEP-0384 0.3 §4.1, §4.2 and §5", "RFC 6120 §8.3.3": an id, a version where one is meant, sections
const MENTION =
  /\b(XEP-\d{4}|RFC \d{3,5}|X3DH(?= §)|XEdDSA(?= §)|Double Ratchet(?= §))(?: \d+\.\d+(?:\.\d+)?)?((?:(?:,| and| to)? §[A-Z]?\d*(?:\.\d+)*)*)/g;
const SECTION = /§([A-Z]?\d*(?:\.\d+)*)/g;

/** Collects what the sources obey. @param files contents by path, relative to the package */
export function collect(files: ReadonlyMap<string, string>): Specification[] {
  const found = new Map<string, Map<string, Set<string>>>();
  for (const [path, text] of files) {
    for (const [, id = "", tail = ""] of joinedComments(text).matchAll(MENTION)) {
      const sections = found.get(id) ?? new Map<string, Set<string>>();
      found.set(id, sections);
      const named = [...tail.matchAll(SECTION)].map(([, section = ""]) => section);
      for (const section of named.length > 0 ? named : [""]) {
        sections.set(section, (sections.get(section) ?? new Set()).add(path));
      }
    }
  }
  return [...found].map(([id, sections]) => ({ id, sections })).sort((a, b) => compare(a.id, b.id));
}

// A mention may be broken between two lines of a comment
function joinedComments(text: string): string {
  return text.replaceAll(/\n\s*(?:\/\/|\*(?!\/)) ?/g, " ");
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** Writes the page. @param byHand what stands between the marks and is kept */
export function render(specifications: readonly Specification[], byHand: string): string {
  const table = (kind: string): string[] => [
    "| specification | sections | where |",
    "|---|---|---|",
    ...specifications.filter(({ id }) => kindOf(id) === kind).map(row),
  ];
  return [
    "# Specifications that the code obeys",
    "",
    "Made by `npm run xeps` from the sources: a rule that comes from a specification names it where it is obeyed",
    "(`// XEP-0184 §5.5`), so that either can be found from the other. Only the last section is written by hand.",
    "",
    "## XMPP extensions",
    "",
    ...table("XEP"),
    "",
    "## RFCs",
    "",
    ...table("RFC"),
    "",
    "## Others",
    "",
    ...table(""),
    "",
    START,
    byHand.trim(),
    END,
    "",
  ].join("\n");
}

function kindOf(id: string): string {
  return /^(XEP|RFC)/.exec(id)?.[0] ?? "";
}

function row({ id, sections }: Specification): string {
  const names = [...sections.keys()].filter(Boolean).sort(compare);
  const files = [...new Set([...sections.values()].flatMap((paths) => [...paths]))].sort(compare);
  const links = files.map((path) => `[${path}](../${path})`);
  return `| [${id}](${addressOf(id)}) ${titleOf(id)} | ${names.map((name) => `§${name}`).join(", ")} | ${links.join(", ")} |`;
}

function addressOf(id: string): string {
  const number = id.slice(4);
  if (kindOf(id) === "XEP") return `https://xmpp.org/extensions/xep-${number}.html`;
  if (kindOf(id) === "RFC") return `https://www.rfc-editor.org/rfc/rfc${number}`;
  return `https://signal.org/docs/specifications/${id.toLowerCase().replace(" ", "")}/`;
}

function titleOf(id: string): string {
  const title = TITLES[id];
  if (title === undefined) throw new Error(`docs/titles.ts has no title for ${id}`);
  return title;
}

/** The part of the page that is written by hand. */
export function handWritten(page: string): string {
  const [, rest = ""] = page.split(START);
  return rest.split(END)[0] ?? "";
}

function readSources(): Map<string, string> {
  const names = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  );
  const paths = names.filter((name) => name.endsWith(".ts")).sort();
  return new Map(paths.map((path) => [path, readFileSync(join(ROOT, path), "utf8")]));
}

/** The page as it is, and as it should be. */
export function readPage(): { current: string; wanted: string } {
  const path = join(ROOT, PAGE);
  const current = existsSync(path) ? readFileSync(path, "utf8") : "";
  return { current, wanted: render(collect(readSources()), handWritten(current)) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { current, wanted } = readPage();
  if (!process.argv.includes("--check")) writeFileSync(join(ROOT, PAGE), wanted);
  else if (current !== wanted) {
    process.stderr.write(`${PAGE} is out of date: run "npm run xeps"\n`);
    process.exitCode = 1;
  }
}
