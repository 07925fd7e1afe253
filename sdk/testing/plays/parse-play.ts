import { InvalidInput } from "../../../src/errors.js";
import type { Act, Character, Play, ProvenRule } from "./play.js";

const TYPES: readonly string[] = ["Client", "App", "Person"];
/** What a scansion script has between its parts, and its comments. */
const NO_ACT = /^(?:#|--|\/\/|$)/;
const STAGE = /^(?:The (?:component|server)|Everything|Time) /;

/**
 * Reads a play.
 *
 * @param file for messages
 * @throws {InvalidInput} naming file and line
 */
export function parsePlay(text: string, file: string): Play {
  const lines = text.split(/\r?\n/);
  const head = readHead(lines);
  const characters: Character[] = [];
  const acts: Act[] = [];
  for (let at = head.length; at < lines.length; at += 1) {
    const line = (lines[at] ?? "").trimEnd();
    if (NO_ACT.test(line)) continue;
    const fail = (message: string): never => {
      throw new InvalidInput(`${file}:${at + 1}: ${message}`);
    };
    if (/^\s/.test(line)) fail("an indented line that belongs to nothing");
    const block = blockBelow(lines, at);
    const [, type, name] = /^\[(\w+)\] (.+)$/.exec(line) ?? [];
    if (type !== undefined && name !== undefined) {
      if (!TYPES.includes(type)) fail(`a character is a ${TYPES.join(", ")}; this is a ${type}`);
      const properties = readProperties(block, fail);
      characters.push({ type: type as Character["type"], name: name.trim(), properties, line: at + 1 });
    } else acts.push(readAct(line, at + 1, block, characters, fail));
    at += block.length;
  }
  return { file, ...head, characters, acts };
}

interface Head {
  readonly title: string;
  readonly description: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly rules: readonly ProvenRule[];
  readonly length: number;
}

function readHead(lines: readonly string[]): Head {
  const length = lines.findIndex((line) => !line.startsWith("#") && line.trim() !== "");
  const head = lines.slice(0, length === -1 ? lines.length : length);
  const isTag = (line: string): boolean => line.startsWith("##");
  const [title = "", ...description] = head
    .filter((line) => line.startsWith("#") && !isTag(line))
    .map((line) => line.slice(1).trim());
  const pairs = head.filter(isTag).map((line) => {
    const [name = "", ...value] = line.slice(2).trim().split(":");
    return [name.trim(), value.join(":").trim()] as const;
  });
  const rules = pairs.flatMap(([name, value]) => (name === "proves" ? [readRule(value)] : []));
  return { title, description: description.join(" "), tags: new Map(pairs), rules, length: head.length };
}

function readRule(value: string): ProvenRule {
  const [source = "", ...sentence] = value.split(":");
  return { source: source.trim(), sentence: sentence.join(":").trim() };
}

/** The indented lines below a line, with the empty ones between them. */
function blockBelow(lines: readonly string[], at: number): string[] {
  let end = at + 1;
  for (let next = end; next < lines.length; next += 1) {
    const line = lines[next] ?? "";
    if (/^\s+\S/.test(line)) end = next + 1;
    else if (line.trim() !== "") break;
  }
  return lines.slice(at + 1, end);
}

function readProperties(block: readonly string[], fail: (message: string) => never): Map<string, string> {
  const pairs = block
    .map((line) => line.trim())
    .filter((line) => !NO_ACT.test(line))
    .map((line) => {
      const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? fail(`no property: ${line}`);
      return [name ?? "", value ?? ""] as const;
    });
  return new Map(pairs);
}

function readAct(
  text: string,
  line: number,
  block: readonly string[],
  characters: readonly Character[],
  fail: (message: string) => never,
): Act {
  // "Juliet's phone" may be somebody beside "Juliet"
  const [character] = characters
    .filter(({ name }) => text.startsWith(`${name} `) || text.startsWith(`${name}'s `))
    .sort((a, b) => b.name.length - a.name.length);
  if (!character && !STAGE.test(text)) fail(`nobody of this play does this: ${text}`);
  const rest = text.slice(character?.name.length ?? 0);
  const [, device] = /^'s (\S+) /.exec(rest) ?? [];
  const deed = rest.slice(device === undefined ? 0 : `'s ${device}`.length).trim();
  const colon = deed.indexOf(":");
  const verb = (colon === -1 ? deed : deed.slice(0, colon)).trim();
  const below = block.map((one) => one.trim()).join("\n");
  const content = colon === -1 || deed.slice(colon + 1).trim() === "" ? below : deed.slice(colon + 1).trim();
  return { line, text, character, device, verb, content };
}
