import type { Transaction, View } from "../../storage/port.js";
import type { OmemoContext } from "../context.js";
import type { OpenFailure } from "../port.js";
import { isListed, type Peer } from "../records.js";
import { hasSession } from "../sessions.js";
import { readRepair, type RepairRecord, repairs, writeRepair } from "./upkeep-records.js";

/**
 * What a new session can help against. Not `duplicate`, after which nothing is broken; not what is wrong with the
 * content or its sender.
 */
const REPAIRABLE: ReadonlySet<OpenFailure> = new Set([
  "no-session",
  "no-prekey",
  "bad-mac",
  "too-many-skipped",
  "malformed",
]);

/** Devices of one person whose sessions are repaired within the shortest interval: nobody breaks more by accident. */
const MAX_REPAIRS_AT_ONCE = 8;

/** Repairs after which the interval has long reached its end. */
const MAX_COUNT = 30;

/**
 * Writes down, in the transaction in which a message could not be opened, that a new session is begun with its
 * device: at once the first time, then less and less often, so that two devices that break each other's sessions
 * come to rest. A device that is in no known list is none that could be written to.
 */
export function noteBroken(
  context: OmemoContext,
  transaction: Transaction,
  peer: Peer,
  reason: OpenFailure,
): void {
  const { clock, enqueue, keys } = context;
  const { version, address, device } = peer;
  const isSelf = address === keys.address && device === keys.device;
  if (!enqueue || isSelf || !REPAIRABLE.has(reason) || !isListed(transaction, peer)) return;
  const last = readRepair(transaction, peer);
  if (last && !isOver(context, last)) return;
  if (!last && countRecent(context, transaction, address) >= MAX_REPAIRS_AT_ONCE) return;
  writeRepair(transaction, peer, {
    at: clock.now(),
    count: !last || isForgotten(context, last) ? 1 : Math.min(last.count + 1, MAX_COUNT),
  });
  enqueue(transaction, { to: address, devices: [device], version, purpose: "repair" });
}

/** The sessions with the listed devices of an address: those that can be begun anew because somebody asks for it. */
export function sessionsToRenew(context: OmemoContext, view: View, address: string): Peer[] {
  const listed = context.listed.of(view, address) ?? [];
  return listed
    .flatMap(({ device, ways }) =>
      ways.map(({ version }): Peer => ({ version: version.name, address, device })),
    )
    .filter((peer) => hasSession(view, peer));
}

/** The shortest interval after the first repair, twice as long after each further one. */
function intervalMs({ times }: OmemoContext, { count }: RepairRecord): number {
  return Math.min(times.repairIntervalMs * 2 ** (count - 1), times.repairMaxIntervalMs);
}

// A clock that stepped back makes it over rather than to last for ever; the next record has the new time
function isOver(context: OmemoContext, last: RepairRecord): boolean {
  const ageMs = context.clock.now() - last.at;
  return ageMs < 0 || ageMs >= intervalMs(context, last);
}

/** Whether a repair is so long ago that the next is a first one. */
export function isForgotten({ clock, times }: OmemoContext, last: RepairRecord): boolean {
  return clock.now() - last.at >= 2 * times.repairMaxIntervalMs;
}

function countRecent({ clock, times }: OmemoContext, view: View, address: string): number {
  return repairs(view, address).filter(([, { at }]) => clock.now() - at < times.repairIntervalMs).length;
}
