import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";

const CIPHER = "aes-256-cbc";
const KEY_BYTES = 32;
const MAC_BYTES = 16;

// XEP-0384 0.8 §4.4: "OMEMO Payload" as the info, 256 zero bits as the salt
const INFO = Buffer.from("OMEMO Payload");
const SALT = Buffer.alloc(32);

/** The encryption key, the authentication key and the IV, one after the other. */
const DERIVED_BYTES = 32 + 32 + 16;

/** An envelope encrypted once for all devices, and the key material that each gets through its session. */
export interface SealedPayload {
  readonly payload: Buffer;
  /** The 32-byte key and the 16-byte authentication tag. */
  readonly keyMaterial: Buffer;
}

/** Encrypts with a fresh key. Source: XEP-0384 0.8 §4.4. */
export function sealPayload(plaintext: Uint8Array): SealedPayload {
  const key = randomBytes(KEY_BYTES);
  return withKeys(key, ({ encryption, authentication, iv }) => {
    const cipher = createCipheriv(CIPHER, encryption, iv);
    const payload = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const keyMaterial = Buffer.concat([key, macOf(authentication, payload)]);
    key.fill(0);
    return { payload, keyMaterial };
  });
}

/**
 * Decrypts with key material that came through a session.
 *
 * @returns nothing when the payload is not the one that was encrypted, or the key material is none
 */
export function openPayload(keyMaterial: Uint8Array, payload: Uint8Array): Buffer | undefined {
  if (keyMaterial.length !== KEY_BYTES + MAC_BYTES) return undefined;
  return withKeys(keyMaterial.subarray(0, KEY_BYTES), ({ encryption, authentication, iv }) => {
    // XEP-0384 0.8 §4.5: the tag first, and only then the padding
    if (!timingSafeEqual(macOf(authentication, payload), keyMaterial.subarray(KEY_BYTES))) return undefined;
    const decipher = createDecipheriv(CIPHER, encryption, iv);
    try {
      return Buffer.concat([decipher.update(payload), decipher.final()]);
    } catch {
      return undefined;
    }
  });
}

interface PayloadKeys {
  readonly encryption: Uint8Array;
  readonly authentication: Uint8Array;
  readonly iv: Uint8Array;
}

function withKeys<Result>(key: Uint8Array, work: (keys: PayloadKeys) => Result): Result {
  const derived = new Uint8Array(hkdfSync("sha256", key, SALT, INFO, DERIVED_BYTES));
  try {
    return work({
      encryption: derived.subarray(0, 32),
      authentication: derived.subarray(32, 64),
      iv: derived.subarray(64),
    });
  } finally {
    derived.fill(0);
  }
}

function macOf(key: Uint8Array, payload: Uint8Array): Buffer {
  return createHmac("sha256", key).update(payload).digest().subarray(0, MAC_BYTES);
}
