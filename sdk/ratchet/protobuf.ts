import { MalformedMessage } from "./errors.js";

/** The fields of a protobuf message by number: a varint as a number, a length-delimited field as bytes. */
export type Fields = ReadonlyMap<number, number | Buffer>;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
const MAX_UINT32 = 0xffffffff;
const MAX_VARINT_BYTES = 10;
const EMPTY = new Uint8Array(0);

/**
 * Reads the fields of a protobuf message; of a repeated one the last stands, as everywhere.
 *
 * Varints and length-delimited fields are what the profiles use; fixed-width ones are skipped, groups refused.
 * The bytes of a field are a view into the input.
 *
 * @throws MalformedMessage when a field is cut off or of an unknown wire type. Source: protobuf encoding guide.
 */
export function readFields(bytes: Buffer): Fields {
  const fields = new Map<number, number | Buffer>();
  const cursor = { bytes, at: 0 };
  while (cursor.at < bytes.length) {
    const tag = readVarint(cursor);
    if (tag < 8 || tag > MAX_UINT32) throw new MalformedMessage("a field number is out of range");
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === VARINT) fields.set(number, readVarint(cursor));
    else if (wireType === LENGTH_DELIMITED) fields.set(number, take(cursor, readVarint(cursor)));
    else if (wireType === FIXED64) take(cursor, 8);
    else if (wireType === FIXED32) take(cursor, 4);
    else throw new MalformedMessage("a field has an unknown wire type");
  }
  return fields;
}

/** The bytes of a field that has to be there. @throws MalformedMessage when it is not, or is a number */
export function requireBytes(fields: Fields, number: number): Buffer {
  const value = fields.get(number);
  if (!Buffer.isBuffer(value)) throw new MalformedMessage(`field ${number} is missing`);
  return value;
}

/** The number in a field, if it is there. @throws MalformedMessage when it is no uint32 */
export function optionalUint32(fields: Fields, number: number): number | undefined {
  const value = fields.get(number);
  if (value === undefined) return undefined;
  if (typeof value !== "number" || value > MAX_UINT32)
    throw new MalformedMessage(`field ${number} is no uint32`);
  return value;
}

/** The number in a field that has to be there. @throws MalformedMessage when it is not, or is no uint32 */
export function requireUint32(fields: Fields, number: number): number {
  const value = optionalUint32(fields, number);
  if (value === undefined) throw new MalformedMessage(`field ${number} is missing`);
  return value;
}

/** A field to be written: its number, and a uint32, bytes or nothing. */
export type Field = readonly [number: number, value: number | Uint8Array | undefined];

/** Writes the fields in the order given, leaving out what is undefined. */
export function writeFields(...fields: Field[]): Buffer {
  return writeFieldsAfter(EMPTY, fields);
}

/** Writes a prefix that is no field, and the fields after it. */
export function writeFieldsAfter(prefix: Uint8Array, fields: readonly Field[]): Buffer {
  let sizeBytes = prefix.length;
  for (const [, value] of fields) sizeBytes += typeof value === "object" ? value.length + 10 : 10;
  const bytes = Buffer.allocUnsafe(sizeBytes);
  bytes.set(prefix);
  let at = prefix.length;
  for (const [number, value] of fields) {
    if (typeof value === "number") {
      at = writeVarint(bytes, at, number * 8 + VARINT);
      at = writeVarint(bytes, at, value);
    } else if (value !== undefined) {
      at = writeVarint(bytes, at, number * 8 + LENGTH_DELIMITED);
      at = writeVarint(bytes, at, value.length);
      bytes.set(value, at);
      at += value.length;
    }
  }
  return bytes.subarray(0, at);
}

interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

// Beyond 2^53 the sum loses its lowest bits, which is of no matter: every reader refuses what is above 2^32.
function readVarint(cursor: Cursor): number {
  let value = 0;
  for (let i = 0; i < MAX_VARINT_BYTES; i++) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) throw new MalformedMessage("a varint is cut off");
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value;
  }
  throw new MalformedMessage("a varint is too long");
}

function take(cursor: Cursor, sizeBytes: number): Buffer {
  const end = cursor.at + sizeBytes;
  if (end > cursor.bytes.length) throw new MalformedMessage("a field is cut off");
  const taken = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return taken;
}

function writeVarint(bytes: Buffer, at: number, value: number): number {
  let rest = value;
  let position = at;
  while (rest >= 0x80) {
    bytes[position++] = (rest % 0x80) + 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[position++] = rest;
  return position;
}
