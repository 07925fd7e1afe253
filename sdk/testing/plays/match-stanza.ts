import { NS } from "../../../src/namespaces.js";
import { childElements, type Element, namespaceOf } from "../../../src/xml.js";

/** Names that a play has captured, by name. */
export type Captured = Map<string, string>;

const ANY = "{scansion:any}";
const CAPTURE = /^\{scansion:capture:(\w+)\}$/;
const MATCHES = /^\{scansion:matches:(.+)\}$/s;
const STRICT = "scansion:strict";

/**
 * Compares a stanza that came with the one that a play expects; answers what differs, nothing when it fits.
 *
 * Elements of the stream's own namespace may have attributes and children more than expected, in any order; those of
 * another namespace have to be exactly as expected. `scansion:strict` says otherwise for an element and what is in it.
 * `{scansion:any}` stands for any value, `{scansion:capture:NAME}` keeps it for `${NAME}`, `{scansion:matches:PATTERN}` is
 * any that the regular expression matches from end to end.
 */
export function matchStanza(expected: Element, received: Element, captured: Captured = new Map()): string[] {
  return compare(expected, received, `<${expected.name}/>`, undefined, captured);
}

function compare(
  expected: Element,
  received: Element,
  path: string,
  strictness: boolean | undefined,
  captured: Captured,
): string[] {
  const namespace = spaceOf(expected);
  if (expected.name !== received.name || namespace !== spaceOf(received))
    return [`${path}: came <${received.name} xmlns='${spaceOf(received)}'/> instead`];
  const said: unknown = expected.attrs[STRICT];
  const inner = said === undefined ? strictness : said === "true";
  const isStrict = inner ?? namespace !== NS.client;
  return [
    ...compareAttributes(expected, received, path, isStrict, captured),
    ...compareText(expected, received, path, captured),
    ...(isStrict ? compareInOrder : compareAnywhere)(expected, received, path, inner, captured),
  ];
}

function attributesOf(element: Element): [string, string][] {
  return Object.entries(element.attrs as Record<string, unknown>)
    .filter(([name]) => name !== "xmlns" && !name.startsWith("xmlns:") && name !== STRICT)
    .map(([name, value]) => [name, String(value)]);
}

function compareAttributes(
  expected: Element,
  received: Element,
  path: string,
  isStrict: boolean,
  captured: Captured,
): string[] {
  const came = new Map(attributesOf(received));
  const wanted = attributesOf(expected);
  const differing = wanted.flatMap(([name, value]) => {
    const actual = came.get(name);
    if (actual === undefined) return [`${path}: ${name}="${value}" is missing`];
    return isValue(value, actual, captured) ? [] : [`${path}: ${name} is "${actual}", not "${value}"`];
  });
  const names = new Set(wanted.map(([name]) => name));
  const surplus = [...came].filter(([name]) => isStrict && !names.has(name));
  return [...differing, ...surplus.map(([name, value]) => `${path}: ${name}="${value}" is too much`)];
}

function isValue(wanted: string, actual: string, captured: Captured): boolean {
  const [, name] = CAPTURE.exec(wanted) ?? [];
  if (name !== undefined) captured.set(name, actual);
  const [, pattern] = MATCHES.exec(wanted) ?? [];
  if (pattern !== undefined) return new RegExp(`^(?:${pattern})$`, "u").test(actual);
  return name !== undefined || wanted === ANY || wanted === actual;
}

function textOf(element: Element): string {
  return element.children
    .filter((child) => typeof child === "string")
    .join("")
    .trim();
}

/** Where the play has no text, any will do: also where everything else has to be exactly so. */
function compareText(expected: Element, received: Element, path: string, captured: Captured): string[] {
  const [wanted, actual] = [textOf(expected), textOf(received)];
  if (wanted === "" || isValue(wanted, actual, captured)) return [];
  return [`${path}: says "${actual}", not "${wanted}"`];
}

type Children = (
  expected: Element,
  received: Element,
  path: string,
  strictness: boolean | undefined,
  captured: Captured,
) => string[];

const compareInOrder: Children = (expected, received, path, strictness, captured) => {
  const [wanted, came] = [childElements(expected), childElements(received)];
  const faults = wanted.flatMap((child, index) => {
    const other = came[index];
    const place = `${path} <${child.name}/>`;
    return other ? compare(child, other, place, strictness, captured) : [`${place} is missing`];
  });
  return [...faults, ...came.slice(wanted.length).map(({ name }) => `${path} <${name}/> is too much`)];
};

const compareAnywhere: Children = (expected, received, path, strictness, captured) => {
  const left = childElements(received);
  return childElements(expected).flatMap((child) => {
    const place = `${path} <${child.name}/>`;
    const tries = left.map((other) => compare(child, other, place, strictness, new Map()));
    const fitting = tries.findIndex((faults) => faults.length === 0);
    const [other] = fitting === -1 ? [] : left.splice(fitting, 1);
    if (other) return compare(child, other, place, strictness, captured);
    // What differs in the one that comes nearest tells more than that none fits
    const namesakes = tries.filter((_, index) => left[index]?.name === child.name);
    return namesakes.sort((a, b) => a.length - b.length)[0] ?? [`${place} is missing`];
  });
};

/** An expected stanza stands by itself: what has no namespace is the stream's. */
function spaceOf(element: Element): string {
  return namespaceOf(element) || NS.client;
}
