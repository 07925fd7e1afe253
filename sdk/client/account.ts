import { randomBytes, sign } from "node:crypto";
import { InvalidInput, StorageError } from "../../src/errors.js";
import { deviceId, newDeviceId, type DeviceId } from "../../src/ids.js";
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
  return bytes && decodeRecord<Account>(bytes);
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
  if (known) return usable(decodeRecord(known));
  const fresh = { device: newDeviceId(), seed: randomBytes(32).toString("base64") };
  storage.transaction((transaction) => transaction.set(DEVICE, encodeRecord(fresh)));
  return usable(fresh);
}

/** Takes a device that was bound by other means. @throws {StorageError} `other-device` when the store has one already */
export function importDeviceKey(storage: Storage, device: { id: number; seed: Uint8Array }): void {
  if (device.seed.length !== 32) throw new InvalidInput("the seed of a device key has 32 bytes");
  const record = { device: deviceId(device.id), seed: Buffer.from(device.seed).toString("base64") };
  storage.transaction((transaction) => {
    const known = transaction.get(DEVICE);
    if (known && decodeRecord<typeof record>(known).seed !== record.seed) {
      throw new StorageError("other-device", "the store belongs to another device");
    }
    transaction.set(DEVICE, encodeRecord(record));
  });
}

function usable({ device, seed }: { device: DeviceId; seed: string }): DeviceKey {
  const { signing } = restoreIdentity(Buffer.from(seed, "base64"));
  return { device, publicKey: signing.publicKey, sign: (statement) => sign(null, statement, signing.handle) };
}
