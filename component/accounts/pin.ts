import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { InvalidInput } from "../../src/errors.js";
import type { Vault } from "../store/vault.js";

const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** 16 MiB and about 40 ms; the key of the vault protects the file, this protects against its holder. */
const COST = { N: 2 ** 14, r: 8, p: 1 };
const PIN = /^\d{4,20}$/;

/** Whether the text can be a registration PIN: 4 to 20 digits. */
export function isPin(text: string): boolean {
  return PIN.test(text);
}

/**
 * Hashes a registration PIN: random salt and scrypt over a keyed hash.
 *
 * @returns 48 bytes, salt first @throws {InvalidInput} unless it is 4 to 20 digits. Source: RFC 7914.
 */
export async function hashPin(vault: Vault, pin: string): Promise<Buffer> {
  if (!isPin(pin)) throw new InvalidInput("a PIN is 4 to 20 digits");
  const salt = randomBytes(SALT_BYTES);
  return Buffer.concat([salt, await derive(vault, pin, salt)]);
}

/** Whether the PIN is the one that was hashed. */
export async function isRightPin(vault: Vault, pin: string, hash: Uint8Array): Promise<boolean> {
  if (!isPin(pin) || hash.length !== SALT_BYTES + HASH_BYTES) return false;
  const salt = hash.subarray(0, SALT_BYTES);
  return timingSafeEqual(await derive(vault, pin, salt), hash.subarray(SALT_BYTES));
}

function derive(vault: Vault, pin: string, salt: Uint8Array): Promise<Buffer> {
  const keyed = vault.keyedHash("pin", pin);
  return new Promise((resolve, reject) => {
    scrypt(keyed, salt, HASH_BYTES, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
