import { createCipheriv, createDecipheriv, createSecretKey, timingSafeEqual } from "node:crypto";
import { BadMac, MalformedMessage } from "./errors.js";
import { hmac } from "../../src/hkdf.js";
import { messageKeys } from "./kdf.js";
import type { MessageKeys } from "./kdf.js";
import type { RatchetMessage, SealedMessage } from "./profile.js";
import type { Session } from "./session.js";

const ALGORITHM = "aes-256-cbc";
const BLOCK_SIZE_BYTES = 16;

// A key object costs 1 µs, which Node 20 and 22 do without; to Node 24 bare bytes cost 7 µs
const MAJOR = Number(process.versions.node.split(".", 1)[0]);
const cipherKeyOf = MAJOR < 24 ? (raw: Buffer) => raw : (raw: Buffer) => createSecretKey(raw);

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
  const ciphertext = encipher(keys, plaintext);
  const { ratchetKey, counter, previousCounter } = header;
  const authenticated = profile.encodeMessage({ ratchetKey, counter, previousCounter, ciphertext });
  const [first, second] = profile.associatedData(
    session.localIdentityKey,
    session.remoteIdentityKey,
    session.isInitiator,
  );
  const mac = hmac(keys.macKey, first, second, authenticated).subarray(0, profile.macSizeBytes);
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
    const [first, second] = profile.associatedData(
      session.remoteIdentityKey,
      session.localIdentityKey,
      !session.isInitiator,
    );
    const mac = hmac(keys.macKey, first, second, message.authenticated).subarray(0, profile.macSizeBytes);
    if (message.mac.length !== mac.length || !timingSafeEqual(mac, message.mac)) throw new BadMac();
    return decipher(keys, message.ciphertext);
  } finally {
    keys.all.fill(0);
    seed.fill(0);
  }
}

// RFC 5652 §6.3: PKCS #7 padding is done here, so that the cipher is called once for a message: what it is given are whole
// blocks, which come back at once, and without `final` it adds none of its own.
function encipher({ cipherKey, iv }: MessageKeys, plaintext: Uint8Array): Buffer {
  const padding = BLOCK_SIZE_BYTES - (plaintext.length % BLOCK_SIZE_BYTES);
  const padded = new Uint8Array(plaintext.length + padding).fill(padding, plaintext.length);
  padded.set(plaintext);
  const ciphertext = createCipheriv(ALGORITHM, cipherKeyOf(cipherKey), iv).update(padded);
  padded.fill(0);
  return ciphertext;
}

// The MAC stands: what a wrong padding tells is told to nobody but who holds the keys
function decipher({ cipherKey, iv }: MessageKeys, ciphertext: Buffer): Buffer {
  if (ciphertext.length === 0 || ciphertext.length % BLOCK_SIZE_BYTES !== 0) {
    throw new MalformedMessage("the ciphertext is no whole number of blocks");
  }
  const padded = createDecipheriv(ALGORITHM, cipherKeyOf(cipherKey), iv)
    .setAutoPadding(false)
    .update(ciphertext);
  const padding = padded[padded.length - 1] ?? 0;
  const end = padded.length - padding;
  if (
    padding === 0 ||
    padding > BLOCK_SIZE_BYTES ||
    !padded.subarray(end).every((byte) => byte === padding)
  ) {
    throw new MalformedMessage("the ciphertext is wrongly padded");
  }
  return padded.subarray(0, end);
}
