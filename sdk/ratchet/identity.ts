import { createHash, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { asBuffer, importPrivateKey, KEY_SIZE_BYTES, publicKeyOf } from "./curve.js";
import { MalformedKey } from "./errors.js";

/**
 * The long-term key pair of a device in both of its forms, ready for use.
 *
 * Only `seed` is to be stored (32 bytes, secret); `restoreIdentity` computes the rest in a fraction of a millisecond.
 */
export interface Identity {
  readonly seed: Buffer;
  /** For signatures: the Ed25519 key of the seed. */
  readonly signing: { readonly handle: KeyObject; readonly publicKey: Buffer };
  /** For agreements: the X25519 form of the same key. */
  readonly agreement: { readonly handle: KeyObject; readonly publicKey: Buffer };
}

/**
 * A new identity whose Edwards point has the sign 0.
 *
 * Some clients refuse the other half of all identities, because original XEdDSA knows this sign alone.
 */
export function generateIdentity(): Identity {
  for (;;) {
    const identity = restoreIdentity(randomBytes(KEY_SIZE_BYTES));
    if ((identity.signing.publicKey[31] ?? 0) < 0x80) return identity;
  }
}

/**
 * The identity of a stored seed; both signs are accepted.
 *
 * @throws MalformedKey when the seed is not 32 bytes long
 */
export function restoreIdentity(seed: Uint8Array): Identity {
  if (seed.length !== KEY_SIZE_BYTES)
    throw new MalformedKey(`a seed has ${seed.length} bytes, not ${KEY_SIZE_BYTES}`);
  const copy = Buffer.from(asBuffer(seed));
  const signing = importPrivateKey("Ed25519", copy);
  // RFC 8032 §5.1.5: the secret scalar is the first half of the hash. X25519 clamps it in the same way (RFC 7748 §5),
  // so that both public keys are the same point in two coordinates.
  const hash = createHash("sha512").update(copy).digest();
  const agreement = importPrivateKey("X25519", hash.subarray(0, KEY_SIZE_BYTES));
  hash.fill(0);
  return {
    seed: copy,
    signing: { handle: signing, publicKey: publicKeyOf(signing) },
    agreement: { handle: agreement, publicKey: publicKeyOf(agreement) },
  };
}
