import { randomBytes, sign } from "node:crypto";
import { InvalidInput, StorageError } from "../../src/errors.js";
import { newDeviceId, type DeviceId } from "../../src/ids.js";
import { restoreIdentity } from "../ratchet/mod.js";
import type { Storage, Transaction, View } from "../storage/port.js";
import { decodeRecord, encodeRecord } from "./codec.js";

/** Where a device logs in, and as whom. */
export interface Account {
  /** The domainpart of the account. */
  readonly domain: string;
  /** The localpart of the account. */
  readonly username: string;
  readonly password: string;
  /** The number domain: where the mailboxes are. */
  readonly numberDomain: string;
  /** The number of the account, `+15551230001`; missing until it is known. */
  readonly number?: string | undefined;
}

/** A device: its id and the seed of its key, with which it opens its mailbox. */
export interface DeviceKey {
  readonly device: DeviceId;
  /** The Ed25519 public key, 32 bytes: what is told at sign-up. */
  readonly publicKey: Buffer;
  /** Signs (Ed25519). */
  sign(statement: Uint8Array): Buffer;
}

const ACCOUNT = "account";
const DEVICE = "device-key";

/** The account that the store belongs to. */
export function readAccount(view: View): Account | undefined {
  const bytes = view.get(ACCOUNT);
  return bytes && (decodeRecord(bytes) as Account);
}

/** Whether a store has an account, so that a client can be opened on it without signing up. */
export function isSignedUp(storage: Storage): boolean {
  return storage.read(readAccount) !== undefined;
}

/** Keeps the account; another one than before is refused, as sessions and cursor belong to it. @throws {StorageError} `other-account` */
export function writeAccount(transaction: Transaction, account: Account): void {
  const before = readAccount(transaction);
  if (before && (before.username !== account.username || before.domain !== account.domain)) {
    throw new StorageError("other-account", "the store belongs to another account");
  }
  transaction.set(ACCOUNT, encodeRecord({ number: before?.number, ...account }));
}

/** The device of the store; its key is made when there is none. @throws {StorageError} */
export function openDeviceKey(storage: Storage): DeviceKey {
  const known = storage.read((view) => view.get(DEVICE));
  if (known) return usable(decodeRecord(known) as DeviceRecord);
  return usable(storage.transaction(writeFreshDevice));
}

/** Makes the store a device that there never was. */
export function writeFreshDevice(transaction: Transaction): DeviceRecord {
  const fresh: DeviceRecord = { device: newDeviceId(), seed: randomBytes(32).toString("base64") };
  transaction.set(DEVICE, encodeRecord(fresh));
  return fresh;
}

/** A device as it is stored: its id, and the seed of its key in base64. */
export interface DeviceRecord {
  readonly device: DeviceId;
  readonly seed: string;
}

function usable({ device, seed }: DeviceRecord): DeviceKey {
  const { signing } = restoreIdentity(Buffer.from(seed, "base64"));
  return { device, publicKey: signing.publicKey, sign: (statement) => sign(null, statement, signing.handle) };
}

/** The account to log in with: the one given, which is kept, or the one kept before. @throws {InvalidInput} @throws {StorageError} */
export function requireAccount(storage: Storage, given: Account | undefined): Account {
  if (given) storage.transaction((transaction) => writeAccount(transaction, given));
  const account = storage.read((view) => readAccount(view));
  if (!account) throw new InvalidInput("the store has no account: sign up first, or give one");
  return account;
}
