import { type Clock, systemClock } from "../../src/clock.js";
import { InvalidInput, TwotickError } from "../../src/errors.js";
import type { DeviceId, MessageId } from "../../src/ids.js";
import { linkNumber } from "../sign-up/mod.js";
import type { Storage, Transaction } from "../storage/port.js";
import { openDeviceKey, readAccount, requireAccount, writeFreshDevice, type DeviceKey } from "./account.js";
import { openConnection } from "./open-connection.js";
import type { ClientOptions } from "./options.js";
import { outboxRecords, removeFromOutbox } from "./outbox-records.js";
import { SentRecords } from "./sent-records.js";

/** What belongs to one device alone and must never be used by two: its keys, its ratchets, its mailbox. */
const OF_THE_DEVICE = ["omemo/", "mailbox/"];

/** What of it says whom the person trusts: identities that were met, accepted, verified or distrusted. */
const OF_THE_PERSON = ["omemo/trust/"];

/** Records that are looked at together. */
const PAGE = 500;

/** What renewing a device led to. */
export interface RenewedDevice {
  /** The device that the store is now; the service does not know it before `linkDevice`. */
  readonly device: DeviceId;
  readonly publicKey: Buffer;
  /** Messages that were encrypted by the old device and not known to be accepted: they count as failed. */
  readonly failed: readonly MessageId[];
}

/**
 * Makes a store a new device of the same account, in one transaction: for one that was put back from a backup, or that
 * is the second copy of one (`store-outdated`).
 *
 * Device id, device key, OMEMO keys, sessions and mailbox are new. Account, inbox, what was sent, and whom the person
 * trusts stay; contacts see one more device, whose identity they judge by their own policy. The old device, if it still
 * runs somewhere, goes on undisturbed. Afterwards the device is to be linked: {@link linkDevice}.
 *
 * No client may be open on the store.
 *
 * @throws {InvalidInput} when the store has no account; @throws {StorageError}
 */
export function renewDevice(
  storage: Storage,
  { clock = systemClock }: { clock?: Clock } = {},
): RenewedDevice {
  const sent = new SentRecords(storage, clock);
  const failed = storage.transaction((transaction) => {
    if (!readAccount(transaction))
      throw new InvalidInput("the store has no account: there is nothing to renew");
    for (const prefix of OF_THE_DEVICE) clear(transaction, prefix);
    writeFreshDevice(transaction);
    return failEncrypted(transaction, sent);
  });
  const { device, publicKey }: DeviceKey = openDeviceKey(storage);
  return { device, publicKey, failed };
}

/**
 * Binds the device of a store to the account that the store belongs to, which needs its password and no code.
 *
 * @throws {SignUpError} `too-many-devices`: another one has to be removed first
 * @throws {LinkError} when it never can log in; @throws {InvalidInput} when the store does not know its number
 */
export async function linkDevice(
  options: Pick<ClientOptions, "storage" | "service" | "connection" | "openConnection" | "clock" | "random">,
): Promise<void> {
  const { storage, clock = systemClock, random = Math.random } = options;
  const account = requireAccount(storage, undefined);
  const { number, numberDomain: component } = account;
  if (number === undefined) throw new InvalidInput("the store does not know its number yet: sign up instead");
  const { device: deviceId, publicKey } = openDeviceKey(storage);
  const connection = openConnection(options, account, clock, random);
  try {
    await connection.start();
    await linkNumber(connection, { component, number, device: { deviceId, publicKey } });
  } finally {
    await connection.stop();
  }
}

function clear(transaction: Transaction, prefix: string): void {
  let after: string | undefined;
  for (;;) {
    const page = transaction.scan(prefix, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const [key] of page) {
      if (!OF_THE_PERSON.some((kept) => key.startsWith(kept))) transaction.delete(key);
    }
    after = page.at(-1)?.[0];
    if (page.length < PAGE) return;
  }
}

/** What is encrypted cannot be encrypted anew, as its text is gone; whether it was sent since the backup nobody knows here. */
function failEncrypted(transaction: Transaction, sent: SentRecords): MessageId[] {
  const failed: MessageId[] = [];
  for (const { order, kind, id, payload } of outboxRecords(transaction)) {
    if (kind !== "message" || payload === undefined) continue;
    removeFromOutbox(transaction, order);
    const error = new TwotickError(
      "device-renewed",
      "it was encrypted by a device that this store is no more",
    );
    if (sent.fail(transaction, id, error)) failed.push(id);
  }
  return failed;
}
