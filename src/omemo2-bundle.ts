import { decodeBase64, encodeBase64 } from "./base64.js";
import { InvalidInput } from "./errors.js";
import { NS } from "./namespaces.js";
import type { OmemoBundle } from "./omemo-bundle.js";
import { preKeyId, readPreKeys } from "./omemo-prekeys.js";
import { attribute, type Element, namespaceOf } from "./xml.js";

// XEP-0384 0.8 §4.2: the identity key is Ed25519, the others X25519, none has a type byte
const PUBLIC_KEY = { min: 32, max: 32 } as const;
const SIGNATURE = { min: 64, max: 64 } as const;

/**
 * Reads `<bundle/>` of OMEMO 2; its keys have 32 bytes, the identity key in its Ed25519 form.
 *
 * One one-time prekey is enough, though §4.2 asks for 25: who has fewer left can still be written to.
 *
 * @throws {InvalidInput} naming what is wrong. Source: XEP-0384 0.8 §5.3.2.
 */
export function readBundle2(bundle: Element): OmemoBundle {
  if (bundle.name !== "bundle" || namespaceOf(bundle) !== NS.omemo2) {
    throw new InvalidInput("not a bundle of OMEMO 2");
  }
  const signed = bundle.getChild("spk", NS.omemo2);
  return {
    identityKey: decodeBase64(textOf(bundle, "ik"), "the identity key", PUBLIC_KEY),
    signedPreKey: {
      id: preKeyId(signed && attribute(signed, "id")),
      publicKey: decodeBase64(signed?.getText(), "the signed prekey", PUBLIC_KEY),
      signature: decodeBase64(textOf(bundle, "spks"), "the signature", SIGNATURE),
    },
    preKeys: readPreKeys(bundle.getChild("prekeys", NS.omemo2)?.getChildren("pk", NS.omemo2) ?? [], {
      idAttribute: "id",
      keyBytes: PUBLIC_KEY,
    }),
  };
}

function textOf(bundle: Element, name: string): string | null | undefined {
  return bundle.getChildText(name, NS.omemo2);
}

/** Writes `<bundle/>` of OMEMO 2. Source: XEP-0384 0.8 §5.3.2. */
export function writeBundle2({ identityKey, signedPreKey, preKeys }: OmemoBundle): string {
  const written = preKeys.map(({ id, publicKey }) => `<pk id='${id}'>${encodeBase64(publicKey)}</pk>`);
  return (
    `<bundle xmlns='${NS.omemo2}'>` +
    `<spk id='${signedPreKey.id}'>${encodeBase64(signedPreKey.publicKey)}</spk>` +
    `<spks>${encodeBase64(signedPreKey.signature)}</spks>` +
    `<ik>${encodeBase64(identityKey)}</ik>` +
    `<prekeys>${written.join("")}</prekeys></bundle>`
  );
}
