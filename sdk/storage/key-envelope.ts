import { hkdfSync, randomBytes, scryptSync } from "node:crypto";
import { InvalidInput, StorageError } from "../../src/errors.js";
import { RowCipher } from "./row-cipher.js";

/** What a store is locked with: one of the two. */
export interface StoreSecret {
  /** 32 random bytes, which the host keeps elsewhere. They are copied, and the copy is overwritten after use. */
  readonly key?: Uint8Array;
  /** What a person remembers: slow to open (scrypt: about a third of a second, 128 MiB), and as strong as it is long. */
  readonly passphrase?: string;
}

/** How many bytes a key has. */
export const KEY_BYTES = 32;

const SALT_BYTES = 16;

/** For what a person remembers: 128 MiB and 2^17 rounds, the first choice of the OWASP Password Storage Cheat Sheet. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1 };

/** Memory that a file may ask for: it is read before it is known to be ours. */
const MAX_SCRYPT_BYTES = 512 * 1024 * 1024;

type Kdf =
  | { readonly name: "hkdf"; readonly salt: string }
  | {
      readonly name: "scrypt";
      readonly salt: string;
      readonly N: number;
      readonly r: number;
      readonly p: number;
    };

interface Envelope {
  readonly version: 1;
  readonly kdf: Kdf;
  /** The data key, encrypted with the key that comes of the secret; base64. */
  readonly wrapped: string;
}

/** Whether a secret was given. @throws {InvalidInput} for both at once, a key of another length, an empty passphrase, one that is there and undefined */
export function hasSecret(secret: StoreSecret): boolean {
  const { key, passphrase } = secret;
  // A setting that was not found must not make a store in clear
  for (const name of ["key", "passphrase"] as const) {
    if (name in secret && secret[name] === undefined)
      throw new InvalidInput(`the ${name} of a store is undefined`);
  }
  if (key !== undefined && passphrase !== undefined)
    throw new InvalidInput("a store is locked with a key or a passphrase, not both");
  if (key !== undefined && key.length !== KEY_BYTES)
    throw new InvalidInput(`the key of a store has ${KEY_BYTES} bytes`);
  if (passphrase === "") throw new InvalidInput("the passphrase of a store is empty");
  return key !== undefined || passphrase !== undefined;
}

/** Wraps a data key in a secret, with a fresh salt. @returns what is stored in clear */
export function wrapDataKey(dataKey: Uint8Array, secret: StoreSecret): Buffer {
  const salt = randomBytes(SALT_BYTES).toString("base64");
  const kdf: Kdf = secret.key ? { name: "hkdf", salt } : { name: "scrypt", salt, ...SCRYPT };
  const wrapped = withWrapping(kdf, secret, (cipher) => cipher.seal(placeOf(kdf), dataKey));
  const envelope: Envelope = { version: 1, kdf, wrapped: wrapped.toString("base64") };
  return Buffer.from(JSON.stringify(envelope));
}

/** Opens what {@link wrapDataKey} made. @throws {StorageError} `wrong-key`; `corrupt` when it is no envelope */
export function unwrapDataKey(stored: Uint8Array, secret: StoreSecret): Buffer {
  const { kdf, wrapped } = readEnvelope(stored);
  if ((kdf.name === "hkdf") !== (secret.key !== undefined)) {
    throw new StorageError(
      "wrong-key",
      `the store is locked with a ${kdf.name === "hkdf" ? "key" : "passphrase"}`,
    );
  }
  const sealed = Buffer.from(wrapped, "base64");
  const dataKey = withWrapping(kdf, secret, (cipher) => cipher.open(placeOf(kdf), sealed));
  if (dataKey?.length !== KEY_BYTES) {
    throw new StorageError(
      "wrong-key",
      `the store does not open with this ${secret.key ? "key" : "passphrase"}`,
    );
  }
  return dataKey;
}

function withWrapping<Result>(kdf: Kdf, secret: StoreSecret, work: (cipher: RowCipher) => Result): Result {
  const wrappingKey = derive(kdf, secret);
  const cipher = new RowCipher(wrappingKey);
  wrappingKey.fill(0);
  try {
    return work(cipher);
  } finally {
    cipher.close();
  }
}

function derive(kdf: Kdf, { key, passphrase = "" }: StoreSecret): Buffer {
  const salt = Buffer.from(kdf.salt, "base64");
  if (kdf.name === "hkdf")
    return Buffer.from(hkdfSync("sha256", key as Uint8Array, salt, "twotick store key", KEY_BYTES));
  const { N, r, p } = kdf;
  // The same text however it was typed. Source: RFC 8265 §4.2.2
  const password = Buffer.from(passphrase.normalize("NFC"));
  try {
    return scryptSync(password, salt, KEY_BYTES, { N, r, p, maxmem: MAX_SCRYPT_BYTES });
  } catch (error) {
    throw new StorageError(
      "corrupt",
      "the store asks for parameters of scrypt that are out of bounds",
      error,
    );
  } finally {
    password.fill(0);
  }
}

function placeOf(kdf: Kdf): Buffer {
  return Buffer.from(`envelope ${JSON.stringify(kdf)}`);
}

function readEnvelope(stored: Uint8Array): Envelope {
  try {
    const { version, kdf, wrapped } = JSON.parse(Buffer.from(stored).toString()) as Envelope;
    const isKnown = kdf.name === "hkdf" || kdf.name === "scrypt";
    if (version === 1 && isKnown && typeof kdf.salt === "string" && typeof wrapped === "string")
      return { version, kdf, wrapped };
  } catch (error) {
    throw new StorageError("corrupt", "the lock of the store is damaged", error);
  }
  throw new StorageError("corrupt", "the lock of the store is damaged");
}
