import { timingSafeEqual } from "node:crypto";
import { axolotl } from "../ratchet/mod.js";
import type { Fingerprint } from "./port.js";

/** The fingerprint of a published identity key. @throws {RatchetError} `malformed-key`. Source: XEP-0384 0.3 §7. */
export function fingerprintOf(identityKey: Uint8Array): Fingerprint {
  return axolotl.decodeIdentity(identityKey).toString("hex") as Fingerprint;
}

/** Whether two published keys are the same. */
export function isSameKey(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
