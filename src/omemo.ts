import { decodeBase64, encodeBase64 } from "./base64.js";
import { InvalidInput } from "./errors.js";
import { deviceId, type DeviceId } from "./ids.js";
import { NS } from "./namespaces.js";
import { attribute, type Element, namespaceOf } from "./xml.js";

/**
 * Keys in one message: those of all devices of all its readers, with room.
 *
 * What a submit carries is reached first: 96 KiB hold about 600 keys of sessions in use, or 340 that build one; of
 * OMEMO 2, whose ratchet messages are longer, 390 to 490, or 270 to 320, by how many of them are of one person.
 */
export const MAX_OMEMO_KEYS = 1024;

/** Bytes of one ratchet message; one that builds a session has about 200. */
export const MAX_OMEMO_KEY_BYTES = 1024;

/** Bytes of the encrypted text: with base64 and the keys it still fits into a message of 96 KiB. */
export const MAX_OMEMO_PAYLOAD_BYTES = 64 * 1024;

/** The message key of an OMEMO message, as encrypted for one device. */
export interface OmemoKey {
  /** The device that it is for. Two persons may have a device of the same id. */
  readonly rid: DeviceId;
  /** Whether it builds a session. */
  readonly isPreKey: boolean;
  /** A ratchet message. */
  readonly data: Uint8Array;
}

/** The content of `<encrypted/>`. */
export interface OmemoMessage {
  /** The device that it comes from. */
  readonly sid: DeviceId;
  readonly keys: readonly OmemoKey[];
  /** 12 bytes; older apps send 16. */
  readonly iv: Uint8Array;
  /** The encrypted text; missing in a key transport. */
  readonly payload: Uint8Array | undefined;
}

/** Whether an element is OMEMO's `<encrypted/>`. */
export function isEncrypted(element: Element): boolean {
  return element.name === "encrypted" && namespaceOf(element) === NS.omemo;
}

/** Reads `<encrypted/>`. @throws {InvalidInput} naming what is wrong. Source: XEP-0384 0.3 §4.5, §4.6. */
export function readEncrypted(encrypted: Element): OmemoMessage {
  if (!isEncrypted(encrypted)) throw new InvalidInput("not an encrypted element of OMEMO");
  const header = only(encrypted, "header");
  const keys = header.getChildren("key", NS.omemo);
  if (keys.length > MAX_OMEMO_KEYS) throw new InvalidInput(`more than ${MAX_OMEMO_KEYS} keys`);
  const payload = encrypted.getChild("payload", NS.omemo);
  return {
    sid: deviceId(attribute(header, "sid")),
    keys: keys.map(readKey),
    iv: readIv(only(header, "iv")),
    payload:
      payload && decodeBase64(payload.getText(), "the payload", { min: 0, max: MAX_OMEMO_PAYLOAD_BYTES }),
  };
}

function readKey(key: Element): OmemoKey {
  const prekey = attribute(key, "prekey");
  return {
    rid: deviceId(attribute(key, "rid")),
    isPreKey: prekey === "true" || prekey === "1",
    data: decodeBase64(key.getText(), "a key", { min: 1, max: MAX_OMEMO_KEY_BYTES }),
  };
}

function readIv(element: Element): Buffer {
  const iv = decodeBase64(element.getText(), "the IV", { min: 12, max: 16 });
  if (iv.length !== 12 && iv.length !== 16) throw new InvalidInput(`the IV has ${iv.length} bytes`);
  return iv;
}

function only(parent: Element, name: string): Element {
  const [child, second] = parent.getChildren(name, NS.omemo);
  if (!child || second) throw new InvalidInput(`<${parent.name}/> has exactly one <${name}/>`);
  return child;
}

/** Writes `<encrypted/>`. @throws {InvalidInput} for too many keys. Source: XEP-0384 0.3 §4.5, §4.6. */
export function writeEncrypted({ sid, keys, iv, payload }: OmemoMessage): string {
  if (keys.length > MAX_OMEMO_KEYS) throw new InvalidInput(`more than ${MAX_OMEMO_KEYS} keys`);
  const written = keys.map(({ rid, isPreKey, data }) => {
    const prekey = isPreKey ? " prekey='true'" : "";
    return `<key rid='${rid}'${prekey}>${encodeBase64(data)}</key>`;
  });
  const text = payload ? `<payload>${encodeBase64(payload)}</payload>` : "";
  return `<encrypted xmlns='${NS.omemo}'><header sid='${sid}'>${written.join("")}<iv>${encodeBase64(iv)}</iv></header>${text}</encrypted>`;
}

/**
 * What stands beside the `<encrypted/>` of each of these namespaces, once for all of them: how it is encrypted, that
 * it is to be kept, and a body for apps that cannot open it.
 */
export function omemoCompanions(namespaces: readonly string[]): string {
  return (
    // XEP-0380 §3
    namespaces.map((ns) => `<encryption xmlns='${NS.encryption}' namespace='${ns}' name='OMEMO'/>`).join("") +
    // XEP-0334 §4.4
    `<store xmlns='${NS.hints}'/>` +
    `<body xmlns='${NS.client}'>This message is encrypted with OMEMO, which this app cannot open.</body>`
  );
}

/** What stands beside `<encrypted/>` of OMEMO 0.3: see {@link omemoCompanions}. */
export const OMEMO_COMPANIONS = omemoCompanions([NS.omemo]);
