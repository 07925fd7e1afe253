import { isUtf8 } from "node:buffer";
import { InvalidInput } from "./errors.js";

/** What a frame is made of: the part of CBOR that it uses. */
export type Item = number | string | boolean | null | Uint8Array | readonly Item[];

/** Levels of arrays; a frame has five. */
const MAX_DEPTH = 8;

// RFC 8949 §3.1: the major type, in the three high bits of the first byte
const UINT = 0x00;
const BYTES = 0x40;
const TEXT = 0x60;
const ARRAY = 0x80;

// RFC 8949 §3.3
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;

// RFC 8949 §3: the argument, in the five low bits of the first byte or, as these say, in the bytes behind it
const IN_1_BYTE = 24;
const IN_2_BYTES = 25;
const IN_4_BYTES = 26;
const IN_8_BYTES = 27;

const BEYOND_4_BYTES = 2 ** 32;

/** Encodes an item, always in the same bytes. Source: RFC 8949 §4.2.1. */
export function encodeItem(item: Item): Buffer {
  const bytes = Buffer.allocUnsafe(sizeOf(item));
  writeItem(bytes, item, 0);
  return bytes;
}

/** Encodes an array of items that are encoded already. Source: RFC 8949 §3. */
export function encodeArray(items: readonly Uint8Array[]): Buffer {
  const head = Buffer.allocUnsafe(headSize(items.length));
  writeHead(head, ARRAY, items.length, 0);
  return Buffer.concat([head, ...items]);
}

function sizeOf(item: Item): number {
  if (typeof item === "number") return headSize(item);
  if (typeof item === "string") return sizeWithHead(Buffer.byteLength(item));
  if (item === null || typeof item === "boolean") return 1;
  if (item instanceof Uint8Array) return sizeWithHead(item.length);
  let size = headSize(item.length);
  for (const one of item) size += sizeOf(one);
  return size;
}

function sizeWithHead(length: number): number {
  return headSize(length) + length;
}

function headSize(argument: number): number {
  if (!Number.isSafeInteger(argument) || argument < 0)
    throw new RangeError("a frame has whole numbers from 0 to 2^53-1");
  if (argument < IN_1_BYTE) return 1;
  if (argument < 0x100) return 2;
  if (argument < 0x10000) return 3;
  return argument < BEYOND_4_BYTES ? 5 : 9;
}

/** Answers where the next item goes. */
function writeItem(bytes: Buffer, item: Item, at: number): number {
  if (typeof item === "number") return writeHead(bytes, UINT, item, at);
  if (typeof item === "string") {
    const start = writeHead(bytes, TEXT, Buffer.byteLength(item), at);
    return start + bytes.write(item, start);
  }
  if (item === null) return writeByte(bytes, NULL, at);
  if (typeof item === "boolean") return writeByte(bytes, item ? TRUE : FALSE, at);
  if (item instanceof Uint8Array) {
    const start = writeHead(bytes, BYTES, item.length, at);
    bytes.set(item, start);
    return start + item.length;
  }
  let next = writeHead(bytes, ARRAY, item.length, at);
  for (const one of item) next = writeItem(bytes, one, next);
  return next;
}

function writeHead(bytes: Buffer, major: number, argument: number, at: number): number {
  if (argument < IN_1_BYTE) return writeByte(bytes, major | argument, at);
  if (argument < 0x100) return writeByte(bytes, argument, writeByte(bytes, major | IN_1_BYTE, at));
  if (argument < 0x10000) return bytes.writeUInt16BE(argument, writeByte(bytes, major | IN_2_BYTES, at));
  if (argument < BEYOND_4_BYTES)
    return bytes.writeUInt32BE(argument, writeByte(bytes, major | IN_4_BYTES, at));
  const high = writeByte(bytes, major | IN_8_BYTES, at);
  const low = bytes.writeUInt32BE(Math.floor(argument / BEYOND_4_BYTES), high);
  return bytes.writeUInt32BE(argument % BEYOND_4_BYTES, low);
}

function writeByte(bytes: Buffer, byte: number, at: number): number {
  bytes[at] = byte;
  return at + 1;
}

/**
 * Decodes one item that is all of the bytes. Bytes in it are views of them.
 *
 * Maps, tags, floats, negative numbers, numbers beyond 2^53-1, indefinite lengths, longer forms than need be and text
 * that is not UTF-8 are refused, and nothing is made of a length before as many bytes are there.
 *
 * @throws {InvalidInput} Source: RFC 8949 §5.
 */
export function decodeItem(bytes: Uint8Array): Item {
  const reader = new ItemReader(bytes);
  const item = reader.item(0);
  reader.requireEnd();
  return item;
}

class ItemReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  requireEnd(): void {
    if (this.#left !== 0) throw new InvalidInput("a frame is one item");
  }

  /** @param depth of the arrays around it */
  item(depth: number): Item {
    const first = this.#take(1);
    const initial = this.#bytes[first] as number;
    switch (initial & 0xe0) {
      case UINT:
        return this.#argument(initial);
      case BYTES:
        return this.#content(initial);
      case TEXT:
        return this.#text(initial);
      case ARRAY:
        return this.#array(initial, depth);
    }
    if (initial === NULL) return null;
    if (initial === TRUE || initial === FALSE) return initial === TRUE;
    throw new InvalidInput("a frame has numbers, bytes, text, arrays, true, false and null");
  }

  get #left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Passes bytes by that have to be there. Answers where they begin. */
  #take(count: number): number {
    if (count > this.#left) throw new InvalidInput("a frame that ends too soon");
    const start = this.#at;
    this.#at += count;
    return start;
  }

  #argument(initial: number): number {
    const low = initial & 0x1f;
    if (low < IN_1_BYTE) return low;
    const [argument, least] = this.#longArgument(low);
    // RFC 8949 §4.2.1: so that no two encodings say the same
    if (argument < least) throw new InvalidInput("a number that is longer than need be");
    if (!Number.isSafeInteger(argument)) throw new InvalidInput("a number beyond 2^53-1");
    return argument;
  }

  /** The number that follows, and the least that is to be written so. */
  #longArgument(low: number): readonly [number, number] {
    const bytes = this.#bytes;
    switch (low) {
      case IN_1_BYTE:
        return [bytes.readUInt8(this.#take(1)), IN_1_BYTE];
      case IN_2_BYTES:
        return [bytes.readUInt16BE(this.#take(2)), 0x100];
      case IN_4_BYTES:
        return [bytes.readUInt32BE(this.#take(4)), 0x10000];
      case IN_8_BYTES: {
        const start = this.#take(8);
        const high = bytes.readUInt32BE(start);
        return [high * BEYOND_4_BYTES + bytes.readUInt32BE(start + 4), BEYOND_4_BYTES];
      }
    }
    throw new InvalidInput("a frame has no indefinite lengths");
  }

  #content(initial: number): Buffer {
    const length = this.#argument(initial);
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  #text(initial: number): string {
    const content = this.#content(initial);
    if (!isUtf8(content)) throw new InvalidInput("text that is not UTF-8");
    return content.toString();
  }

  #array(initial: number, depth: number): Item[] {
    const length = this.#argument(initial);
    // Each item takes a byte at least
    if (length > this.#left) throw new InvalidInput("an array that is longer than the frame");
    if (depth === MAX_DEPTH) throw new InvalidInput("a frame that is too deep");
    const items: Item[] = [];
    for (let index = 0; index < length; index += 1) items.push(this.item(depth + 1));
    return items;
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
