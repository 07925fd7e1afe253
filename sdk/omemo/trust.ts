import type { DeviceId } from "../../src/ids.js";
import type { Transaction, View } from "../storage/port.js";
import type { OmemoContext } from "./context.js";
import { OmemoError } from "./errors.js";
import type { Fingerprint } from "./port.js";
import { knownDevices, readDevice, writePrepared, writeDevice } from "./records.js";
import { dropSessions } from "./sessions.js";

/** Whether a device that has not been met yet is news: one of one's own always, another person's after the first. */
export function isAddition(context: OmemoContext, view: View, address: string): boolean {
  return address === context.keys.address || knownDevices(view, address, 1).length > 0;
}

/** Whether the identity is another than the one that was met first. */
export function isChanged(view: View, address: string, device: DeviceId, claimed: Fingerprint): boolean {
  const record = readDevice(view, address, device);
  return record !== undefined && record.pinned !== claimed;
}

/** Trusts an identity on first use, or again after the device showed another one meanwhile. */
export function pin(
  context: OmemoContext,
  transaction: Transaction,
  who: { readonly address: string; readonly device: DeviceId; readonly fingerprint: Fingerprint },
  isNews: boolean,
): void {
  const { address, device, fingerprint } = who;
  const before = readDevice(transaction, address, device);
  if (before && before.changedTo === undefined) return;
  writeDevice(transaction, address, device, { pinned: before?.pinned ?? fingerprint });
  if (before || !isNews) return;
  context.news.tell(
    { kind: "device-added", address, device, fingerprint },
    (view) => readDevice(view, address, device)?.pinned === fingerprint,
  );
}

/** Notes, in a transaction of its own, that a device shows another identity, and tells it once. */
export function noteChange(
  context: OmemoContext,
  address: string,
  device: DeviceId,
  claimed: Fingerprint,
): void {
  const record = context.storage.read((view) => readDevice(view, address, device));
  if (!record || record.pinned === claimed || record.changedTo === claimed) return;
  context.storage.transaction((transaction) => {
    writeDevice(transaction, address, device, { ...record, changedTo: claimed });
  });
  const { pinned } = record;
  context.news.tell({ kind: "identity-changed", address, device, pinned, claimed });
}

/** Trusts the identity that a device changed to. @throws {OmemoError} `identity-mismatch` */
export function acceptChange(
  context: OmemoContext,
  address: string,
  device: DeviceId,
  fingerprint: Fingerprint,
): void {
  context.storage.transaction((transaction) => {
    if (readDevice(transaction, address, device)?.changedTo !== fingerprint) {
      throw new OmemoError("identity-mismatch", "the device did not show this identity last");
    }
    writeDevice(transaction, address, device, { pinned: fingerprint });
    dropSessions(transaction, address, device);
    writePrepared(transaction, address, device, undefined);
  });
}
