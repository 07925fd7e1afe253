import { axolotl, type Identity, omemo2, restoreIdentity } from "../../../../sdk/ratchet/mod.js";
import type { Fingerprint } from "../../../../sdk/omemo/port.js";
import type { KeyReference } from "../../../../sdk/omemo/trust/key-identifier.js";
import type { DeviceId } from "../../../../src/ids.js";

export const JULIET = "+15551230001@phone.example.org";
export const ROMEO = "+15551230002@phone.example.org";
export const NURSE = "+15551230003@phone.example.org";

/** The same identity for the same number, always. */
export function identity(number: number): Identity {
  const seed = Buffer.alloc(32);
  seed.writeUInt32BE(number);
  return restoreIdentity(seed);
}

/** The fingerprint of an identity. */
export function print(number: number): Fingerprint {
  return axolotl.decodeIdentity(axolotl.encodeIdentity(identity(number))).toString("hex") as Fingerprint;
}

/** An identity in both of its forms. */
export function key(number: number): KeyReference & { readonly ed25519: string } {
  return {
    fingerprint: print(number),
    ed25519: omemo2.encodeIdentity(identity(number)).toString("hex"),
  };
}

export function device(id: number): DeviceId {
  return id as DeviceId;
}

/** A made-up fingerprint, where many are needed and none is used as a key. */
export function madeUp(number: number): Fingerprint {
  return number.toString(16).padStart(64, "0") as Fingerprint;
}
