import type { EpochMs } from "../../../src/clock.js";
import type { DeviceId } from "../../../src/ids.js";
import type { Transaction, View } from "../../storage/port.js";
import type { OmemoContext } from "../context.js";
import { OWN_DEVICES_KEY, readJson, readList, writeJson } from "../records.js";

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * On how many days this device ran and heard nothing of an own other device, by its id.
 *
 * Days are counted and not measured, so that a device that was off for long, or whose clock stepped, does not take the
 * others for gone.
 */
interface OwnDevicesRecord {
  /** When the last day was counted. */
  countedAt: EpochMs;
  silentDays: Record<string, number>;
}

function read(view: View): OwnDevicesRecord | undefined {
  return readJson(view, OWN_DEVICES_KEY) as OwnDevicesRecord | undefined;
}

/** Notes that an own device has written. */
export function noteHeard(transaction: Transaction, device: DeviceId): void {
  const record = read(transaction);
  if (!record?.silentDays[device]) return;
  writeJson(transaction, OWN_DEVICES_KEY, { ...record, silentDays: { ...record.silentDays, [device]: 0 } });
}

/** Counts a day for every own other device in a list, if one has passed since the last was counted. */
export function countSilentDays(context: OmemoContext, transaction: Transaction): void {
  const now = context.clock.now();
  const { countedAt, silentDays = {} }: Partial<OwnDevicesRecord> = read(transaction) ?? {};
  const isDay = countedAt !== undefined && now - countedAt >= DAY_MS;
  if (countedAt !== undefined && !isDay && now >= countedAt) return;
  const next = othersOf(context, transaction).map((device) => {
    const days = silentDays[device] ?? 0;
    return [device, isDay ? days + 1 : days] as const;
  });
  writeJson(transaction, OWN_DEVICES_KEY, {
    countedAt: now,
    silentDays: Object.fromEntries(next),
  } satisfies OwnDevicesRecord);
}

/** The own other devices that nothing was heard of for so long that they are taken off the list. */
export function staleDevices({ times }: OmemoContext, view: View): DeviceId[] {
  return Object.entries(read(view)?.silentDays ?? {})
    .filter(([, days]) => days >= times.staleAfterDays)
    .map(([device]) => Number(device) as DeviceId);
}

/** Forgets the silence of devices that were taken off the list: one that comes back has as much time again. */
export function forgetSilence(transaction: Transaction, devices: readonly DeviceId[]): void {
  const record = read(transaction);
  if (!record) return;
  const kept = Object.entries(record.silentDays).filter(
    ([device]) => !devices.includes(Number(device) as DeviceId),
  );
  writeJson(transaction, OWN_DEVICES_KEY, { ...record, silentDays: Object.fromEntries(kept) });
}

function othersOf({ keys, versions }: OmemoContext, view: View): DeviceId[] {
  const listed = versions.flatMap(({ name }) => readList(view, name, keys.address)?.devices ?? []);
  return [...new Set(listed)].filter((device) => device !== keys.device);
}

/** Whether this device stands in all lists that are known of its own account. */
export function isInEveryList({ keys: { address, device }, versions }: OmemoContext, view: View): boolean {
  return versions.every(({ name }) => readList(view, name, address)?.devices.includes(device) ?? true);
}
