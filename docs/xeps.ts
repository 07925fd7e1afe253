import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { renderDoap } from "./doap.js";
import { addressOf, complianceTables, implementedTable, titleOf, unaccounted, unplayed } from "./tables.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGE = "docs/xeps.md";
const PLAYS = "test/plays/xeps";
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

const INTRODUCTION: readonly string[] = [
  "# Specifications that the code obeys",
  "",
  "Made by `npm run xeps` from the sources: a rule that comes from a specification names it where it is obeyed",
  "(`// XEP-0184 §5.5`), so that either can be found from the other. What is implemented of each stands in",
  "`docs/support.ts` and `docs/compliance.ts`, from which the tables and the descriptions for machines",
  "([doap/component.doap](../doap/component.doap), [doap/sdk.doap](../doap/sdk.doap)) are made as well.",
  "Only the last section is written by hand.",
  "",
  "## Compliance suites",
  "",
  "In the format of [XEP-0479](https://xmpp.org/extensions/xep-0479.html) 0.1.0. No level is claimed, for Twotick is neither",
  "a whole server nor a client for people: the server side is a stock Prosody 0.12 with the component, the client side a program",
  "on the SDK. ✓ is asked of every server or client, *advanced* of advanced ones. Where no test is named, it was read in the",
  "sources, or in Prosody's documentation.",
  "",
  ...complianceTables(),
  "## What is implemented",
  "",
  ...implementedTable(),
];

/** Writes the page. @param byHand what stands between the marks and is kept */
export function render(specifications: readonly Specification[], byHand: string): string {
  const table = (kind: string): string[] => [
    "| specification | sections | where |",
    "|---|---|---|",
    ...specifications.filter(({ id }) => kindOf(id) === kind).map(row),
  ];
  return [
    ...INTRODUCTION,
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

/** The XEPs that a play is named after. */
function readPlays(): Set<string> {
  const names = readdirSync(join(ROOT, PLAYS)).filter((name) => name.endsWith(".scs"));
  return new Set(names.map((name) => name.replace(".scs", "").toUpperCase()));
}

/** A file that is made, as it is and as it should be. */
interface Made {
  readonly path: string;
  readonly current: string;
  readonly wanted: string;
}

/** The page as it is, and as it should be. @throws {Error} when `docs/support.ts`, the sources and the plays do not agree */
export function readPage(): Made {
  const current = read(PAGE);
  const found = collect(readSources());
  const named = new Set(found.map(({ id }) => id).filter((id) => kindOf(id) === "XEP"));
  const faults = [...unaccounted(named), ...unplayed(readPlays())];
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return { path: PAGE, current, wanted: render(found, handWritten(current)) };
}

/** The descriptions for machines. */
export function readDoap(): Made[] {
  return (["component", "sdk"] as const).map((program) => {
    const path = `doap/${program}.doap`;
    return { path, current: read(path), wanted: renderDoap(program) };
  });
}

function read(path: string): string {
  const file = join(ROOT, path);
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function write({ path, wanted }: Made): void {
  const file = join(ROOT, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, wanted);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const stale = [readPage(), ...readDoap()].filter(({ current, wanted }) => current !== wanted);
  if (!process.argv.includes("--check")) stale.forEach(write);
  else if (stale.length > 0) {
    process.stderr.write(`out of date: ${stale.map(({ path }) => path).join(", ")}: run "npm run xeps"\n`);
    process.exitCode = 1;
  }
}
