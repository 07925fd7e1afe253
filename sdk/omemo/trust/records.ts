import type { EpochMs } from "../../../src/clock.js";
import type { DeviceId } from "../../../src/ids.js";
import type { Transaction, View } from "../../storage/port.js";
import type { Fingerprint } from "../port.js";
import { parseJson, writeJson } from "../records.js";
import { type IdentityRecord, type Person, STRANGER } from "./person.js";
import type { TrustLevel, TrustSource } from "./policy.js";

/** Everything of trust lies under this prefix; the number is the version of the records. */
export const TRUST_ROOT = "omemo/trust/1";

const PERSON_PREFIX = `${TRUST_ROOT}/person/`;

/** One identity as it is stored; 0 stands for an Ed25519 form that is not known. */
type StoredIdentity = readonly [
  fingerprint: Fingerprint,
  level: TrustLevel,
  by: TrustSource,
  at: EpochMs,
  wasVerified: 0 | 1,
  ed25519: string | 0,
];

/**
 * A person as stored: one record, so that one read tells whom a message may go to, and without names, which would
 * take as long to read as what they name.
 */
interface StoredPerson {
  readonly identities: readonly StoredIdentity[];
  /** Each with the place of its identity in the other list. */
  readonly devices: readonly (readonly [device: DeviceId, identity: number])[];
}

/** Where it is kept what is known of the identities of an address. */
export function personKey(address: string): string {
  return PERSON_PREFIX + address;
}

/** What is known of the identities of an address. */
export function readPerson(view: View, address: string): Person {
  return parsePerson(view.get(personKey(address)));
}

/** Keeps what is known of the identities of an address. */
export function writePerson(transaction: Transaction, address: string, person: Person): void {
  const identities = [...person.identities].map(([fingerprint, record]): StoredIdentity => {
    const { level, by, at, wasVerified, ed25519 } = record;
    return [fingerprint, level, by, at, wasVerified ? 1 : 0, ed25519 ?? 0];
  });
  const places = new Map(identities.map(([fingerprint], place) => [fingerprint, place]));
  const devices = [...person.devices].map(([device, shown]) => [device, places.get(shown)]);
  writeJson(transaction, personKey(address), { identities, devices });
}

/** Everybody of whom something is known, a page of records at a time. */
export function* people(view: View): Generator<readonly [address: string, person: Person]> {
  const limit = 256;
  let after: string | undefined;
  for (;;) {
    const page = view.scan(PERSON_PREFIX, after === undefined ? { limit } : { after, limit });
    for (const [key, value] of page) {
      yield [key.slice(PERSON_PREFIX.length), parsePerson(value)];
    }
    if (page.length < limit) return;
    after = page.at(-1)?.[0];
  }
}

/** A person from the record; somebody of whom nothing is known when there is none. */
export function parsePerson(bytes: Uint8Array | undefined): Person {
  if (!bytes) return STRANGER;
  const { identities, devices } = parseJson(bytes) as StoredPerson;
  const records = new Map<Fingerprint, IdentityRecord>();
  for (const [fingerprint, level, by, at, wasVerified, ed25519] of identities) {
    records.set(fingerprint, {
      level,
      by,
      at,
      wasVerified: wasVerified === 1,
      ed25519: ed25519 || undefined,
    });
  }
  const shown = new Map<DeviceId, Fingerprint>();
  for (const [device, place] of devices) {
    const identity = identities[place];
    if (identity) shown.set(device, identity[0]);
  }
  return { identities: records, devices: shown };
}
