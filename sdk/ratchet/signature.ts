import { sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { asBuffer, importPublicKey, KEY_SIZE_BYTES } from "./curve.js";
import { MalformedKey } from "./errors.js";

/** The length of an Ed25519 and of an XEdDSA signature. Source: RFC 8032 §5.1.6. */
const SIGNATURE_SIZE_BYTES = 64;

const P = 2n ** 255n - 19n;
/** The coefficient of Curve25519. Source: RFC 7748 §4.1. */
const A = 486662n;
const SIGN_BIT = 0x80;

/**
 * Signs so that a reader who knows only the X25519 form of the key can verify.
 *
 * An Ed25519 signature is a valid XEdDSA signature but for the sign of the Edwards point, which the X25519 form has
 * lost: it travels in the top bit of the signature, which is always 0 in Ed25519 (S < 2^253). Source: XEdDSA §2.3, RFC 8032 §5.1.6.
 *
 * @param privateKey an Ed25519 key; @param publicKey its 32 bytes
 */
export function signMontgomery(privateKey: KeyObject, publicKey: Uint8Array, message: Uint8Array): Buffer {
  const signature = sign(null, message, privateKey);
  signature[63] = (signature[63] ?? 0) | ((publicKey[31] ?? 0) & SIGN_BIT);
  return signature;
}

/**
 * Verifies a signature by the key with this X25519 form; the sign of the Edwards point is in its top bit.
 *
 * @throws MalformedKey when the key is no 32-byte canonical u-coordinate. Source: XEdDSA §2.3, §3.
 */
export function verifyMontgomery(u: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_SIZE_BYTES) return false;
  const plain = Buffer.from(signature);
  const sign = (plain[63] ?? 0) & SIGN_BIT;
  plain[63] = (plain[63] ?? 0) & ~SIGN_BIT;
  return verify(null, message, importPublicKey("Ed25519", edwardsOf(u, sign)), plain);
}

/** Signs with the Ed25519 key itself: 64 bytes. Source: RFC 8032 §5.1.6. */
export function signEdwards(privateKey: KeyObject, message: Uint8Array): Buffer {
  return sign(null, message, privateKey);
}

/**
 * Verifies a signature by this Ed25519 key.
 *
 * @throws MalformedKey when the key is not 32 bytes long. Source: RFC 8032 §5.1.7.
 */
export function verifyEdwards(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_SIZE_BYTES) return false;
  return verify(null, message, importPublicKey("Ed25519", publicKey), signature);
}

/**
 * The Edwards form of an X25519 public key, given the sign of its x-coordinate (0 or 0x80).
 *
 * @throws MalformedKey for a wrong length and for u = -1, which has no Edwards form. Source: RFC 7748 §4.1, XEdDSA §2.3.
 */
export function edwardsOf(u: Uint8Array, sign: number): Buffer {
  if (u.length !== KEY_SIZE_BYTES)
    throw new MalformedKey(`a public key has ${u.length} bytes, not ${KEY_SIZE_BYTES}`);
  const value = readLittleEndian(asBuffer(u));
  if (value >= P - 1n) throw new MalformedKey("a public key has no Edwards form");
  // XEdDSA §2.3: y = (u - 1) * inv(u + 1) mod p
  const y = ((value + P - 1n) * inverse(value + 1n)) % P;
  const edwards = writeLittleEndian(y);
  edwards[31] = (edwards[31] ?? 0) | sign;
  return edwards;
}

/**
 * The X25519 form of an Ed25519 public key, the other way round: the sign is lost.
 *
 * @throws MalformedKey for a wrong length, for what is not written canonically, and for what is no point of the curve.
 * Source: RFC 7748 §4.1, RFC 8032 §5.1.3.
 */
export function montgomeryOf(edwards: Uint8Array): Buffer {
  if (edwards.length !== KEY_SIZE_BYTES)
    throw new MalformedKey(`an identity key has ${edwards.length} bytes, not ${KEY_SIZE_BYTES}`);
  const y = BigInt.asUintN(255, readLittleEndian(asBuffer(edwards)));
  // y = 1 is the neutral element, which has no u
  if (y >= P || y === 1n) throw new MalformedKey("an identity key is not a canonical point");
  // RFC 7748 §4.1: u = (1 + y) / (1 - y)
  const u = ((1n + y) * inverse(P + 1n - y)) % P;
  // RFC 7748 §4.1: v^2 = u^3 + A u^2 + u; where no v is, the u is one of the twist, for which nobody could sign
  if (!isSquare((((u * u + A * u + 1n) % P) * u) % P))
    throw new MalformedKey("an identity key is no point of the curve");
  return writeLittleEndian(u);
}

// The Jacobi symbol, by quadratic reciprocity: several times as fast as the power (p - 1) / 2
function isSquare(value: bigint): boolean {
  let [rest, modulus, isResidue] = [value, P, true];
  while (rest !== 0n) {
    for (; (rest & 1n) === 0n; rest >>= 1n) {
      const eighth = modulus & 7n;
      if (eighth === 3n || eighth === 5n) isResidue = !isResidue;
    }
    if ((rest & modulus & 3n) === 3n) isResidue = !isResidue;
    [rest, modulus] = [modulus % rest, rest];
  }
  return modulus === 1n && isResidue;
}

// Euclid's extended algorithm: ten times as fast as the power p - 2. Its input is a public key, so that a running
// time which depends on it gives nothing away.
function inverse(value: bigint): bigint {
  let [rest, next, factor, nextFactor] = [P, value, 0n, 1n];
  while (next !== 0n) {
    const quotient = rest / next;
    [rest, next] = [next, rest - quotient * next];
    [factor, nextFactor] = [nextFactor, factor - quotient * nextFactor];
  }
  return factor < 0n ? factor + P : factor;
}

function readLittleEndian(bytes: Buffer): bigint {
  let value = 0n;
  for (let at = KEY_SIZE_BYTES - 8; at >= 0; at -= 8) value = (value << 64n) | bytes.readBigUInt64LE(at);
  return value;
}

function writeLittleEndian(value: bigint): Buffer {
  const bytes = Buffer.alloc(KEY_SIZE_BYTES);
  for (let at = 0; at < KEY_SIZE_BYTES; at += 8) {
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value >> BigInt(8 * at)), at);
  }
  return bytes;
}
