import { hash } from "node:crypto";
import type { BinaryToTextEncoding } from "node:crypto";

const BLOCK_SIZE_BYTES = 64;
const HASH_SIZE_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

// A hash comes as a string of 16 characters, two bytes each: Node makes that in a third of the time that a Buffer takes, and
// reading it takes half as long as 32 characters of one. Its types know only the encodings that stand for text.
const ENCODING = "utf16le" as BinaryToTextEncoding;
if (hash("sha256", "", ENCODING).length !== HASH_SIZE_BYTES / 2)
  throw new Error("node:crypto gives no UTF-16");

const ZERO_SALT = Buffer.alloc(HASH_SIZE_BYTES);

// What the two hashes of an HMAC are taken over, `K XOR ipad, text` and `K XOR opad, H(...)`. One pair of buffers serves
// every call: none of these functions waits or calls back, so that no two of them can meet in it. Each overwrites what
// it has put there.
const INNER = new Uint8Array(512);
const OUTER = new Uint8Array(BLOCK_SIZE_BYTES + HASH_SIZE_BYTES);
const EXTRACTED = new Uint8Array(HASH_SIZE_BYTES);

// The first bytes of INNER by their number: making a view takes a twentieth of what a hash does, and five are needed
const VIEWS: Uint8Array[] = [];

/**
 * HMAC-SHA-256 over all parts, one after the other: 32 bytes.
 *
 * Built on the one-shot hash, because making a `createHmac` object takes longer than both hashes together, and each message
 * needs seven. Source: RFC 2104 §2.
 */
export function hmac(key: Uint8Array, ...parts: Uint8Array[]): Buffer {
  let sizeBytes = BLOCK_SIZE_BYTES;
  for (const part of parts) sizeBytes += part.length;
  const inner = innerOf(sizeBytes);
  layOutKey(inner, key);
  let at = BLOCK_SIZE_BYTES;
  for (const part of parts) {
    inner.set(part, at);
    at += part.length;
  }
  const result = Buffer.allocUnsafe(HASH_SIZE_BYTES);
  put(finish(inner, sizeBytes), result, 0);
  erase(inner, sizeBytes);
  return result;
}

/** HMAC-SHA-256 of two texts of one byte each under one key, 32 bytes each. Source: RFC 2104 §2. */
export function hmacPair(key: Uint8Array, first: number, second: number): [Buffer, Buffer] {
  const results: [Buffer, Buffer] = [
    Buffer.allocUnsafe(HASH_SIZE_BYTES),
    Buffer.allocUnsafe(HASH_SIZE_BYTES),
  ];
  const sizeBytes = BLOCK_SIZE_BYTES + 1;
  layOutKey(INNER, key);
  INNER[BLOCK_SIZE_BYTES] = first;
  put(finish(INNER, sizeBytes), results[0], 0);
  INNER[BLOCK_SIZE_BYTES] = second;
  put(finish(INNER, sizeBytes), results[1], 0);
  erase(INNER, sizeBytes);
  return results;
}

/** HKDF-SHA-256; without a salt 32 zero bytes stand for it. Source: RFC 5869 §2. */
export function hkdf(
  secret: Uint8Array,
  info: Uint8Array,
  sizeBytes: number,
  salt: Uint8Array = ZERO_SALT,
): Buffer {
  const output = Buffer.allocUnsafe(Math.ceil(sizeBytes / HASH_SIZE_BYTES) * HASH_SIZE_BYTES);
  const inner = innerOf(BLOCK_SIZE_BYTES + Math.max(secret.length, HASH_SIZE_BYTES + info.length + 1));
  // RFC 5869 §2.2: PRK = HMAC-Hash(salt, IKM)
  layOutKey(inner, salt);
  inner.set(secret, BLOCK_SIZE_BYTES);
  put(finish(inner, BLOCK_SIZE_BYTES + secret.length), EXTRACTED, 0);
  layOutKey(inner, EXTRACTED);
  EXTRACTED.fill(0);
  // RFC 5869 §2.3: T(n) = HMAC-Hash(PRK, T(n-1) | info | n), where T(0) is empty
  let infoAt = BLOCK_SIZE_BYTES;
  for (let block = 1; (block - 1) * HASH_SIZE_BYTES < sizeBytes; block++) {
    if (block <= 2) inner.set(info, infoAt);
    inner[infoAt + info.length] = block;
    const digest = finish(inner, infoAt + info.length + 1);
    put(digest, output, (block - 1) * HASH_SIZE_BYTES);
    put(digest, inner, BLOCK_SIZE_BYTES);
    infoAt = BLOCK_SIZE_BYTES + HASH_SIZE_BYTES;
  }
  erase(inner, inner.length);
  output.fill(0, sizeBytes);
  return output.subarray(0, sizeBytes);
}

function innerOf(sizeBytes: number): Uint8Array {
  return sizeBytes <= INNER.length ? INNER : new Uint8Array(sizeBytes);
}

// RFC 2104 §2: keys longer than a block are hashed first, shorter ones filled up with zeros
function layOutKey(inner: Uint8Array, key: Uint8Array): void {
  const short = key.length > BLOCK_SIZE_BYTES ? Buffer.from(hash("sha256", key), "hex") : key;
  for (let at = 0; at < short.length; at++) {
    const byte = short[at] ?? 0;
    inner[at] = byte ^ INNER_PAD;
    OUTER[at] = byte ^ OUTER_PAD;
  }
  for (let at = short.length; at < BLOCK_SIZE_BYTES; at++) {
    inner[at] = INNER_PAD;
    OUTER[at] = OUTER_PAD;
  }
}

// RFC 2104 §2: H(K XOR opad, H(K XOR ipad, text))
function finish(inner: Uint8Array, sizeBytes: number): string {
  const text =
    inner === INNER ? (VIEWS[sizeBytes] ??= INNER.subarray(0, sizeBytes)) : inner.subarray(0, sizeBytes);
  put(hash("sha256", text, ENCODING), OUTER, BLOCK_SIZE_BYTES);
  return hash("sha256", OUTER, ENCODING);
}

function put(digest: string, into: Uint8Array, at: number): void {
  for (let index = 0; index < HASH_SIZE_BYTES; index += 2) {
    const unit = digest.charCodeAt(index >> 1);
    into[at + index] = unit;
    into[at + index + 1] = unit >> 8;
  }
}

function erase(inner: Uint8Array, sizeBytes: number): void {
  inner.fill(0, 0, sizeBytes);
  OUTER.fill(0);
}
