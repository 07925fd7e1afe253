import { decodeBase64, encodeBase64 } from "./base64.js";
import { InvalidInput } from "./errors.js";
import { deviceId, type DeviceId } from "./ids.js";
import { Jid } from "./jid.js";
import { NS } from "./namespaces.js";
import { MAX_OMEMO_KEY_BYTES, MAX_OMEMO_KEYS, omemoCompanions, type OmemoKey } from "./omemo.js";
import { attribute, type Element, escapeXML, namespaceOf } from "./xml.js";

// AES-256-CBC with PKCS#7 padding: whole blocks, at least one. XEP-0384 0.8 §4.4
const BLOCK_BYTES = 16;

/** Bytes of an encrypted envelope: one of 68 KiB and its padding. */
export const MAX_OMEMO2_PAYLOAD_BYTES = 68 * 1024 + BLOCK_BYTES;

/** The message key of an OMEMO 2 message, as encrypted for one device. */
export interface Omemo2Key extends OmemoKey {
  /** The bare JID whose device it is. */
  readonly jid: string;
}

/** The content of `<encrypted/>` of OMEMO 2. */
export interface Omemo2Message {
  /** The device that it comes from. */
  readonly sid: DeviceId;
  /** No two for one device. */
  readonly keys: readonly Omemo2Key[];
  /** The encrypted envelope, whole blocks of 16 bytes; missing in an empty OMEMO message. */
  readonly payload: Uint8Array | undefined;
}

/** Whether an element is `<encrypted/>` of OMEMO 2. */
export function isEncrypted2(element: Element): boolean {
  return element.name === "encrypted" && namespaceOf(element) === NS.omemo2;
}

/** Reads `<encrypted/>` of OMEMO 2. @throws {InvalidInput} naming what is wrong. Source: XEP-0384 0.8 §5.5. */
export function readEncrypted2(encrypted: Element): Omemo2Message {
  if (!isEncrypted2(encrypted)) throw new InvalidInput("not an encrypted element of OMEMO 2");
  const [header, secondHeader] = encrypted.getChildren("header", NS.omemo2);
  if (!header || secondHeader) throw new InvalidInput("<encrypted/> has exactly one <header/>");
  const [payload, secondPayload] = encrypted.getChildren("payload", NS.omemo2);
  if (secondPayload) throw new InvalidInput("<encrypted/> has one <payload/> at most");
  return {
    sid: deviceId(attribute(header, "sid")),
    keys: readKeys(header),
    payload: payload && readPayload(payload),
  };
}

function readPayload(payload: Element): Buffer {
  const bytes = decodeBase64(payload.getText(), "the payload", {
    min: BLOCK_BYTES,
    max: MAX_OMEMO2_PAYLOAD_BYTES,
  });
  if (bytes.length % BLOCK_BYTES > 0) throw new InvalidInput(`the payload has ${bytes.length} bytes`);
  return bytes;
}

function readKeys(header: Element): Omemo2Key[] {
  const groups = header.getChildren("keys", NS.omemo2);
  if (groups.length > MAX_OMEMO_KEYS) throw tooManyKeys();
  const elements = groups.map((group) => group.getChildren("key", NS.omemo2));
  if (elements.reduce((sum, { length }) => sum + length, 0) > MAX_OMEMO_KEYS) throw tooManyKeys();
  const keys = groups.flatMap((group, index) => {
    const { bare } = Jid.parse(attribute(group, "jid") ?? "");
    return (elements[index] ?? []).map((element) => readKey(element, bare));
  });
  if (new Set(keys.map(({ jid, rid }) => `${rid} ${jid}`)).size < keys.length) {
    throw new InvalidInput("two keys for one device");
  }
  return keys;
}

function readKey(key: Element, jid: string): Omemo2Key {
  const kex = attribute(key, "kex");
  return {
    jid,
    rid: deviceId(attribute(key, "rid")),
    isPreKey: kex === "true" || kex === "1",
    data: decodeBase64(key.getText(), "a key", { min: 1, max: MAX_OMEMO_KEY_BYTES }),
  };
}

/**
 * Writes `<encrypted/>` of OMEMO 2, the keys of a person together.
 *
 * @throws {InvalidInput} for too many keys, or one whose `jid` is none. Source: XEP-0384 0.8 §5.5.
 */
export function writeEncrypted2({ sid, keys, payload }: Omemo2Message): string {
  if (keys.length > MAX_OMEMO_KEYS) throw tooManyKeys();
  const groups = new Map<string, string>();
  let [address, bare, inner] = ["", "", ""];
  // Some hundred keys may be of a few persons, one after the other
  for (const { jid, rid, isPreKey, data } of keys) {
    if (jid !== address) {
      if (inner !== "") groups.set(bare, inner);
      [address, bare] = [jid, Jid.parse(jid).bare];
      inner = groups.get(bare) ?? "";
    }
    inner += `<key rid='${rid}'${isPreKey ? " kex='true'" : ""}>${encodeBase64(data)}</key>`;
  }
  if (inner !== "") groups.set(bare, inner);
  const header = [...groups].map(([jid, each]) => `<keys jid='${escapeXML(jid)}'>${each}</keys>`).join("");
  const text = payload ? `<payload>${encodeBase64(payload)}</payload>` : "";
  return `<encrypted xmlns='${NS.omemo2}'><header sid='${sid}'>${header}</header>${text}</encrypted>`;
}

/**
 * Lets `<keys/>` name a person by another address: devices look for their key under the one by which they know themselves.
 *
 * The names are not encrypted and prove nothing; ids, keys and payload stay as they are.
 * @param elements children of a message; those of OMEMO 2 are changed
 * @param from bare JID; an owner of this name gets the name `to`
 */
export function renameKeyOwner(elements: readonly Element[], from: string, to: string): void {
  for (const encrypted of elements.filter(isEncrypted2)) {
    for (const keys of encrypted.getChild("header", NS.omemo2)?.getChildren("keys", NS.omemo2) ?? [])
      if (Jid.tryParse(attribute(keys, "jid"))?.bare === from) keys.attrs["jid"] = to;
  }
}

function tooManyKeys(): InvalidInput {
  return new InvalidInput(`more than ${MAX_OMEMO_KEYS} keys`);
}

/** What stands beside `<encrypted/>` of OMEMO 2: see {@link omemoCompanions}. */
export const OMEMO2_COMPANIONS = omemoCompanions([NS.omemo2]);
