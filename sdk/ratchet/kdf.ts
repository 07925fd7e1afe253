import { hkdf, hmacPair } from "../../src/hkdf.js";

const MESSAGE_KEY_SEED = 0x01;
const NEXT_CHAIN_KEY = 0x02;

/** KDF_RK: the next root key and the chain key of a new chain. Source: Double Ratchet §5.2. */
export function stepRoot(
  rootKey: Buffer,
  shared: Buffer,
  info: Buffer,
): { rootKey: Buffer; chainKey: Buffer } {
  const both = hkdf(shared, info, 64, rootKey);
  shared.fill(0);
  return { rootKey: both.subarray(0, 32), chainKey: both.subarray(32) };
}

/** One step of a chain: what the keys of the message at this chain key are made from, and the chain key after it. */
export interface ChainStep {
  readonly seed: Buffer;
  readonly chainKey: Buffer;
}

/** KDF_CK. Source: Double Ratchet §5.2. */
export function stepChain(current: Buffer): ChainStep {
  const [seed, chainKey] = hmacPair(current, MESSAGE_KEY_SEED, NEXT_CHAIN_KEY);
  return { seed, chainKey };
}

/** The keys of one message; `all` is the buffer that they lie in, to be overwritten after use. */
export interface MessageKeys {
  readonly all: Buffer;
  /** AES-256. */
  readonly cipherKey: Buffer;
  /** HMAC-SHA-256. */
  readonly macKey: Buffer;
  /** 16 bytes. */
  readonly iv: Buffer;
}

/** The keys of one message from its seed. Source: Double Ratchet §5.2, ENCRYPT. */
export function messageKeys(seed: Buffer, info: Buffer): MessageKeys {
  const all = hkdf(seed, info, 80);
  return { all, cipherKey: all.subarray(0, 32), macKey: all.subarray(32, 64), iv: all.subarray(64) };
}
