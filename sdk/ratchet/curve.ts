import { createPrivateKey, createPublicKey, diffieHellman, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { MalformedKey } from "./errors.js";

/** The length of an X25519 key, of an Ed25519 key and of an Ed25519 seed. Source: RFC 7748 §5, RFC 8032 §5.1. */
export const KEY_SIZE_BYTES = 32;

/** A key pair as plain bytes: the private key and the X25519 public key, 32 bytes each. */
export interface KeyPair {
  readonly privateKey: Buffer;
  readonly publicKey: Buffer;
}

// Node wants some `x` beside a raw private key and computes the real one by itself.
const UNKNOWN_X = Buffer.alloc(KEY_SIZE_BYTES).toString("base64url");

/**
 * Makes a private key usable from its 32 raw bytes (an Ed25519 one from its seed).
 *
 * The detour over JWK is the fast one: the same from DER takes twenty times as long.
 *
 * @throws MalformedKey when it is not 32 bytes long
 */
export function importPrivateKey(crv: "X25519" | "Ed25519", raw: Uint8Array): KeyObject {
  checkLength(raw, "a private key");
  const d = asBuffer(raw).toString("base64url");
  return createPrivateKey({ key: { kty: "OKP", crv, d, x: UNKNOWN_X }, format: "jwk" });
}

/**
 * Makes a public key usable from its 32 raw bytes.
 *
 * @throws MalformedKey when it is not 32 bytes long or not written canonically
 */
export function importPublicKey(crv: "X25519" | "Ed25519", raw: Uint8Array): KeyObject {
  checkLength(raw, "a public key");
  if (crv === "X25519" && !isCanonical(raw))
    throw new MalformedKey("a public key is not a canonical u-coordinate");
  return createPublicKey({ key: { kty: "OKP", crv, x: asBuffer(raw).toString("base64url") }, format: "jwk" });
}

/**
 * Tells the 32 raw bytes of the public key that belongs to an imported private key.
 *
 * Only for keys from `importPrivateKey`: exporting a key made by `generateKeyPairSync` as JWK can hang the
 * process for ever on Node 20.
 */
export function publicKeyOf(privateKey: KeyObject): Buffer {
  return Buffer.from(privateKey.export({ format: "jwk" }).x ?? "", "base64url");
}

/** A new X25519 key pair together with the usable private key, because importing it again would cost as much. */
export function generateKeyPair(): KeyPair & { readonly handle: KeyObject } {
  const privateKey = randomBytes(KEY_SIZE_BYTES);
  const handle = importPrivateKey("X25519", privateKey);
  return { privateKey, publicKey: publicKeyOf(handle), handle };
}

/**
 * X25519: the 32-byte secret that two key pairs share.
 *
 * @throws MalformedKey when the public key is of small order. Source: RFC 7748 §6.1.
 */
export function agree(privateKey: KeyObject, publicKey: KeyObject): Buffer {
  try {
    return diffieHellman({ privateKey, publicKey });
  } catch (cause) {
    // RFC 7748 §6.1: OpenSSL refuses to derive the all-zero secret
    throw new MalformedKey("a public key is of small order", cause);
  }
}

/** The same bytes seen as a Buffer, without copying them. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function checkLength(raw: Uint8Array, what: string): void {
  if (raw.length !== KEY_SIZE_BYTES)
    throw new MalformedKey(`${what} has ${raw.length} bytes, not ${KEY_SIZE_BYTES}`);
}

// RFC 7748 §5 masks the highest bit and reduces modulo 2^255 - 19. No honest writer needs either, and two spellings
// of one key would make two identities of one.
function isCanonical(u: Uint8Array): boolean {
  const top = u[KEY_SIZE_BYTES - 1] ?? 0;
  if (top !== 0x7f) return top < 0x7f;
  return (u[0] ?? 0) < 0xed || !u.subarray(1, KEY_SIZE_BYTES - 1).every((byte) => byte === 0xff);
}
