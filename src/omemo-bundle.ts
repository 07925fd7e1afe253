import { decodeBase64, encodeBase64 } from "./base64.js";
import { InvalidInput } from "./errors.js";
import { NS } from "./namespaces.js";
import { attribute, type Element, namespaceOf } from "./xml.js";

/** One-time prekeys in one bundle; a hundred are usual. */
export const MAX_OMEMO_PREKEYS = 500;

// The type byte 5 and 32 bytes of X25519
const PUBLIC_KEY = { min: 33, max: 33 } as const;
const SIGNATURE = { min: 64, max: 64 } as const;
/** Ids travel as uint32 in ratchet messages; some apps count from 0. */
const MAX_PREKEY_ID = 2 ** 32 - 1;

/** A public prekey and its number. */
export interface PublicPreKey {
  readonly id: number;
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
}

/** What a device publishes for those who want to write to it: the content of `<bundle/>`. */
export interface OmemoBundle {
  /** 33 bytes. */
  readonly identityKey: Uint8Array;
  /** `signature` has 64 bytes and is not verified yet. */
  readonly signedPreKey: PublicPreKey & { readonly signature: Uint8Array };
  /** At least one, every id once. */
  readonly preKeys: readonly PublicPreKey[];
}

/** Reads `<bundle/>`. @throws {InvalidInput} naming what is wrong. Source: XEP-0384 0.3 §4.3. */
export function readBundle(bundle: Element): OmemoBundle {
  if (bundle.name !== "bundle" || namespaceOf(bundle) !== NS.omemo) throw new InvalidInput("not a bundle");
  const signed = bundle.getChild("signedPreKeyPublic", NS.omemo);
  return {
    identityKey: decodeBase64(textOf(bundle, "identityKey"), "the identity key", PUBLIC_KEY),
    signedPreKey: {
      id: preKeyId(signed && attribute(signed, "signedPreKeyId")),
      publicKey: decodeBase64(signed?.getText(), "the signed prekey", PUBLIC_KEY),
      signature: decodeBase64(textOf(bundle, "signedPreKeySignature"), "the signature", SIGNATURE),
    },
    preKeys: readPreKeys(bundle),
  };
}

function readPreKeys(bundle: Element): PublicPreKey[] {
  const children = bundle.getChild("prekeys", NS.omemo)?.getChildren("preKeyPublic", NS.omemo) ?? [];
  if (children.length === 0) throw new InvalidInput("a bundle without one-time prekeys");
  if (children.length > MAX_OMEMO_PREKEYS) {
    throw new InvalidInput(`a bundle with more than ${MAX_OMEMO_PREKEYS} one-time prekeys`);
  }
  const preKeys = children.map((child) => ({
    id: preKeyId(attribute(child, "preKeyId")),
    publicKey: decodeBase64(child.getText(), "a one-time prekey", PUBLIC_KEY),
  }));
  if (new Set(preKeys.map(({ id }) => id)).size < preKeys.length) {
    throw new InvalidInput("a bundle with two one-time prekeys of one id");
  }
  return preKeys;
}

function textOf(bundle: Element, name: string): string | null | undefined {
  return bundle.getChildText(name, NS.omemo);
}

function preKeyId(text: string | undefined): number {
  const id = text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(id <= MAX_PREKEY_ID)) throw new InvalidInput("a prekey id is a whole number below 2^32");
  return id;
}

/** Writes `<bundle/>`. Source: XEP-0384 0.3 §4.3. */
export function writeBundle({ identityKey, signedPreKey, preKeys }: OmemoBundle): string {
  const written = preKeys.map(
    ({ id, publicKey }) => `<preKeyPublic preKeyId='${id}'>${encodeBase64(publicKey)}</preKeyPublic>`,
  );
  return (
    `<bundle xmlns='${NS.omemo}'>` +
    `<signedPreKeyPublic signedPreKeyId='${signedPreKey.id}'>${encodeBase64(signedPreKey.publicKey)}</signedPreKeyPublic>` +
    `<signedPreKeySignature>${encodeBase64(signedPreKey.signature)}</signedPreKeySignature>` +
    `<identityKey>${encodeBase64(identityKey)}</identityKey>` +
    `<prekeys>${written.join("")}</prekeys></bundle>`
  );
}
