import { decodeBase64, encodeBase64 } from "./base64.js";
import { InvalidInput } from "./errors.js";
import { NS } from "./namespaces.js";
import { preKeyId, readPreKeys, type PublicPreKey } from "./omemo-prekeys.js";
import { attribute, type Element, namespaceOf } from "./xml.js";

export { MAX_OMEMO_PREKEYS, type PublicPreKey } from "./omemo-prekeys.js";

// The type byte 5 and 32 bytes of X25519
const PUBLIC_KEY = { min: 33, max: 33 } as const;
const SIGNATURE = { min: 64, max: 64 } as const;

/** What a device publishes for those who want to write to it: the content of `<bundle/>`. */
export interface OmemoBundle {
  /** 33 bytes in OMEMO 0.3, X25519 behind a type byte; 32 in OMEMO 2, Ed25519. */
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
    preKeys: readPreKeys(bundle.getChild("prekeys", NS.omemo)?.getChildren("preKeyPublic", NS.omemo) ?? [], {
      idAttribute: "preKeyId",
      keyBytes: PUBLIC_KEY,
    }),
  };
}

function textOf(bundle: Element, name: string): string | null | undefined {
  return bundle.getChildText(name, NS.omemo);
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
