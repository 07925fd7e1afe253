import { decodeBase64, encodeBase64 } from "../../src/base64.js";
import type { EpochMs } from "../../src/clock.js";
import type { DeviceId } from "../../src/ids.js";
import type { Transaction, View } from "../storage/port.js";
import type { Fingerprint, SkipReason } from "./port.js";

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

/** What is known of a device of somebody. */
export interface DeviceRecord {
  /** The identity that is trusted. */
  readonly pinned: Fingerprint;
  /** An identity that the device claimed since and that is not accepted. */
  readonly changedTo?: Fingerprint | undefined;
}

/** A session that was built from a fetched bundle and not used yet, or why there is none. */
export type PreparedRecord =
  | { readonly at: EpochMs; readonly session: Uint8Array }
  | { readonly at: EpochMs; readonly failure: SkipReason };

/** Names the one record with the own keys. */
export const OWN_KEY = `${ROOT}/own`;

/** The prefix of the one-time prekeys that are published. */
export const PREKEY_PREFIX = `${ROOT}/prekey/`;

/** The prefix of the one-time prekeys that were used and are kept for a while. */
export const USED_PREKEY_PREFIX = `${ROOT}/used-prekey/`;

/** A record of one numbered thing. */
export function numbered(prefix: string, id: number): string {
  return prefix + String(id).padStart(ID_DIGITS, "0");
}

/** Where the current session with a device is. */
export function sessionKey(address: string, device: DeviceId): string {
  return ofDevice("session", address, device);
}

/** Where the older sessions with a device are. */
export function archiveKey(address: string, device: DeviceId): string {
  return ofDevice("archive", address, device);
}

// A bare JID has no slash (RFC 6122 §2.2, §2.3), so that no address can reach into the records of another
function ofDevice(kind: string, address: string, device: DeviceId): string {
  return numbered(`${ROOT}/${kind}/${address}/`, device);
}

/** The last known device list of an address. */
export function readList(view: View, address: string): ListRecord | undefined {
  return readJson(view, `${ROOT}/list/${address}`) as ListRecord | undefined;
}

/** Keeps the device list of an address. */
export function writeList(transaction: Transaction, address: string, list: ListRecord): void {
  writeJson(transaction, `${ROOT}/list/${address}`, list);
}

/** What is known of a device. */
export function readDevice(view: View, address: string, device: DeviceId): DeviceRecord | undefined {
  return readJson(view, ofDevice("device", address, device)) as DeviceRecord | undefined;
}

/** Keeps what is known of a device. */
export function writeDevice(
  transaction: Transaction,
  address: string,
  device: DeviceId,
  record: DeviceRecord,
): void {
  writeJson(transaction, ofDevice("device", address, device), record);
}

/**
 * Devices of one address that are ever met.
 *
 * Identities are kept for good, as one that is forgotten could be replaced unnoticed; who makes up a new device for
 * each message is not to fill the store.
 */
const MAX_KNOWN_DEVICES = 512;

/** Whether a device is known, or one more may be. */
export function hasRoomFor(view: View, address: string, device: DeviceId): boolean {
  if (readDevice(view, address, device)) return true;
  return knownDevices(view, address, MAX_KNOWN_DEVICES).length < MAX_KNOWN_DEVICES;
}

/** The ids of the devices of an address whose identity is known. */
export function knownDevices(view: View, address: string, limit?: number): DeviceId[] {
  const prefix = `${ROOT}/device/${address}/`;
  const found = view.scan(prefix, limit === undefined ? {} : { limit });
  return found.map(([key]) => Number(key.slice(prefix.length)) as DeviceId);
}

/** What was prepared for a device, if anything was. */
export function readPrepared(view: View, address: string, device: DeviceId): PreparedRecord | undefined {
  const stored = readJson(view, ofDevice("prepared", address, device)) as
    { at: EpochMs; session: string } | { at: EpochMs; failure: SkipReason } | undefined;
  return stored && "session" in stored ? { at: stored.at, session: fromBase64(stored.session) } : stored;
}

/** Keeps what was prepared for a device; `undefined` forgets it. */
export function writePrepared(
  transaction: Transaction,
  address: string,
  device: DeviceId,
  record: PreparedRecord | undefined,
): void {
  const key = ofDevice("prepared", address, device);
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
