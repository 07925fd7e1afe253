import { encodeBase64 } from "../../../src/base64.js";
import type { EpochMs } from "../../../src/clock.js";
import type { DeviceId } from "../../../src/ids.js";
import type { OmemoBundle, PublicPreKey } from "../../../src/omemo-bundle.js";
import {
  axolotl,
  generateIdentity,
  generatePreKeys,
  generateSignedPreKey,
  type Identity,
  type OwnPreKeys,
  type PreKeyMessage,
  type Profile,
  restoreIdentity,
} from "../../ratchet/mod.js";
import type { Storage, Transaction, View } from "../../storage/port.js";
import type { OmemoTimes } from "../context.js";
import { OmemoError } from "../errors.js";
import type { OmemoVersionName } from "../port.js";
import {
  fromBase64,
  numbered,
  OWN_KEY,
  parseJson,
  PREKEY_PREFIX,
  readJson,
  USED_PREKEY_PREFIX,
  writeJson,
} from "../records.js";
import type { OmemoVersion } from "../versions/version.js";

/** One-time prekeys in the published bundle. */
const PREKEYS = 100;

/** Sessions that may be built with one used prekey: more is no coincidence. */
const MAX_USES = 16;

/** libsignal keeps prekey ids in 24 bits. */
const MAX_PREKEY_ID = 2 ** 24 - 1;

/** An id comes back after 16 million others. */
function idAfter(id: number): number {
  return id === MAX_PREKEY_ID ? 1 : id + 1;
}

const PRIVATE_KEY_BYTES = 32;

interface OwnRecord {
  address: string;
  device: DeviceId;
  seed: string;
  /** Signed anew for each publication, as each version has its own way to sign; the signatures are always the same. */
  signedPreKey: { id: number; privateKey: string; publicKey: string };
  /** Since when it is in use; missing in stores from before it was noted. */
  signedPreKeyAt?: EpochMs;
  /** Those before it, the newest first: what was built with them may still lie in a mailbox. */
  formerSignedPreKeys?: FormerSignedPreKey[];
  nextPreKeyId: number;
  /** Its revision: raised whenever the bundle changes. */
  bundleVersion: number;
  /** The revision that the server has, by version of OMEMO; missing in a version in which nothing was published. */
  published?: Partial<Record<OmemoVersionName, number>>;
}

interface FormerSignedPreKey {
  id: number;
  privateKey: string;
  /** When another took its place. */
  at: EpochMs;
}

/** A former signed prekey is kept for a time; so many at most, whatever the clock says. */
const MAX_FORMER_SIGNED_PREKEYS = 8;

/**
 * A one-time prekey that built a session, kept for {@link OmemoTimes.usedPreKeyKeptMs}.
 *
 * A server hands out the same bundle to everybody until it is published again, so that of the people who write
 * to a device for the first time while it is away some draw the same prekey. Their messages come together when
 * the device is back, and none of them may be lost. Afterwards the key is of no more use, and erased.
 * Source: XEP-0384 0.3 §5, §7.
 */
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
  const record: OwnRecord = {
    address,
    device,
    seed: encodeBase64(identity.seed),
    signedPreKey: newSignedPreKey(identity, 1),
    nextPreKeyId: 1,
    bundleVersion: 1,
    published: {},
  };
  addPreKeys(transaction, record, PREKEYS);
  return record;
}

function newSignedPreKey(identity: Identity, id: number): OwnRecord["signedPreKey"] {
  const { privateKey, publicKey } = generateSignedPreKey(axolotl, identity, id);
  return { id, privateKey: encodeBase64(privateKey), publicKey: encodeBase64(publicKey) };
}

