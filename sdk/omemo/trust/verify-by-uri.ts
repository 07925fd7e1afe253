import type { DeviceId } from "../../../src/ids.js";
import type { Transaction } from "../../storage/port.js";
import type { Fingerprint } from "../port.js";
import { type Decided, type Decider, decideByUser } from "./decisions.js";
import { readPerson } from "./records.js";
import type { UriDevice, VerificationUri } from "./verification-uri.js";

/** What came of a scanned URI. */
export interface UriOutcome extends Decided {
  /** Verified, and shown by a known device. */
  readonly verified: readonly Fingerprint[];
  /** Verified, and not shown by any device yet: the device is verified when it comes. */
  readonly inAdvance: readonly Fingerprint[];
  readonly distrusted: readonly Fingerprint[];
  /** Known devices that the URI does not speak of, and whose trust is left as it was: maybe somebody slipped in. */
  readonly unmentioned: readonly UriDevice[];
  /** Known devices that show another identity than the URI says; their trust is left as it was. */
  readonly mismatched: readonly UriDevice[];
}

/**
 * Verifies what a URI says that the person has from its owner by a way that nobody else can write on.
 *
 * This device itself may be in it and is passed over.
 *
 * @param listed the devices in the owner's list now; others are not reported as unmentioned
 * @throws {InvalidInput} as {@link decideByUser}
 */
export function applyVerificationUri(
  decider: Decider,
  transaction: Transaction,
  uri: VerificationUri,
  listed: readonly DeviceId[],
): UriOutcome {
  const { address } = uri;
  const isSelf = ({ fingerprint }: { readonly fingerprint: Fingerprint }): boolean =>
    address === decider.self.address && fingerprint === decider.self.fingerprint;
  const trusted = uri.trusted.filter((key) => !isSelf(key));
  const distrusted = uri.distrusted.filter((key) => !isSelf(key));
  const decided = decideByUser(decider, transaction, address, [
    ...trusted.map((key) => ({ ...key, level: "verified" as const })),
    ...distrusted.map((key) => ({ ...key, level: "distrusted" as const })),
  ]);
  const { devices } = readPerson(transaction, address);
  const shown = new Set(devices.values());
  const mentioned = new Set([...trusted, ...distrusted].map(({ fingerprint }) => fingerprint));
  const known = [...devices].map(([device, fingerprint]) => ({ device, fingerprint }));
  const isMismatched = ({ device, fingerprint }: UriDevice): boolean =>
    (uri.devices.get(device) ?? fingerprint) !== fingerprint;
  const fingerprints = trusted.map(({ fingerprint }) => fingerprint);
  return {
    ...decided,
    verified: fingerprints.filter((one) => shown.has(one)),
    inAdvance: fingerprints.filter((one) => !shown.has(one)),
    distrusted: distrusted.map(({ fingerprint }) => fingerprint),
    unmentioned: known.filter(
      (one) => listed.includes(one.device) && !mentioned.has(one.fingerprint) && !isMismatched(one),
    ),
    mismatched: known.filter(isMismatched),
  };
}
