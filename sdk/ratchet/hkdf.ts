import { hash } from "node:crypto";

const BLOCK_SIZE_BYTES = 64;
const HASH_SIZE_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
const EMPTY = Buffer.alloc(0);
const ZERO_SALT = Buffer.alloc(HASH_SIZE_BYTES);

/**
 * HMAC-SHA-256 over all parts, one after the other: 32 bytes.
 *
 * Built on the one-shot hash, because making a `createHmac` object takes longer than both hashes together, and each message
 * needs seven. Source: RFC 2104 §2.
 */
export function hmac(key: Uint8Array, ...parts: Uint8Array[]): Buffer {
  const short = key.length > BLOCK_SIZE_BYTES ? sha256(Buffer.from(key)) : key;
  let sizeBytes = BLOCK_SIZE_BYTES;
  for (const part of parts) sizeBytes += part.length;
  const inner = Buffer.allocUnsafe(sizeBytes).fill(INNER_PAD, 0, BLOCK_SIZE_BYTES);
  const outer = Buffer.allocUnsafe(BLOCK_SIZE_BYTES + HASH_SIZE_BYTES).fill(OUTER_PAD, 0, BLOCK_SIZE_BYTES);
  for (let at = 0; at < short.length; at++) {
    const byte = short[at] ?? 0;
    inner[at] = byte ^ INNER_PAD;
    outer[at] = byte ^ OUTER_PAD;
  }
  let at = BLOCK_SIZE_BYTES;
  for (const part of parts) {
    inner.set(part, at);
    at += part.length;
  }
  // RFC 2104 §2: H(K XOR opad, H(K XOR ipad, text))
  outer.write(hash("sha256", inner, "binary"), BLOCK_SIZE_BYTES, "latin1");
  const result = sha256(outer);
  inner.fill(0);
  outer.fill(0);
  return result;
}

/** HKDF-SHA-256; without a salt 32 zero bytes stand for it. Source: RFC 5869 §2. */
export function hkdf(
  secret: Uint8Array,
  info: Uint8Array,
  sizeBytes: number,
  salt: Uint8Array = ZERO_SALT,
): Buffer {
  const extracted = hmac(salt, secret);
  const blocks = Math.ceil(sizeBytes / HASH_SIZE_BYTES);
  const output = Buffer.alloc(blocks * HASH_SIZE_BYTES);
  let previous: Buffer = EMPTY;
  for (let block = 1; block <= blocks; block++) {
    // RFC 5869 §2.3: T(n) = HMAC-Hash(PRK, T(n-1) | info | n)
    previous = hmac(extracted, previous, info, Buffer.of(block));
    output.set(previous, (block - 1) * HASH_SIZE_BYTES);
  }
  extracted.fill(0);
  previous.fill(0);
  return output.subarray(0, sizeBytes);
}

// As a string and back, which is twice as fast as asking for a Buffer
function sha256(bytes: Buffer): Buffer {
  return Buffer.from(hash("sha256", bytes, "binary"), "latin1");
}
