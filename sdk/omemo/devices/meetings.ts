import type { Transaction, View } from "../../storage/port.js";
import type { OmemoContext } from "../context.js";
import { retireSession } from "../sessions.js";
import { keepSighting, type Meeting, readPerson, type Sighting, type TrustChange } from "../trust/mod.js";
import { VERSION_NAMES } from "../versions/versions.js";

/** Whether a device that has not been met yet is news: one of one's own always, another person's after the first. */
export function isAddition({ self }: OmemoContext, view: View, address: string): boolean {
  return address === self.address || readPerson(view, address).devices.size > 0;
}

/**
 * Takes note of the identity that a device shows, and tells what is new about it.
 *
 * After a change nothing is written in the sessions of the identity before, in any version, and likewise when a device
 * that was forgotten comes again; they are kept for what is still on the way in them.
 *
 * @param isNews whether it is news when the device was not met before; as {@link isAddition} says when not given
 */
export function takeSighting(
  context: OmemoContext,
  transaction: Transaction,
  address: string,
  sighting: Sighting,
  isNews = isAddition(context, transaction, address),
): Meeting {
  const { trustPolicy: policy, clock, news } = context;
  const { device, fingerprint } = sighting;
  const { meeting } = keepSighting(transaction, address, sighting, { policy, now: clock.now() });
  const isTrue = (view: View): boolean => readPerson(view, address).devices.get(device) === fingerprint;
  if (meeting.kind === "changed" || meeting.kind === "added") {
    for (const version of VERSION_NAMES) retireSession(transaction, { version, address, device });
  }
  if (meeting.kind === "changed") {
    const { before, counts: trust } = meeting;
    news.tell({ kind: "identity-changed", address, device, before, now: fingerprint, trust }, isTrue);
  } else if (meeting.kind === "added" && isNews) {
    news.tell({ kind: "device-added", address, device, fingerprint, trust: meeting.counts }, isTrue);
  }
  return meeting;
}

/** Tells identities that got another level. */
export function tellChanges({ news }: OmemoContext, changes: readonly TrustChange[]): void {
  for (const { address, fingerprint, level, by } of changes) {
    news.tell({ kind: "trust-changed", address, fingerprint, level, by }, (view) => {
      const known = readPerson(view, address).identities.get(fingerprint);
      return known?.level === level && known.by === by;
    });
  }
}
