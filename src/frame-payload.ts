import { encodeBase64 } from "./base64.js";
import { InvalidInput } from "./errors.js";
import { asArray, asBytes, asNumber, decodeItem, encodeItem, type Item } from "./frame-cbor.js";
import { decodeAddress, encodeAddress } from "./frame-values.js";
import { deviceId } from "./ids.js";
import { Jid } from "./jid.js";
import { NS } from "./namespaces.js";
import {
  isEncrypted,
  MAX_OMEMO_KEY_BYTES,
  MAX_OMEMO_KEYS,
  MAX_OMEMO_PAYLOAD_BYTES,
  omemoCompanions,
  readEncrypted,
  type OmemoKey,
  type OmemoMessage,
} from "./omemo.js";
import {
  isEncrypted2,
  MAX_OMEMO2_PAYLOAD_BYTES,
  readEncrypted2,
  type Omemo2Key,
  type Omemo2Message,
} from "./omemo2.js";
import { parsePayload, writeNormal } from "./payload.js";
import { type Element, escapeXML } from "./xml.js";

/** Pieces of one payload. */
const MAX_PIECES = 32;

/** What stands beside `<encrypted/>`: a piece that is the place in this list, from 0. New ones are added at the end only. */
const KNOWN_ELEMENTS = parsePayload(omemoCompanions([NS.omemo, NS.omemo2])).map((element) =>
  writeNormal(element),
);
const KNOWN = new Map(KNOWN_ELEMENTS.map((text, index) => [text, index]));

/** The first item of a piece that is an `<encrypted/>`. */
const OMEMO = 0;
const OMEMO2 = 1;

/** What a payload of a frame holds. */
export interface FramePayload {
  /** The XML that it stands for, in normal form. */
  readonly payload: string;
  /** The elements that were written as XML; the others are OMEMO's. */
  readonly elements: readonly Element[];
  /** How many elements there are in all. */
  readonly count: number;
  /** Whether the bytes are what {@link encodePayload} would make of it, so that they can be passed on. */
  readonly isNormal: boolean;
}

/**
 * Encodes the XML of a payload: OMEMO's elements as tuples, with bytes in place of base64, when, and only when, that says
 * exactly the same; everything else as XML.
 *
 * @param domain of the number JIDs that are written as numbers
 * @throws {InvalidInput} when it is not well-formed
 */
export function encodePayload(payload: string, domain: string): Uint8Array {
  if (!payload.includes(NS.omemo) && !payload.includes(NS.omemo2)) return encodeItem([payload]);
  const pieces: Item[] = [];
  for (const element of parsePayload(payload)) {
    const text = writeNormal(element);
    const piece = KNOWN.get(text) ?? tuple(element, text, domain) ?? text;
    const last = pieces.at(-1);
    if (typeof piece === "string" && typeof last === "string") pieces[pieces.length - 1] = last + piece;
    else pieces.push(piece);
  }
  return encodeItem(pieces.length > MAX_PIECES ? [payload] : pieces);
}

