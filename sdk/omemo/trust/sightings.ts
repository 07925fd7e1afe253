import type { EpochMs } from "../../../src/clock.js";
import type { Transaction, View } from "../../storage/port.js";
import { judge, meet, type Meeting, type Sighting, type Verdicts } from "./person.js";
import type { TrustPolicy } from "./policy.js";
import { readPerson, writePerson } from "./records.js";

/** What was new about a sighting, and about whom. */
export interface Sighted {
  readonly meeting: Meeting;
  /** Whether a device of the person was known before, so that one that is added is news. */
  readonly wasKnown: boolean;
}

/**
 * Keeps which identity a device shows, in a bundle whose signature holds or in a message that built a session.
 *
 * Nothing is written when nothing is new, or there is no room.
 */
export function keepSighting(
  transaction: Transaction,
  address: string,
  sighting: Sighting,
  { policy, now }: { readonly policy: TrustPolicy; readonly now: EpochMs },
): Sighted {
  const before = readPerson(transaction, address);
  const { person, meeting } = meet(before, sighting, policy, now);
  if (person !== before) writePerson(transaction, address, person);
  return { meeting, wasKnown: before.devices.size > 0 };
}

/** What a policy makes of the identities of an address; to be asked once for all devices of a message. */
export function verdictsOn(view: View, address: string, policy: TrustPolicy): Verdicts {
  return judge(readPerson(view, address), policy);
}
