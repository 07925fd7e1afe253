import { decodeBase64, encodeBase64 } from "../../src/base64.js";
import type { EpochMs } from "../../src/clock.js";
import type { DeviceId } from "../../src/ids.js";
import type { OmemoBundle } from "../../src/omemo-bundle.js";
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

/** A bundle that was fetched for a session to be built, or why there is none. */
export type BundleRecord =
  | { readonly at: EpochMs; readonly bundle: OmemoBundle }
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
  return readJson<ListRecord>(view, `${ROOT}/list/${address}`);
}

/** Keeps the device list of an address. */
export function writeList(transaction: Transaction, address: string, list: ListRecord): void {
  writeJson(transaction, `${ROOT}/list/${address}`, list);
}

/** What is known of a device. */
export function readDevice(view: View, address: string, device: DeviceId): DeviceRecord | undefined {
  return readJson<DeviceRecord>(view, ofDevice("device", address, device));
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

/** The ids of the devices of an address whose identity is known. */
export function knownDevices(view: View, address: string, limit?: number): DeviceId[] {
  const prefix = `${ROOT}/device/${address}/`;
  const found = view.scan(prefix, limit === undefined ? {} : { limit });
  return found.map(([key]) => Number(key.slice(prefix.length)) as DeviceId);
}

interface StoredBundle {
  at: EpochMs;
  identityKey: string;
  signedPreKey: { id: number; publicKey: string; signature: string };
  preKeys: [id: number, publicKey: string][];
}

/** The bundle of a device that waits to be used, or why there is none. */
export function readBundleRecord(view: View, address: string, device: DeviceId): BundleRecord | undefined {
  const stored = readJson<StoredBundle | { at: EpochMs; failure: SkipReason }>(
    view,
    ofDevice("bundle", address, device),
  );
  if (!stored || "failure" in stored) return stored;
  const { at, identityKey, signedPreKey, preKeys } = stored;
  return {
    at,
    bundle: {
      identityKey: fromBase64(identityKey),
      signedPreKey: {
        id: signedPreKey.id,
        publicKey: fromBase64(signedPreKey.publicKey),
        signature: fromBase64(signedPreKey.signature),
      },
      preKeys: preKeys.map(([id, publicKey]) => ({ id, publicKey: fromBase64(publicKey) })),
    },
  };
}

/** Keeps a bundle, or why there is none; `undefined` forgets it. */
export function writeBundleRecord(
  transaction: Transaction,
  address: string,
  device: DeviceId,
  record: BundleRecord | undefined,
): void {
  const key = ofDevice("bundle", address, device);
  if (!record) return transaction.delete(key);
  if ("failure" in record) return writeJson(transaction, key, record);
  const { identityKey, signedPreKey, preKeys } = record.bundle;
  const stored: StoredBundle = {
    at: record.at,
    identityKey: encodeBase64(identityKey),
    signedPreKey: {
      id: signedPreKey.id,
      publicKey: encodeBase64(signedPreKey.publicKey),
      signature: encodeBase64(signedPreKey.signature),
    },
    preKeys: preKeys.map(({ id, publicKey }) => [id, encodeBase64(publicKey)]),
  };
  writeJson(transaction, key, stored);
}

/** Bytes out of one of our own records. @throws {InvalidInput} when the record is damaged */
export function fromBase64(text: string): Buffer {
  return decodeBase64(text, "a stored key", { min: 0, max: 4096 });
}

/** Reads a record of our own. */
export function readJson<Record>(view: View, key: string): Record | undefined {
  const bytes = view.get(key);
  return bytes && (JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()) as Record);
}

/** Writes a record of our own. */
export function writeJson(transaction: Transaction, key: string, record: object): void {
  transaction.set(key, Buffer.from(JSON.stringify(record)));
}
