import { InvalidInput } from "../../../src/errors.js";
import type { DeviceId } from "../../../src/ids.js";
import type { Transaction, View } from "../../storage/port.js";
import type { Fingerprint } from "../port.js";
import type { Endpoint } from "./automatic.js";
import { type Decided, type Decider, decideByUser } from "./decisions.js";
import type { Person } from "./person.js";
import { readPerson } from "./records.js";
import { isSameSafetyNumber, safetyNumber } from "./safety-number.js";

/** The devices that stand in two people's lists now; the own list without this device. */
export interface Listed {
  readonly own: readonly DeviceId[];
  readonly theirs: readonly DeviceId[];
}

/** What two people compare. */
export interface Comparison {
  /** As `safetyNumber` gives it. */
  readonly digits: string;
  /** Listed devices of either side whose identity is not known, so that the other side may have another number. */
  readonly unknown: readonly DeviceId[];
  /**
   * Own devices that are in the number and not verified. The number shows that both see the same devices and not
   * whose they are: each person has to know their own.
   */
  readonly unverifiedOwn: readonly DeviceId[];
}

/**
 * The safety number of this device's person and another one.
 *
 * @throws {InvalidInput} when no identity of the other is known, or the other is oneself
 */
export function compare(view: View, self: Endpoint, address: string, listed: Listed): Comparison {
  if (address === self.address)
    throw new InvalidInput("one's own devices are verified by fingerprint or URI");
  const [own, theirs] = [readPerson(view, self.address), readPerson(view, address)];
  const isUnknown = (person: Person) => (device: DeviceId) => !person.devices.has(device);
  return {
    digits: safetyNumber(
      { address: self.address, identities: [self.fingerprint, ...shownBy(own, listed.own)] },
      { address, identities: shownBy(theirs, listed.theirs) },
    ),
    unknown: [...listed.own.filter(isUnknown(own)), ...listed.theirs.filter(isUnknown(theirs))],
    unverifiedOwn: listed.own.filter((device) => {
      const fingerprint = own.devices.get(device);
      return fingerprint !== undefined && own.identities.get(fingerprint)?.level !== "verified";
    }),
  };
}

/**
 * Verifies the identities of another person's listed devices by the number that the two compared.
 *
 * @throws {InvalidInput} when it is not the number now, for example because a device came since; otherwise as
 *   {@link compare} and {@link decideByUser}
 */
export function verifyBySafetyNumber(
  decider: Decider,
  transaction: Transaction,
  address: string,
  listed: Listed,
  digits: string,
): Decided {
  const now = compare(transaction, decider.self, address, listed);
  if (!isSameSafetyNumber(digits, now.digits))
    throw new InvalidInput("not the safety number of these two people now");
  const identities = shownBy(readPerson(transaction, address), listed.theirs);
  return decideByUser(
    decider,
    transaction,
    address,
    identities.map((fingerprint) => ({ fingerprint, level: "verified" })),
  );
}

function shownBy({ devices }: Person, listed: readonly DeviceId[]): Fingerprint[] {
  return [...new Set(listed.flatMap((device) => devices.get(device) ?? []))];
}
