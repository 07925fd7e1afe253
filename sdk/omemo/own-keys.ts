import { encodeBase64 } from "../../src/base64.js";
import type { EpochMs } from "../../src/clock.js";
import type { DeviceId } from "../../src/ids.js";
import type { OmemoBundle, PublicPreKey } from "../../src/omemo-bundle.js";
import {
  axolotl,
  generateIdentity,
  generatePreKeys,
  generateSignedPreKey,
  type Identity,
  type OwnPreKeys,
  type PreKeyMessage,
  restoreIdentity,
} from "../ratchet/mod.js";
import type { Storage, Transaction, View } from "../storage/port.js";
import { OmemoError } from "./errors.js";
import {
  fromBase64,
  numbered,
  OWN_KEY,
  parseJson,
  PREKEY_PREFIX,
  readJson,
  USED_PREKEY_PREFIX,
  writeJson,
} from "./records.js";

/** One-time prekeys in the published bundle. */
const PREKEYS = 100;

/**
 * How long a used one-time prekey is kept.
 *
 * A server hands out the same bundle to everybody until it is published again, so that of the people who write
 * to a device for the first time while it is away some draw the same prekey. Their messages come together when
 * the device is back, and none of them may be lost. Afterwards the key is of no more use, and erased.
 * Source: XEP-0384 0.3 §5, §7.
 */
const USED_PREKEY_KEPT_MS = 24 * 60 * 60 * 1000;

/** Sessions that may be built with one used prekey: more is no coincidence. */
const MAX_USES = 16;

/** libsignal keeps prekey ids in 24 bits. */
const MAX_PREKEY_ID = 2 ** 24 - 1;

const PRIVATE_KEY_BYTES = 32;

interface OwnRecord {
  address: string;
  device: DeviceId;
  seed: string;
  signedPreKey: { id: number; privateKey: string; publicKey: string; signature: string };
  nextPreKeyId: number;
  /** Raised whenever the bundle changes. */
  bundleVersion: number;
  /** The version that the server has. */
  publishedVersion: number;
}

interface UsedPreKey {
  until: EpochMs;
  privateKey: string;
  /** The base keys of the sessions that it built: one must not be built again by a repeated message. */
  baseKeys: string[];
}

/** The keys of this device, ready for use. */
export interface OwnKeys {
  readonly address: string;
  readonly device: DeviceId;
  readonly identity: Identity;
}

/**
 * The keys of this device; made, all in one transaction, when the store has none.
 *
 * @throws {OmemoError} `other-device` when they are those of another device
 */
export function loadOwnKeys(storage: Storage, address: string, device: DeviceId): OwnKeys {
  const stored = storage.read(readOwn);
  const record = stored ?? storage.transaction((transaction) => create(transaction, address, device));
  if (record.address !== address || record.device !== device) {
    throw new OmemoError("other-device", "the store belongs to another number or device");
  }
  return { address, device, identity: restoreIdentity(fromBase64(record.seed)) };
}

function create(transaction: Transaction, address: string, device: DeviceId): OwnRecord {
  const identity = generateIdentity();
  const { id, privateKey, publicKey, signature } = generateSignedPreKey(axolotl, identity, 1);
  const record: OwnRecord = {
    address,
    device,
    seed: encodeBase64(identity.seed),
    signedPreKey: {
      id,
      privateKey: encodeBase64(privateKey),
      publicKey: encodeBase64(publicKey),
      signature: encodeBase64(signature),
    },
    nextPreKeyId: 1,
    bundleVersion: 1,
    publishedVersion: 0,
  };
  addPreKeys(transaction, record, PREKEYS);
  return record;
}

function addPreKeys(transaction: Transaction, record: OwnRecord, count: number): void {
  for (let added = 0; added < count; added += 1) {
    const [preKey] = generatePreKeys(axolotl, record.nextPreKeyId, 1);
    if (!preKey) return;
    // An id comes back after 16 million others
    record.nextPreKeyId = record.nextPreKeyId === MAX_PREKEY_ID ? 1 : record.nextPreKeyId + 1;
    transaction.set(numbered(PREKEY_PREFIX, preKey.id), Buffer.concat([preKey.privateKey, preKey.publicKey]));
  }
  writeJson(transaction, OWN_KEY, record);
}

