import { StreamError } from "./stream-limits.js";

/** The characters that XML has no place for, not even as a reference. Source: XML 1.0 §2.2. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
export const ILLEGAL_CHARACTER = /[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]/;

const NAME_START = 1;
const NAME_PART = 2;
const CLASSES = classes();

function classes(): Uint8Array {
  const table = new Uint8Array(128);
  for (let code = 0; code < 128; code += 1) {
    const character = String.fromCharCode(code);
    if (/[A-Za-z_:]/.test(character)) table[code] = NAME_START | NAME_PART;
    else if (/[0-9.-]/.test(character)) table[code] = NAME_PART;
  }
  return table;
}

/** Whether a name may begin with this UTF-16 code unit; beyond ASCII every one passes. Source: XML 1.0 §2.3. */
export function isNameStart(code: number): boolean {
  return code > 127 || (CLASSES[code]! & NAME_START) !== 0;
}

/** The first index from `from` on where no name character of XML 1.0 §2.3 stands. */
export function endOfName(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 128 && (CLASSES[code]! & NAME_PART) === 0) break;
  }
  return at;
}

/** Whether this code unit is white space of XML 1.0 §2.3. */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d;
}

const PREDEFINED: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
};

/** Resolves references. @throws {StreamError} `restricted-xml` for an entity of a DTD, `not-well-formed` else. */
export function unescapeReferences(text: string): string {
  return text.includes("&") ? text.replaceAll(/&[^;]*;?/g, resolveReference) : text;
}

function resolveReference(reference: string): string {
  const predefined = Object.hasOwn(PREDEFINED, reference) ? PREDEFINED[reference] : undefined;
  if (predefined !== undefined) return predefined;
  const digits = /^&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,8}));$/.exec(reference);
  if (digits) return characterOf(digits[1] ? Number.parseInt(digits[1], 16) : Number(digits[2]));
  // RFC 6120 §11.1: no references but to the predefined entities
  if (/^&[A-Za-z_:][\w:.-]*;$/.test(reference))
    throw new StreamError("restricted-xml", "a reference to an entity");
  throw new StreamError("not-well-formed", "a reference that is none");
}

function characterOf(code: number): string {
  const isCharacter = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  const character = isCharacter ? String.fromCodePoint(code) : "\0";
  if (ILLEGAL_CHARACTER.test(character))
    throw new StreamError("not-well-formed", "a reference to no character");
  return character;
}
