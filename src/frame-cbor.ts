import { isUtf8 } from "node:buffer";
import { decode, encode, Tokenizer, Type, type Token } from "cborg";
import { InvalidInput } from "./errors.js";

/** What a frame is made of: the part of CBOR that it uses. */
export type Item = number | string | boolean | null | Uint8Array | readonly Item[];

/** Levels of arrays; a frame has five. */
const MAX_DEPTH = 8;

// RFC 8949 §4.2.1: shortest forms and definite lengths only, so that no two encodings say the same
const STRICT = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  useMaps: true,
} as const;

const TAKEN = new Set([Type.uint, Type.bytes, Type.string, Type.array, Type.true, Type.false, Type.null]);

// RFC 8949 §3: where the content begins, by the five low bits of the first byte; below 24 they are the length
const HEAD_BYTES: Readonly<Record<number, number>> = { 24: 2, 25: 3, 26: 5, 27: 9 };

/** Encodes an item, always in the same bytes. Source: RFC 8949 §4.2.1. */
export function encodeItem(item: Item): Uint8Array {
  return encode(item);
}

/** Encodes an array of items that are encoded already. Source: RFC 8949 §3. */
export function encodeArray(items: readonly Uint8Array[]): Buffer {
  return Buffer.concat([arrayHead(items.length), ...items]);
}

function arrayHead(length: number): Uint8Array {
  // RFC 8949 §3.1: major type 4
  if (length < 24) return Uint8Array.of(0x80 | length);
  return length < 256 ? Uint8Array.of(0x98, length) : Uint8Array.of(0x99, length >> 8, length & 255);
}

/**
 * Decodes one item that is all of the bytes.
 *
 * Maps, tags, floats, negative numbers, numbers beyond 2^53-1, indefinite lengths, longer forms than need be and text
 * that is not UTF-8 are refused, and nothing is made of a length before as many bytes are there.
 *
 * @throws {InvalidInput} Source: RFC 8949 §5.
 */
export function decodeItem(bytes: Uint8Array): Item {
  try {
    return decode(bytes, { ...STRICT, tokenizer: new BoundedTokenizer(bytes) }) as Item;
  } catch (error) {
    throw new InvalidInput("a frame is not the CBOR that is expected", error);
  }
}

/** Reads tokens and holds them to the part of CBOR that frames use. */
class BoundedTokenizer {
  readonly #bytes: Uint8Array;
  readonly #inner: Tokenizer;
  /** Items that are missing in each array that is open. */
  readonly #open: number[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#inner = new Tokenizer(bytes, STRICT);
  }

  done(): boolean {
    return this.#inner.done();
  }

  pos(): number {
    return this.#inner.pos();
  }

  next(): Token {
    const start = this.#inner.pos();
    const token = this.#inner.next();
    if (!TAKEN.has(token.type)) throw new InvalidInput(`a frame has no ${token.type.name}`);
    if (token.type === Type.string) this.#requireUtf8(start);
    this.#count(token);
    return token;
  }

  #requireUtf8(start: number): void {
    const head = HEAD_BYTES[(this.#bytes[start] ?? 0) & 31] ?? 1;
    if (!isUtf8(this.#bytes.subarray(start + head, this.#inner.pos())))
      throw new InvalidInput("text that is not UTF-8");
  }

  #count(token: Token): void {
    const open = this.#open;
    const last = open.length - 1;
    if (last >= 0) open[last] = (open[last] ?? 0) - 1;
    // Each item takes a byte at least
    if (token.type === Type.array) {
      if (Number(token.value) > this.#bytes.length - this.#inner.pos())
        throw new InvalidInput("an array that is longer than the frame");
      open.push(Number(token.value));
      if (open.length > MAX_DEPTH) throw new InvalidInput("a frame that is too deep");
    }
    while (open.at(-1) === 0) open.pop();
  }
}

/** Takes an item as a whole number from 0. @throws {InvalidInput} */
export function asNumber(item: Item | undefined, what: string): number {
  if (typeof item !== "number") throw new InvalidInput(`${what} is a whole number`);
  return item;
}

/** Takes an item as text. @throws {InvalidInput} */
export function asText(item: Item | undefined, what: string): string {
  if (typeof item !== "string") throw new InvalidInput(`${what} is text`);
  return item;
}

/** Takes an item as bytes. @throws {InvalidInput} */
export function asBytes(
  item: Item | undefined,
  what: string,
  sizeBytes: { readonly min: number; readonly max: number },
): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new InvalidInput(`${what} is bytes`);
  if (item.length < sizeBytes.min || item.length > sizeBytes.max)
    throw new InvalidInput(`${what} has ${item.length} bytes`);
  return item;
}

/** Takes an item as an array. @throws {InvalidInput} */
export function asArray(item: Item | undefined, what: string): readonly Item[] {
  if (!Array.isArray(item)) throw new InvalidInput(`${what} is an array`);
  return item as readonly Item[];
}
