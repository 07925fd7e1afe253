import { createHash } from "node:crypto";
import { InvalidInput } from "../../../src/errors.js";
import type { Fingerprint } from "../port.js";
import { fingerprintBytes } from "./fingerprint-text.js";

/** Names this way of computing; another way is to give another number at once. */
const VERSION = 1;

/** How often each half is hashed: makes the search for a look-alike 5200 times dearer. */
const ITERATIONS = 5200;

const GROUPS = 6;
const GROUP_DIGITS = 5;
const GROUP_BYTES = 5;

/** One side of a safety number. */
export interface SafetyNumberSide {
  /** The number JID, bare. */
  readonly address: string;
  /** The identities that the person's listed devices show, in any order. */
  readonly identities: readonly Fingerprint[];
}

/**
 * The 60 digits that two people compare to know that nobody stands between them: 12 groups of 5, the same for both.
 *
 * Each side is 30 digits of its own, and the side that sorts first as text comes first. One side is computed so:
 *
 * - `keys`: the X25519 forms (32 bytes) of the identity keys of all listed devices, each once, in the order of
 *   their bytes
 * - `set = SHA-512(version ‖ number of keys ‖ keys)`, where the version is the byte 1 and the number 2 bytes,
 *   big-endian
 * - `hash = version ‖ set ‖ address`, where the address is the bare number JID in UTF-8; then 5200 times
 *   `hash = SHA-512(hash ‖ set)`
 * - six times: the next 5 bytes of the hash, big-endian, modulo 100,000, in 5 digits
 *
 * A device that is added, removed or shows another identity changes the number, at either side. Trust, device ids,
 * the version of OMEMO and the order of lists do not. Both sides see the same number only when they know the same
 * devices.
 *
 * @throws {InvalidInput} when a side has no identity
 * Source: the iterated hash of Signal's numeric fingerprint, here over a set of keys.
 */
export function safetyNumber(one: SafetyNumberSide, other: SafetyNumberSide): string {
  const [first, second] = [half(one), half(other)].sort();
  return `${first} ${second}`;
}

/** Whether a text is a safety number as people write it, and not a fingerprint: 60 digits with or without space. */
export function isSafetyNumber(text: string): boolean {
  return text.length <= 180 && /^\d{60}$/.test(text.replaceAll(/\s/g, ""));
}

/** Whether two texts are the same safety number, however the digits are grouped. */
export function isSameSafetyNumber(one: string, other: string): boolean {
  return isSafetyNumber(one) && one.replaceAll(/\s/g, "") === other.replaceAll(/\s/g, "");
}

function half({ address, identities }: SafetyNumberSide): string {
  if (identities.length === 0) throw new InvalidInput("a safety number needs an identity of either side");
  const set = digestOf(identities);
  let hash: Buffer = Buffer.concat([Buffer.of(VERSION), set, Buffer.from(address)]);
  for (let round = 0; round < ITERATIONS; round += 1) {
    hash = createHash("sha512").update(hash).update(set).digest();
  }
  const groups = Array.from({ length: GROUPS }, (_, index) => {
    const value = hash.readUIntBE(index * GROUP_BYTES, GROUP_BYTES) % 10 ** GROUP_DIGITS;
    return String(value).padStart(GROUP_DIGITS, "0");
  });
  return groups.join(" ");
}

function digestOf(identities: readonly Fingerprint[]): Buffer {
  // Hexadecimal digits of one length sort as their bytes do
  const sorted = [...new Set(identities)].sort();
  const count = Buffer.alloc(2);
  count.writeUInt16BE(sorted.length);
  const hash = createHash("sha512").update(Buffer.of(VERSION)).update(count);
  for (const fingerprint of sorted) hash.update(fingerprintBytes(fingerprint));
  return hash.digest();
}
