import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const CIPHER = "aes-128-gcm";
const KEY_BYTES = 16;
const TAG_BYTES = 16;
const IV_BYTES = 12;

/** A text encrypted once for all devices, and the key material that each gets through its session. */
export interface SealedPayload {
  readonly iv: Buffer;
  readonly payload: Buffer;
  /** The 16-byte key and the 16-byte tag. */
  readonly keyMaterial: Buffer;
}

/** Encrypts with a fresh key. Source: XEP-0384 0.3 §4.5. */
export function sealPayload(plaintext: Uint8Array): SealedPayload {
  const key = randomBytes(KEY_BYTES);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv);
  const payload = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { iv, payload, keyMaterial: Buffer.concat([key, cipher.getAuthTag()]) };
}

/**
 * Decrypts with key material that came through a session.
 *
 * @returns nothing when the payload is not the one that was encrypted, or the key material is none
 */
export function openPayload(
  keyMaterial: Uint8Array,
  iv: Uint8Array,
  payload: Uint8Array,
): Buffer | undefined {
  if (keyMaterial.length !== KEY_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, keyMaterial.subarray(0, KEY_BYTES), iv, {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(keyMaterial.subarray(KEY_BYTES));
  const plaintext = decipher.update(payload);
  try {
    return Buffer.concat([plaintext, decipher.final()]);
  } catch {
    return undefined;
  }
}
