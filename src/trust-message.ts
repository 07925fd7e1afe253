import { decodeBase64, encodeBase64 } from "./base64.js";
import { InvalidInput } from "./errors.js";
import { Jid } from "./jid.js";
import { NS } from "./namespaces.js";
import { attribute, type Element, escapeXML, namespaceOf } from "./xml.js";

/** Persons of whose keys one trust message speaks. */
export const MAX_TRUST_KEY_OWNERS = 256;

/** Keys of which one trust message speaks, of all owners together. */
export const MAX_TRUST_KEYS = 1024;

/** Bytes of a key identifier; of OMEMO it is the identity key, 32 bytes. */
export const MAX_TRUST_KEY_ID_BYTES = 64;

const MAX_NAMESPACE_LENGTH = 256;

/** What a trust message says of the keys of one person. No key is in both lists, or twice in one. */
export interface TrustKeyOwner {
  /** A bare JID. */
  readonly jid: string;
  /** Key identifiers, at least one in the two lists together. */
  readonly trusted: readonly Uint8Array[];
  readonly distrusted: readonly Uint8Array[];
}

/** The content of `<trust-message/>`. */
export interface TrustMessage {
  /** The namespace of the protocol that it serves: `NS.automaticTrust`. */
  readonly usage: string;
  /** The namespace of the encryption whose keys these are. */
  readonly encryption: string;
  /** At least one, every JID once. */
  readonly keyOwners: readonly TrustKeyOwner[];
}

/** Reads `<trust-message/>`. @throws {InvalidInput} naming what is wrong. Source: XEP-0434 0.6 §4. */
export function readTrustMessage(element: Element): TrustMessage {
  if (element.name !== "trust-message" || namespaceOf(element) !== NS.trustMessages) {
    throw new InvalidInput("not a trust message");
  }
  const owners = element.getChildren("key-owner", NS.trustMessages);
  if (owners.length > MAX_TRUST_KEY_OWNERS) throw tooMany();
  return checked({
    usage: attribute(element, "usage") ?? "",
    encryption: attribute(element, "encryption") ?? "",
    keyOwners: owners.map((owner) => ({
      jid: Jid.parse(attribute(owner, "jid") ?? "").bare,
      trusted: readKeyIds(owner, "trust"),
      distrusted: readKeyIds(owner, "distrust"),
    })),
  });
}

function readKeyIds(owner: Element, name: "trust" | "distrust"): Buffer[] {
  return owner
    .getChildren(name, NS.trustMessages)
    .map((key) => decodeBase64(key.getText(), "a key identifier", { min: 1, max: MAX_TRUST_KEY_ID_BYTES }));
}

/**
 * Writes `<trust-message/>`, whose place is the content of an encrypted envelope.
 *
 * @throws {InvalidInput} when it would not be read. Source: XEP-0434 0.6 §4, §5.2.
 */
export function writeTrustMessage(message: TrustMessage): string {
  const { usage, encryption, keyOwners } = checked({
    ...message,
    keyOwners: message.keyOwners.map((owner) => ({ ...owner, jid: Jid.parse(owner.jid).bare })),
  });
  const owners = keyOwners.map(({ jid, trusted, distrusted }) => {
    const keys = [
      ...trusted.map((id) => `<trust>${encodeBase64(id)}</trust>`),
      ...distrusted.map((id) => `<distrust>${encodeBase64(id)}</distrust>`),
    ];
    return `<key-owner jid='${escapeXML(jid)}'>${keys.join("")}</key-owner>`;
  });
  return (
    `<trust-message xmlns='${NS.trustMessages}' usage='${escapeXML(usage)}' encryption='${escapeXML(encryption)}'>` +
    `${owners.join("")}</trust-message>`
  );
}

/** Holds a message to what its type says. */
function checked(message: TrustMessage): TrustMessage {
  const { usage, encryption, keyOwners } = message;
  if (!isNamespace(usage) || !isNamespace(encryption)) {
    throw new InvalidInput("a trust message names its usage and its encryption");
  }
  if (keyOwners.length === 0) throw new InvalidInput("a trust message without a key owner");
  const keys = keyOwners.reduce((sum, owner) => sum + owner.trusted.length + owner.distrusted.length, 0);
  if (keyOwners.length > MAX_TRUST_KEY_OWNERS || keys > MAX_TRUST_KEYS) throw tooMany();
  if (new Set(keyOwners.map(({ jid }) => jid)).size < keyOwners.length) {
    throw new InvalidInput("a key owner twice");
  }
  keyOwners.forEach(checkKeys);
  return message;
}

function checkKeys({ trusted, distrusted }: TrustKeyOwner): void {
  const ids = [...trusted, ...distrusted];
  if (ids.length === 0) throw new InvalidInput("a key owner without keys");
  if (ids.some(({ length }) => length < 1 || length > MAX_TRUST_KEY_ID_BYTES)) {
    throw new InvalidInput(`a key identifier has 1 to ${MAX_TRUST_KEY_ID_BYTES} bytes`);
  }
  // Trust and distrust in one key at once would be decided by whoever reads first
  if (new Set(ids.map(encodeBase64)).size < ids.length) throw new InvalidInput("a key twice");
}

function isNamespace(text: string): boolean {
  return text !== "" && text.length <= MAX_NAMESPACE_LENGTH;
}

function tooMany(): InvalidInput {
  return new InvalidInput(`more than ${MAX_TRUST_KEY_OWNERS} key owners or ${MAX_TRUST_KEYS} keys`);
}