function addPreKeys(transaction: Transaction, record: OwnRecord, count: number): void {
  for (let added = 0; added < count; added += 1) {
    const [preKey] = generatePreKeys(axolotl, record.nextPreKeyId, 1);
    if (!preKey) return;
    record.nextPreKeyId = idAfter(record.nextPreKeyId);
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

/**
 * What others have to know to write to this device in a version, and its revision.
 *
 * All versions share the prekeys. Nothing of one can be taken for another's: each derives its root keys under a name
 * of its own from the same agreement, and each signs another encoding of the signed prekey. A one-time prekey that was
 * used in one version is used up in all, so that its secret still makes one session, and is erased once.
 */
export function ownBundle(
  view: View,
  { identity }: OwnKeys,
  profile: Profile,
): { bundle: OmemoBundle; revision: number } {
  const { signedPreKey, bundleVersion } = requireOwn(view);
  const preKeys = view.scan(PREKEY_PREFIX).map(([key, value]): PublicPreKey => ({
    id: Number(key.slice(PREKEY_PREFIX.length)),
    publicKey: publish(profile, value.subarray(PRIVATE_KEY_BYTES)),
  }));
  const publicKey = publish(profile, fromBase64(signedPreKey.publicKey));
  return {
    revision: bundleVersion,
    bundle: {
      identityKey: profile.encodeIdentity(identity),
      signedPreKey: { id: signedPreKey.id, publicKey, signature: profile.sign(identity, publicKey) },
      preKeys,
    },
  };
}

/** A stored public key, which has the form of OMEMO 0.3, as a version publishes it. */
function publish(profile: Profile, stored: Uint8Array): Buffer {
  return profile.encodePublicKey(axolotl.decodePublicKey(stored));
}

/** Whether the bundle of any of the versions changed since the server got it. */
export function isBundleStale(view: View, versions: readonly Pick<OmemoVersion, "name">[]): boolean {
  const { bundleVersion, published } = requireOwn(view);
  return versions.some(({ name }) => published?.[name] !== bundleVersion);
}

/** Notes that the server has this revision of the bundle of a version. */
export function markPublished(transaction: Transaction, version: OmemoVersionName, revision: number): void {
  const own = requireOwn(transaction);
  writeJson(transaction, OWN_KEY, { ...own, published: { ...own.published, [version]: revision } });
}

/** The own prekeys that a message asks for; a repeated message finds the one that it used no more. */
export function preKeysFor(view: View, message: PreKeyMessage, now: EpochMs): OwnPreKeys {
  return {
    signedPreKey(id) {
      const { signedPreKey, formerSignedPreKeys = [] } = requireOwn(view);
      const found = [signedPreKey, ...formerSignedPreKeys].find((one) => one.id === id);
      return found && { privateKey: fromBase64(found.privateKey) };
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
 * @param until how long it can be used again
 * @returns whether it was used for the first time
 */
export function usePreKey(
  transaction: Transaction,
  { id, baseKey }: { readonly id: number; readonly baseKey: Uint8Array },
  until: EpochMs,
): boolean {
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
    until,
    privateKey: encodeBase64(fresh.subarray(0, PRIVATE_KEY_BYTES)),
    baseKeys: [encodeBase64(baseKey)],
  } satisfies UsedPreKey);
  const record = requireOwn(transaction);
  record.bundleVersion += 1;
  addPreKeys(transaction, record, 1);
  return true;
}

/** Erases the used prekeys whose time is over. */
export function eraseUsedPreKeys(transaction: Transaction, now: EpochMs): void {
  for (const [key, value] of transaction.scan(USED_PREKEY_PREFIX)) {
    if ((parseJson(value) as UsedPreKey).until <= now) transaction.delete(key);
  }
}

/**
 * Puts a new signed prekey into the bundle when the one there is too old, and erases former ones whose time is over.
 *
 * A clock that stepped back lets a time begin again rather than keep a key for good. Source: XEP-0384 0.8 §4.2.
 *
 * @returns whether the bundle changed
 */
export function renewSignedPreKey(
  transaction: Transaction,
  { identity }: OwnKeys,
  now: EpochMs,
  {
    signedPreKeyMaxAgeMs,
    signedPreKeyKeptMs,
  }: Pick<OmemoTimes, "signedPreKeyMaxAgeMs" | "signedPreKeyKeptMs">,
): boolean {
  const record = requireOwn(transaction);
  const { signedPreKey, signedPreKeyAt: since, formerSignedPreKeys: former = [] } = record;
  const isDue = since !== undefined && now - since >= signedPreKeyMaxAgeMs;
  const replaced = isDue ? [{ id: signedPreKey.id, privateKey: signedPreKey.privateKey, at: now }] : [];
  const kept = [...replaced, ...former.map((one) => ({ ...one, at: Math.min(one.at, now) }))]
    .filter(({ at }) => now - at < signedPreKeyKeptMs)
    .slice(0, MAX_FORMER_SIGNED_PREKEYS);
  const at = isDue || since === undefined ? now : Math.min(since, now);
  const isSame = at === since && JSON.stringify(kept) === JSON.stringify(former);
  if (isSame) return false;
  writeJson(transaction, OWN_KEY, {
    ...record,
    signedPreKeyAt: at,
    formerSignedPreKeys: kept,
    ...(isDue && {
      signedPreKey: newSignedPreKey(identity, idAfter(signedPreKey.id)),
      bundleVersion: record.bundleVersion + 1,
    }),
  } satisfies OwnRecord);
  return isDue;
}
