import { InvalidInput } from "../../../src/errors.js";
import { NS } from "../../../src/namespaces.js";
import { omemo2, RatchetError } from "../../ratchet/mod.js";
import type { Fingerprint } from "../port.js";
import { fingerprintBytes } from "./fingerprint-text.js";

const KEY_SIZE_BYTES = 32;

/** An identity key, in the form that trust goes by and, where it is known, in that of OMEMO 2. */
export interface KeyReference {
  readonly fingerprint: Fingerprint;
  /** The Ed25519 form in 64 hexadecimal digits: it cannot be told from the other, which lacks the sign. */
  readonly ed25519?: string | undefined;
}

/** A key as trust messages and their URIs name it. */
export interface KeyIdentifier {
  /** The namespace of the encryption, which says what kind of identifier it is. */
  readonly encryption: string;
  readonly id: Buffer;
}

/**
 * Names a key for others: by its Ed25519 form in OMEMO 2 where that is known, by its X25519 form in 0.3 otherwise.
 *
 * XEP-0384 leaves the kind of identifier open; the key as the version publishes it is what other programs use.
 * Source: XEP-0434 0.6 §4.
 */
export function keyIdentifier({ fingerprint, ed25519 }: KeyReference): KeyIdentifier {
  return ed25519 === undefined
    ? { encryption: NS.omemo, id: fingerprintBytes(fingerprint) }
    : { encryption: NS.omemo2, id: Buffer.from(ed25519, "hex") };
}

/** The key that an identifier names. @throws {InvalidInput} when it is no key, or the encryption is no OMEMO */
export function readKeyIdentifier(encryption: string, id: Uint8Array): KeyReference {
  if (encryption !== NS.omemo && encryption !== NS.omemo2)
    throw new InvalidInput("not an encryption with keys of OMEMO");
  if (id.length !== KEY_SIZE_BYTES) throw new InvalidInput(`a key identifier has ${KEY_SIZE_BYTES} bytes`);
  const hex = Buffer.from(id).toString("hex");
  if (encryption === NS.omemo) return { fingerprint: hex as Fingerprint };
  return { fingerprint: montgomery(id).toString("hex") as Fingerprint, ed25519: hex };
}

function montgomery(id: Uint8Array): Buffer {
  try {
    return omemo2.decodeIdentity(id);
  } catch (error) {
    if (error instanceof RatchetError) throw new InvalidInput("a key identifier is no key", error);
    throw error;
  }
}
