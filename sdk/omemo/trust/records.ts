import type { EpochMs } from "../../../src/clock.js";
import type { DeviceId } from "../../../src/ids.js";
import type { Transaction, View } from "../../storage/port.js";
import type { Fingerprint } from "../port.js";
import { parseJson, readJson, writeJson } from "../records.js";
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

/** What is known of the identities of an address. */
export function readPerson(view: View, address: string): Person {
  const stored = readJson(view, PERSON_PREFIX + address) as StoredPerson | undefined;
  return stored ? parsePerson(stored) : STRANGER;
}

/** People whose records are kept taken apart: those of some groups. */
const MAX_KNOWN = 1024;

/** People as they were read last: a message to hundreds of devices does not take the same records apart each time. */
export class KnownPeople {
  readonly #known = new Map<string, { readonly bytes: Uint8Array; readonly person: Person }>();

  /** What is known of the identities of an address, as the store has it now. */
  read(view: View, address: string): Person {
    const bytes = view.get(PERSON_PREFIX + address);
    if (!bytes) return STRANGER;
    const known = this.#known.get(address);
    if (known && Buffer.compare(known.bytes, bytes) === 0) return known.person;
    const person = parsePerson(parseJson(bytes) as StoredPerson);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(address, { bytes, person });
    return person;
  }
}

/** Keeps what is known of the identities of an address. */
export function writePerson(transaction: Transaction, address: string, person: Person): void {
  const identities = [...person.identities].map(([fingerprint, record]): StoredIdentity => {
    const { level, by, at, wasVerified, ed25519 } = record;
    return [fingerprint, level, by, at, wasVerified ? 1 : 0, ed25519 ?? 0];
  });
  const places = new Map(identities.map(([fingerprint], place) => [fingerprint, place]));
  const devices = [...person.devices].map(([device, shown]) => [device, places.get(shown)]);
  writeJson(transaction, PERSON_PREFIX + address, { identities, devices });
}

/** Everybody of whom something is known, a page of records at a time. */
export function* people(view: View): Generator<readonly [address: string, person: Person]> {
  const limit = 256;
  let after: string | undefined;
  for (;;) {
    const page = view.scan(PERSON_PREFIX, after === undefined ? { limit } : { after, limit });
    for (const [key, value] of page) {
      yield [key.slice(PERSON_PREFIX.length), parsePerson(parseJson(value) as StoredPerson)];
    }
    if (page.length < limit) return;
    after = page.at(-1)?.[0];
  }
}

function parsePerson({ identities, devices }: StoredPerson): Person {
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
