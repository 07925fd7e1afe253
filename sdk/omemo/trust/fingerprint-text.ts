import { InvalidInput } from "../../../src/errors.js";
import type { Fingerprint } from "../port.js";

const DIGITS = /^[0-9a-f]{64}$/;

/** Writes a fingerprint for people: 8 groups of 8 hexadecimal digits. Source: XEP-0384 0.8 §8. */
export function formatFingerprint(fingerprint: Fingerprint): string {
  return (fingerprint.match(/.{8}/g) ?? []).join(" ");
}

/** Reads a fingerprint as people and apps write it, with or without white space. @throws {InvalidInput} */
export function parseFingerprint(text: string): Fingerprint {
  // Looked at before anything of its size is made; two characters of space after each digit are more than any app has
  const digits = text.length <= 192 ? text.replaceAll(/\s/g, "").toLowerCase() : "";
  if (!DIGITS.test(digits)) throw new InvalidInput("a fingerprint has 64 hexadecimal digits");
  return digits as Fingerprint;
}

/** The 32 bytes of a fingerprint: the identity key in its X25519 form. */
export function fingerprintBytes(fingerprint: Fingerprint): Buffer {
  return Buffer.from(fingerprint, "hex");
}
