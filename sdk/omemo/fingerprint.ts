import type { DeviceId } from "../../src/ids.js";
import { omemo2, type Profile } from "../ratchet/mod.js";
import type { Fingerprint } from "./port.js";
import type { Person, Sighting } from "./trust/mod.js";

/**
 * The fingerprint of an identity key as a version publishes it: the same in all versions for the same identity.
 *
 * @throws {RatchetError} `malformed-key`. Source: XEP-0384 0.3 §7, XEP-0384 0.8 §8.
 */
export function fingerprintOf(profile: Profile, identityKey: Uint8Array): Fingerprint {
  return profile.decodeIdentity(identityKey).toString("hex") as Fingerprint;
}

/** The identity that a device shows with a key as a version publishes it. @throws {RatchetError} `malformed-key` */
export function sightingOf(profile: Profile, device: DeviceId, identityKey: Uint8Array): Sighting {
  return {
    device,
    fingerprint: fingerprintOf(profile, identityKey),
    ed25519: profile === omemo2 ? hexOf(identityKey) : undefined,
  };
}

/** An identity that a device showed, as a version publishes it; nothing when it was not seen in that form. */
export function publishedKeyOf(profile: Profile, { fingerprint, ed25519 }: Sighting): Buffer | undefined {
  if (profile === omemo2) return ed25519 === undefined ? undefined : Buffer.from(ed25519, "hex");
  return profile.encodePublicKey(Buffer.from(fingerprint, "hex"));
}

/** Whether a published key is the one that a device was seen with. */
export function isShown(
  profile: Profile,
  identityKey: Uint8Array,
  { fingerprint, ed25519 }: Omit<Sighting, "device">,
): boolean {
  // The other form is computed for nothing when this one is the same
  if (profile === omemo2 && ed25519 === hexOf(identityKey)) return true;
  return fingerprintOf(profile, identityKey) === fingerprint;
}

/** The fingerprint of a key of a device's: the one that the device was seen with, where it is that. */
export function knownFingerprintOf(
  profile: Profile,
  identityKey: Uint8Array,
  device: DeviceId,
  { devices, identities }: Person,
): Fingerprint {
  const fingerprint = devices.get(device);
  const ed25519 = fingerprint && identities.get(fingerprint)?.ed25519;
  // With each message of OMEMO 2, several times what the rest of opening it costs
  if (fingerprint && ed25519 && isShown(profile, identityKey, { fingerprint, ed25519 })) return fingerprint;
  return fingerprintOf(profile, identityKey);
}

function hexOf(key: Uint8Array): string {
  return (Buffer.isBuffer(key) ? key : Buffer.from(key)).toString("hex");
}

/** Whether two published keys are the same: byte by byte, as a call out of JavaScript takes ten times as long. */
export function isSameKey(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}
