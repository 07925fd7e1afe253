import { decodeBase64, encodeBase64 } from "../../src/base64.js";
import type { EpochMs } from "../../src/clock.js";
import type { DeviceId } from "../../src/ids.js";
import type { Transaction, View } from "../storage/port.js";
import type { OmemoVersionName, SkipReason } from "./port.js";

/** Everything of OMEMO lies under this prefix; the number is the version of the records. */
const ROOT = "omemo/1";

/** Wide enough for the greatest id, so that records lie in the order of their ids. */
const ID_DIGITS = 10;

/** A device list as it was last fetched or pushed. */
export interface ListRecord {
  /** When; 0 to have it fetched again before it is used next. */
  readonly at: EpochMs;
  readonly devices: readonly DeviceId[];
}

/** A session that was built from a fetched bundle and not used yet, or why there is none. */
export type PreparedRecord =
  | { readonly at: EpochMs; readonly session: Uint8Array }
  | { readonly at: EpochMs; readonly failure: SkipReason };

/** Names the one record with the own keys. */
export const OWN_KEY = `${ROOT}/own`;

/** Names the one record on the own other devices. */
export const OWN_DEVICES_KEY = `${ROOT}/own-devices`;

/** The prefix of the one-time prekeys that are published. */
export const PREKEY_PREFIX = `${ROOT}/prekey/`;

/** The prefix of the one-time prekeys that were used and are kept for a while. */
export const USED_PREKEY_PREFIX = `${ROOT}/used-prekey/`;

/** Where the name is by which an identity key (its fingerprint) called itself first. */
export function nameKey(fingerprint: string): string {
  return `${ROOT}/name/${fingerprint}`;
}

/** A record of one numbered thing. */
export function numbered(prefix: string, id: number): string {
  return prefix + String(id).padStart(ID_DIGITS, "0");
}

/** A device of somebody, spoken to in one version: sessions belong to all three. */
export interface Peer {
  readonly version: OmemoVersionName;
  /** A bare JID. */
  readonly address: string;
  readonly device: DeviceId;
}

/** What stands behind the kind of a record that there is once for each version. */
const MARKS: Readonly<Record<OmemoVersionName, string>> = { "0.3": "", "2": "-2" };

/** Where the current session with a device is. */
export function sessionKey(peer: Peer): string {
  return ofPeer("session", peer);
}

/** Where the older sessions with a device are. */
export function archiveKey(peer: Peer): string {
  return ofPeer("archive", peer);
}

/** Where something is that is kept of a device in a version, by what it is. */
export function ofPeer(kind: string, { version, address, device }: Peer): string {
  return ofDevice(kind + MARKS[version], address, device);
}

/** Whom records of this kind are kept of, in every version, or only of one person. */
export function peersWith(
  view: View,
  kind: string,
  of?: string,
): (readonly [peer: Peer, value: Uint8Array])[] {
  return (Object.keys(MARKS) as OmemoVersionName[]).flatMap((version) => {
    const prefix = `${ROOT}/${kind}${MARKS[version]}/`;
    return view.scan(of === undefined ? prefix : `${prefix}${of}/`).map(([key, value]) => {
      const end = key.lastIndexOf("/");
      const device = Number(key.slice(end + 1)) as DeviceId;
      return [{ version, address: key.slice(prefix.length, end), device }, value] as const;
    });
  });
}

// A bare JID has no slash (RFC 6122 §2.2, §2.3), so that no address can reach into the records of another
function ofDevice(kind: string, address: string, device: DeviceId): string {
  return numbered(`${ROOT}/${kind}/${address}/`, device);
}

/** Where the device list of an address in a version is. */
export function listKey(version: OmemoVersionName, address: string): string {
  return `${ROOT}/list${MARKS[version]}/${address}`;
}

/** The last known device list of an address in a version. */
export function readList(view: View, version: OmemoVersionName, address: string): ListRecord | undefined {
  return parseList(view.get(listKey(version, address)));
}

/** A device list from its record. */
export function parseList(bytes: Uint8Array | undefined): ListRecord | undefined {
  return bytes && (parseJson(bytes) as ListRecord);
}

/** Keeps the device list of an address in a version. */
export function writeList(
  transaction: Transaction,
  version: OmemoVersionName,
  address: string,
  list: ListRecord,
): void {
  writeJson(transaction, listKey(version, address), list);
}

/** Whether a device stands in the last known list of a version. */
export function isListed(view: View, { version, address, device }: Peer): boolean {
  return readList(view, version, address)?.devices.includes(device) ?? false;
}

/** What was prepared for a device, if anything was. */
export function readPrepared(view: View, peer: Peer): PreparedRecord | undefined {
  const stored = readJson(view, ofPeer("prepared", peer)) as
    { at: EpochMs; session: string } | { at: EpochMs; failure: SkipReason } | undefined;
  return stored && "session" in stored ? { at: stored.at, session: fromBase64(stored.session) } : stored;
}

/** Keeps what was prepared for a device; `undefined` forgets it. */
export function writePrepared(
  transaction: Transaction,
  peer: Peer,
  record: PreparedRecord | undefined,
): void {
  const key = ofPeer("prepared", peer);
  if (!record) return transaction.delete(key);
  writeJson(
    transaction,
    key,
    "session" in record ? { at: record.at, session: encodeBase64(record.session) } : record,
  );
}

/** Bytes out of one of our own records. @throws {InvalidInput} when the record is damaged */
export function fromBase64(text: string): Buffer {
  return decodeBase64(text, "a stored key", { min: 0, max: 4096 });
}

/** Reads a record of our own. */
export function readJson(view: View, key: string): unknown {
  const bytes = view.get(key);
  return bytes && parseJson(bytes);
}

/** Reads the bytes of a record of our own. */
export function parseJson(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
}

/** Writes a record of our own. */
export function writeJson(transaction: Transaction, key: string, record: object): void {
  transaction.set(key, Buffer.from(JSON.stringify(record)));
}
