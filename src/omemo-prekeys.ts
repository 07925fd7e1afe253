import { decodeBase64 } from "./base64.js";
import { InvalidInput } from "./errors.js";
import { attribute, type Element } from "./xml.js";

/** One-time prekeys in one bundle; a hundred are usual. */
export const MAX_OMEMO_PREKEYS = 500;

/** Ids travel as uint32 in ratchet messages; some apps count from 0. */
const MAX_PREKEY_ID = 2 ** 32 - 1;

/** A public prekey and its number. */
export interface PublicPreKey {
  readonly id: number;
  /** An X25519 key: 32 bytes in OMEMO 2, 33 with the type byte of OMEMO 0.3. */
  readonly publicKey: Uint8Array;
}

/** How a version of OMEMO writes a one-time prekey. */
export interface PreKeyForm {
  /** The attribute that holds the prekey's number. */
  readonly idAttribute: string;
  readonly keyBytes: { readonly min: number; readonly max: number };
}

/** Reads the one-time prekeys of a bundle. @throws {InvalidInput} when there is none, or too many, or an id twice. */
export function readPreKeys(
  elements: readonly Element[],
  { idAttribute, keyBytes }: PreKeyForm,
): PublicPreKey[] {
  if (elements.length === 0) throw new InvalidInput("a bundle without one-time prekeys");
  if (elements.length > MAX_OMEMO_PREKEYS) {
    throw new InvalidInput(`a bundle with more than ${MAX_OMEMO_PREKEYS} one-time prekeys`);
  }
  const preKeys = elements.map((element) => ({
    id: preKeyId(attribute(element, idAttribute)),
    publicKey: decodeBase64(element.getText(), "a one-time prekey", keyBytes),
  }));
  if (new Set(preKeys.map(({ id }) => id)).size < preKeys.length) {
    throw new InvalidInput("a bundle with two one-time prekeys of one id");
  }
  return preKeys;
}

/** Takes text as the number of a prekey. @throws {InvalidInput} unless it is a whole number below 2^32. */
export function preKeyId(text: string | undefined): number {
  const id = text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(id <= MAX_PREKEY_ID)) throw new InvalidInput("a prekey id is a whole number below 2^32");
  return id;
}