function tuple(element: Element, text: string, domain: string): Item | undefined {
  try {
    const [item, written] = isEncrypted(element)
      ? omemoItem(readEncrypted(element))
      : isEncrypted2(element)
        ? omemo2Item(readEncrypted2(element), domain)
        : [undefined, undefined];
    return written === text ? item : undefined;
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

function omemoItem(message: OmemoMessage): [Item, string] {
  const { sid, keys, iv, payload } = message;
  return [[OMEMO, sid, keyItems(keys), iv, payload ?? null], writeOmemo(message)];
}

function omemo2Item(message: Omemo2Message, domain: string): [Item, string] {
  const { sid, keys, payload } = message;
  const groups = [...grouped(keys)].flatMap(([jid, own]) => [encodeAddress(jid, domain), keyItems(own)]);
  return [[OMEMO2, sid, groups, payload ?? null], writeOmemo2(message)];
}

function keyItems(keys: readonly OmemoKey[]): Item[] {
  return keys.flatMap(({ rid, isPreKey, data }) => [rid, isPreKey, data]);
}

/** Decodes a payload and checks it. @throws {InvalidInput} */
export function decodePayload(bytes: Uint8Array, domain: string): FramePayload {
  const pieces = asArray(decodeItem(bytes), "a payload");
  if (pieces.length === 0 || pieces.length > MAX_PIECES)
    throw new InvalidInput(`a payload has 1 to ${MAX_PIECES} pieces`);
  const elements: Element[] = [];
  let isNormal = true;
  const written = pieces.map((piece) => {
    if (typeof piece !== "string") return writePiece(piece, domain);
    const parsed = parsePayload(piece);
    parsed.forEach(requireNoPrefixes);
    elements.push(...parsed);
    const text = parsed.map((element) => writeNormal(element)).join("");
    isNormal &&= text === piece;
    return text;
  });
  const others = pieces.filter((piece) => typeof piece !== "string").length;
  return { payload: written.join(""), elements, count: elements.length + others, isNormal };
}

function writePiece(piece: Item, domain: string): string {
  if (typeof piece === "number") {
    const known = KNOWN_ELEMENTS[piece];
    if (known === undefined) throw new InvalidInput("a piece of a payload that is not known");
    return known;
  }
  const [kind, ...rest] = asArray(piece, "a piece of a payload");
  if (kind === OMEMO && rest.length === 4) return writeOmemo(readOmemo(rest));
  if (kind === OMEMO2 && rest.length === 3) return writeOmemo2(readOmemo2(rest, domain));
  throw new InvalidInput("a piece of a payload that is not known");
}

function readOmemo([sid, keys, iv, payload]: readonly Item[]): OmemoMessage {
  const read = readKeys(keys);
  const vector = asBytes(iv, "the IV", { min: 12, max: 16 });
  if (vector.length !== 12 && vector.length !== 16)
    throw new InvalidInput(`the IV has ${vector.length} bytes`);
  return {
    sid: deviceId(asNumber(sid, "a device id")),
    keys: read,
    iv: vector,
    payload:
      payload === null
        ? undefined
        : asBytes(payload, "the payload", { min: 0, max: MAX_OMEMO_PAYLOAD_BYTES }),
  };
}

function readOmemo2([sid, groups, payload]: readonly Item[], domain: string): Omemo2Message {
  const items = asArray(groups, "the keys");
  const keys: Omemo2Key[] = [];
  for (let at = 0; at < items.length; at += 2) {
    const { bare: jid } = Jid.parse(decodeAddress(items[at], domain));
    for (const key of readKeys(items[at + 1])) keys.push({ ...key, jid });
    if (keys.length > MAX_OMEMO_KEYS) throw new InvalidInput(`more than ${MAX_OMEMO_KEYS} keys`);
  }
  return {
    sid: deviceId(asNumber(sid, "a device id")),
    keys,
    payload:
      payload === null
        ? undefined
        : asBytes(payload, "the payload", { min: 16, max: MAX_OMEMO2_PAYLOAD_BYTES }),
  };
}

function readKeys(item: Item | undefined): OmemoKey[] {
  const items = asArray(item, "the keys");
  if (items.length % 3 !== 0 || items.length > MAX_OMEMO_KEYS * 3)
    throw new InvalidInput("the keys are up to 1024 threes");
  const keys: OmemoKey[] = [];
  for (let at = 0; at < items.length; at += 3) {
    const isPreKey = items[at + 1];
    if (typeof isPreKey !== "boolean")
      throw new InvalidInput("whether a key builds a session is true or false");
    keys.push({
      rid: deviceId(asNumber(items[at], "a device id")),
      isPreKey,
      data: asBytes(items[at + 2], "a key", { min: 1, max: MAX_OMEMO_KEY_BYTES }),
    });
  }
  return keys;
}

function grouped(keys: readonly Omemo2Key[]): Map<string, Omemo2Key[]> {
  const groups = new Map<string, Omemo2Key[]>();
  for (const key of keys) {
    const group = groups.get(key.jid);
    if (group) group.push(key);
    else groups.set(key.jid, [key]);
  }
  return groups;
}

// Both in normal form: what is not written exactly so rides as XML

function writeOmemo({ sid, keys, iv, payload }: OmemoMessage): string {
  const header = writeKeys(keys, "prekey") + `<iv>${encodeBase64(iv)}</iv>`;
  return `<encrypted xmlns="${NS.omemo}"><header sid="${sid}">${header}</header>${writeText(payload)}</encrypted>`;
}

function writeOmemo2({ sid, keys, payload }: Omemo2Message): string {
  const groups = [...grouped(keys)].map(
    ([jid, own]) => `<keys jid="${escapeXML(jid)}">${writeKeys(own, "kex")}</keys>`,
  );
  const header =
    groups.length === 0 ? `<header sid="${sid}"/>` : `<header sid="${sid}">${groups.join("")}</header>`;
  return `<encrypted xmlns="${NS.omemo2}">${header}${writeText(payload)}</encrypted>`;
}

function writeKeys(keys: readonly OmemoKey[], flag: "kex" | "prekey"): string {
  return keys
    .map(
      ({ rid, isPreKey, data }) =>
        `<key${isPreKey ? ` ${flag}="true"` : ""} rid="${rid}">${encodeBase64(data)}</key>`,
    )
    .join("");
}

function writeText(payload: Uint8Array | undefined): string {
  if (!payload) return "";
  return payload.length === 0 ? "<payload/>" : `<payload>${encodeBase64(payload)}</payload>`;
}

/** Servers write prefixes away, each in its own way: with them, two forms of a message would not be the same. */
function requireNoPrefixes(element: Element): void {
  const names = [element.name, ...Object.keys(element.attrs)];
  if (names.some((name) => name.includes(":") && !name.startsWith("xml:")))
    throw new InvalidInput("XML in a frame has no prefixes but xml:");
  for (const child of element.children) if (typeof child !== "string") requireNoPrefixes(child);
}
