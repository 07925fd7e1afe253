import { createCipheriv, createDecipheriv, randomFillSync, type Cipher } from "node:crypto";

const NONCE_BYTES = 24;
const NONCES_AT_ONCE = 128;
const TAG_BYTES = 16;
const BLOCK_BYTES = 16;
/** The half of the nonce that goes into the key; the other half is the nonce of GCM. */
const KEY_NONCE_BYTES = 12;

/**
 * Encrypts the rows of a store: XAES-256-GCM, which is AES-256-GCM with a key of its own for every nonce.
 *
 * A nonce is 24 random bytes, so that 2^80 rows may be written under one key; the 12 bytes of plain GCM would end at
 * 2^32, which a busy device reaches in weeks. A counter would come back with every restored copy of the file.
 *
 * Source: C2SP XAES-256-GCM; NIST SP 800-108r1 §4.1 (CMAC, counter mode); NIST SP 800-38D §8.2.2.
 */
export class RowCipher {
  readonly #key: Buffer;
  /** AES-256 on single blocks: one context for all of them, as without chaining there is no state. */
  readonly #blocks: Cipher;
  /** CMAC's first subkey. Source: NIST SP 800-38B §6.1. */
  readonly #mask: Buffer;

  /** Random bytes that no nonce was made of yet. */
  #fresh = Buffer.alloc(0);

  /** @param key 32 bytes, which are copied */
  constructor(key: Uint8Array) {
    this.#key = Buffer.alloc(32);
    this.#key.set(key);
    this.#blocks = createCipheriv("aes-256-ecb", this.#key, null).setAutoPadding(false);
    this.#mask = double(this.#blocks.update(Buffer.alloc(BLOCK_BYTES)));
  }

  /** Encrypts: nonce, ciphertext, tag. @param place what the row is for; it opens there only */
  seal(place: Uint8Array, content: Uint8Array): Buffer {
    return this.sealWith(this.#nextNonce(), place, content);
  }

  /** The same with a nonce that was chosen elsewhere: for known answers. */
  sealWith(nonce: Uint8Array, place: Uint8Array, content: Uint8Array): Buffer {
    const key = this.#keyOf(nonce);
    const cipher = createCipheriv("aes-256-gcm", key, nonce.subarray(KEY_NONCE_BYTES)).setAAD(place);
    const sealed = cipher.update(content);
    cipher.final();
    key.fill(0);
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]);
  }

  /** Decrypts; `undefined` when it was changed, or sealed for another place or with another key. */
  open(place: Uint8Array, sealed: Uint8Array): Buffer | undefined {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const end = sealed.length - TAG_BYTES;
    const key = this.#keyOf(sealed.subarray(0, NONCE_BYTES));
    const nonce = sealed.subarray(KEY_NONCE_BYTES, NONCE_BYTES);
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(place).setAuthTag(sealed.subarray(end));
    const content = decipher.update(sealed.subarray(NONCE_BYTES, end));
    key.fill(0);
    try {
      decipher.final();
      return content;
    } catch {
      content.fill(0);
      return undefined;
    }
  }

  /** Overwrites the keys; the cipher is not used again. */
  close(): void {
    this.#blocks.final();
    this.#key.fill(0);
    this.#mask.fill(0);
  }

  #nextNonce(): Buffer {
    // One call of the generator for many nonces: it costs as much as the encryption of a small row
    if (this.#fresh.length === 0) this.#fresh = randomFillSync(Buffer.alloc(NONCES_AT_ONCE * NONCE_BYTES));
    const nonce = this.#fresh.subarray(0, NONCE_BYTES);
    this.#fresh = this.#fresh.subarray(NONCE_BYTES);
    return nonce;
  }

  /** The key of one nonce: two blocks of CMAC over a counter, the letter X and half of the nonce. */
  #keyOf(nonce: Uint8Array): Buffer {
    const input = Buffer.alloc(2 * BLOCK_BYTES);
    for (const half of [0, 1]) {
      const at = half * BLOCK_BYTES;
      input.set([0, half + 1, 0x58, 0], at);
      input.set(nonce.subarray(0, KEY_NONCE_BYTES), at + 4);
      for (let i = 0; i < BLOCK_BYTES; i += 1) input[at + i] = input[at + i]! ^ this.#mask[i]!;
    }
    return this.#blocks.update(input);
  }
}

/** Doubles in GF(2^128). Source: NIST SP 800-38B §6.1. */
function double(block: Buffer): Buffer {
  const doubled = Buffer.alloc(BLOCK_BYTES);
  for (let i = 0; i < BLOCK_BYTES; i += 1) {
    doubled[i] = ((block[i] as number) << 1) | ((block[i + 1] ?? 0) >>> 7);
  }
  if ((block[0] as number) & 0x80) doubled[BLOCK_BYTES - 1]! ^= 0x87;
  block.fill(0);
  return doubled;
}