function readOwn(view: View): OwnRecord | undefined {
  return readJson(view, OWN_KEY) as OwnRecord | undefined;
}

function readUsed(view: View, id: number): UsedPreKey | undefined {
  return readJson(view, numbered(USED_PREKEY_PREFIX, id)) as UsedPreKey | undefined;
}

function requireOwn(view: View): OwnRecord {
  const record = readOwn(view);
  if (!record) throw new OmemoError("other-device", "the store has lost the keys of this device");
  return record;
}

/** What others have to know to write to this device, and its version. */
export function ownBundle(view: View, keys: OwnKeys): { bundle: OmemoBundle; version: number } {
  const { signedPreKey, bundleVersion } = requireOwn(view);
  const preKeys = view.scan(PREKEY_PREFIX).map(([key, value]): PublicPreKey => ({
    id: Number(key.slice(PREKEY_PREFIX.length)),
    publicKey: value.subarray(PRIVATE_KEY_BYTES),
  }));
  return {
    version: bundleVersion,
    bundle: {
      identityKey: axolotl.encodeIdentity(keys.identity),
      signedPreKey: {
        id: signedPreKey.id,
        publicKey: fromBase64(signedPreKey.publicKey),
        signature: fromBase64(signedPreKey.signature),
      },
      preKeys,
    },
  };
}

/** Whether the bundle changed since the server got it. */
export function isBundleStale(view: View): boolean {
  const { bundleVersion, publishedVersion } = requireOwn(view);
  return bundleVersion !== publishedVersion;
}

/** Notes that the server has this version of the bundle. */
export function markPublished(transaction: Transaction, version: number): void {
  writeJson(transaction, OWN_KEY, { ...requireOwn(transaction), publishedVersion: version });
}

/** The own prekeys that a message asks for; a repeated message finds the one that it used no more. */
export function preKeysFor(view: View, message: PreKeyMessage, now: EpochMs): OwnPreKeys {
  return {
    signedPreKey(id) {
      const { signedPreKey } = requireOwn(view);
      return signedPreKey.id === id ? { privateKey: fromBase64(signedPreKey.privateKey) } : undefined;
    },
    preKey(id) {
      const fresh = view.get(numbered(PREKEY_PREFIX, id));
      if (fresh) return { privateKey: fresh.subarray(0, PRIVATE_KEY_BYTES) };
      const used = readUsed(view, id);
      if (!used || used.until <= now || used.baseKeys.includes(encodeBase64(message.baseKey)))
        return undefined;
      return used.baseKeys.length < MAX_USES ? { privateKey: fromBase64(used.privateKey) } : undefined;
    },
  };
}

/**
 * Takes a one-time prekey out of the bundle after a session was built with it, and puts a new one there.
 *
 * @returns whether it was used for the first time
 */
export function usePreKey(transaction: Transaction, id: number, baseKey: Uint8Array, now: EpochMs): boolean {
  const usedKey = numbered(USED_PREKEY_PREFIX, id);
  const used = readUsed(transaction, id);
  if (used) {
    used.baseKeys.push(encodeBase64(baseKey));
    writeJson(transaction, usedKey, used);
    return false;
  }
  const key = numbered(PREKEY_PREFIX, id);
  const fresh = transaction.get(key);
  if (!fresh) return false;
  transaction.delete(key);
  writeJson(transaction, usedKey, {
    until: now + USED_PREKEY_KEPT_MS,
    privateKey: encodeBase64(fresh.subarray(0, PRIVATE_KEY_BYTES)),
    baseKeys: [encodeBase64(baseKey)],
  } satisfies UsedPreKey);
  const record = requireOwn(transaction);
  record.bundleVersion += 1;
  addPreKeys(transaction, record, 1);
  return true;
}

/** Erases the used prekeys whose time is over. */
export function eraseUsedPreKeys(storage: Storage, now: EpochMs): void {
  const isOver = (value: Uint8Array): boolean => (parseJson(value) as UsedPreKey).until <= now;
  const over = storage.read((view) => view.scan(USED_PREKEY_PREFIX).filter(([, value]) => isOver(value)));
  if (over.length === 0) return;
  storage.transaction((transaction) => over.forEach(([key]) => transaction.delete(key)));
}
