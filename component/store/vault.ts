import {
  createCipheriv,
  createDecipheriv,
  hkdfSync,
  randomBytes,
  type KeyObject,
  createSecretKey,
} from "node:crypto";
import { InvalidInput } from "../../src/errors.js";
import { hmac } from "../../src/hkdf.js";
import { phoneNumber, type PhoneNumber } from "../../src/phone-number.js";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Keeps what must not stand in clear in a file: numbers by keyed hash, and sealed.
 *
 * All keys derive (HKDF-SHA-256, RFC 5869) from the one master key of the configuration, each for one purpose.
 */
export class Vault {
  readonly #hashKey: Buffer;
  readonly #sealKeys = new Map<string, KeyObject>();
  readonly #masterKey: Buffer;

  /** @param masterKey 32 bytes @throws {InvalidInput} for another length */
  constructor(masterKey: Buffer) {
    if (masterKey.length !== 32) throw new InvalidInput("the master key is 32 bytes");
    this.#masterKey = masterKey;
    this.#hashKey = this.#derive("number hash");
  }

  /** The keyed hash (HMAC-SHA-256, 32 bytes) by which a number is looked up. */
  hashNumber(number: PhoneNumber): Buffer {
    return this.keyedHash("number", number);
  }

  /** A keyed hash of any text; `purpose` keeps the hashes of different things apart. */
  keyedHash(purpose: string, text: string): Buffer {
    const keyed = hmac(this.#hashKey, Buffer.from(`${purpose}\0${text}`));
    // Memory of its own: with a piece of Node's pool all 8 KB of it would be kept, and go along to the store's thread
    const hash = Buffer.allocUnsafeSlow(keyed.length);
    keyed.copy(hash);
    return hash;
  }

  /** Encrypts a number for the day when the component has to know it again. */
  sealNumber(number: PhoneNumber): Buffer {
    return this.seal("number", Buffer.from(number));
  }

  /** Opens what {@link sealNumber} sealed. @throws {InvalidInput} when it was changed or sealed with another key */
  openNumber(sealed: Uint8Array): PhoneNumber {
    return phoneNumber(this.openLocalpart(sealed));
  }

  /** As {@link hashNumber}, for another localpart that stands among the numbers: a stranger's. */
  hashLocalpart(local: string): Buffer {
    return this.keyedHash("number", local);
  }

  /** As {@link sealNumber}, for a localpart that is no number. */
  sealLocalpart(local: string): Buffer {
    return this.seal("number", Buffer.from(local));
  }

  /** Opens a sealed number, or the localpart of a stranger. @throws {InvalidInput} as {@link openNumber} */
  openLocalpart(sealed: Uint8Array): string {
    const opened = this.open("number", sealed);
    if (!opened)
      throw new InvalidInput(
        "a sealed number cannot be opened: is the master key the one it was sealed with?",
      );
    return opened.toString();
  }

  /** Encrypts (AES-256-GCM): nonce, ciphertext, tag. */
  seal(purpose: string, content: Uint8Array): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#sealKey(purpose), nonce);
    return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  }

  /** Decrypts what {@link seal} made for the same purpose; `undefined` when it is not that. */
  open(purpose: string, sealed: Uint8Array): Buffer | undefined {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const end = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv("aes-256-gcm", this.#sealKey(purpose), sealed.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(sealed.subarray(end));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, end)), decipher.final()]);
    } catch {
      return undefined;
    }
  }

  #sealKey(purpose: string): KeyObject {
    const known = this.#sealKeys.get(purpose);
    if (known) return known;
    const made = createSecretKey(this.#derive(`seal ${purpose}`));
    this.#sealKeys.set(purpose, made);
    return made;
  }

  #derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync("sha256", this.#masterKey, Buffer.alloc(0), `twotick ${purpose}`, 32));
  }
}
