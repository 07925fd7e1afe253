import { generateKeyPair } from "./curve.js";
import type { Identity } from "./identity.js";
import type { Profile } from "./profile.js";

/** A one-time prekey of ours, plain bytes throughout: the private key raw (32), the public key as published. */
export interface PreKey {
  /** From 1. */
  readonly id: number;
  /** Secret, to be erased once a message has used it. */
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** A signed prekey of ours: used by every session that begins until it is replaced. */
export interface SignedPreKey extends PreKey {
  /** The identity's signature over `publicKey`, 64 bytes. */
  readonly signature: Uint8Array;
}

/** What a device publishes for those who want to begin a session with it; all keys as published. */
export interface Bundle {
  readonly identityKey: Uint8Array;
  readonly signedPreKey: {
    readonly id: number;
    readonly publicKey: Uint8Array;
    readonly signature: Uint8Array;
  };
  /** One of the one-time prekeys, to be drawn at random; undefined when none is left. */
  readonly preKey?: { readonly id: number; readonly publicKey: Uint8Array } | undefined;
}

/** Where a responder finds its own prekeys; called at most once each, before anything is computed. */
export interface OwnPreKeys {
  /** The signed prekey with this id, the replaced ones of the last weeks included. */
  signedPreKey(id: number): Pick<SignedPreKey, "privateKey"> | undefined;
  /** The one-time prekey with this id, if no message has used it. */
  preKey(id: number): Pick<PreKey, "privateKey"> | undefined;
}

/** A new signed prekey. Source: X3DH §3.2. */
export function generateSignedPreKey(profile: Profile, identity: Identity, id: number): SignedPreKey {
  const preKey = generatePreKey(profile, id);
  return { ...preKey, signature: profile.sign(identity, preKey.publicKey) };
}

/** New one-time prekeys with the ids `firstId` to `firstId + count - 1`. Source: X3DH §3.2. */
export function generatePreKeys(profile: Profile, firstId: number, count: number): PreKey[] {
  return Array.from({ length: count }, (_, index) => generatePreKey(profile, firstId + index));
}

function generatePreKey(profile: Profile, id: number): PreKey {
  const { privateKey, publicKey } = generateKeyPair();
  return { id, privateKey, publicKey: profile.encodePublicKey(publicKey) };
}
