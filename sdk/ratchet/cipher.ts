import { createCipheriv, createDecipheriv, createSecretKey, timingSafeEqual } from "node:crypto";
import { BadMac, MalformedMessage } from "./errors.js";
import { hmac } from "./hkdf.js";
import { messageKeys } from "./kdf.js";
import type { RatchetMessage, SealedMessage } from "./profile.js";
import type { Session } from "./session.js";

// With key objects: bare bytes cost 1.5 µs less on Node 20, but 5 µs more on Node 24
const ALGORITHM = "aes-256-cbc";
const BLOCK_SIZE_BYTES = 16;

/**
 * Encrypts and authenticates one message: AES-256-CBC, then a truncated HMAC-SHA-256.
 *
 * @param seed the message key seed, overwritten. Source: Double Ratchet §5.2, ENCRYPT.
 */
export function seal(
  session: Session,
  seed: Buffer,
  header: Omit<RatchetMessage, "ciphertext">,
  plaintext: Uint8Array,
): Buffer {
  const { profile } = session;
  const keys = messageKeys(seed, profile.infos.messageKeys);
  const cipher = createCipheriv(ALGORITHM, createSecretKey(keys.cipherKey), keys.iv);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const authenticated = profile.encodeMessage({ ...header, ciphertext });
  const associated = profile.associatedData(
    session.localIdentityKey,
    session.remoteIdentityKey,
    session.isInitiator,
  );
  const mac = hmac(keys.macKey, associated, authenticated).subarray(0, profile.macSizeBytes);
  keys.all.fill(0);
  seed.fill(0);
  return profile.sealMessage(authenticated, mac);
}

/**
 * Checks the MAC of one message and only then decrypts it.
 *
 * @param seed the message key seed, overwritten
 * @throws BadMac, MalformedMessage (authentic, but no whole blocks or wrongly padded). Source: Double Ratchet §5.2, DECRYPT.
 */
export function unseal(session: Session, seed: Buffer, message: SealedMessage): Buffer {
  const { profile } = session;
  const keys = messageKeys(seed, profile.infos.messageKeys);
  try {
    const associated = profile.associatedData(
      session.remoteIdentityKey,
      session.localIdentityKey,
      !session.isInitiator,
    );
    const mac = hmac(keys.macKey, associated, message.authenticated).subarray(0, profile.macSizeBytes);
    if (message.mac.length !== mac.length || !timingSafeEqual(mac, message.mac)) throw new BadMac();
    return decipher(keys, message.ciphertext);
  } finally {
    keys.all.fill(0);
    seed.fill(0);
  }
}

function decipher(keys: { cipherKey: Buffer; iv: Buffer }, ciphertext: Buffer): Buffer {
  if (ciphertext.length === 0 || ciphertext.length % BLOCK_SIZE_BYTES !== 0) {
    throw new MalformedMessage("the ciphertext is no whole number of blocks");
  }
  const running = createDecipheriv(ALGORITHM, createSecretKey(keys.cipherKey), keys.iv);
  try {
    return Buffer.concat([running.update(ciphertext), running.final()]);
  } catch (cause) {
    throw new MalformedMessage("the ciphertext is wrongly padded", cause);
  }
}
