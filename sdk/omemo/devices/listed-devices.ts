import type { DeviceId } from "../../../src/ids.js";
import type { View } from "../../storage/port.js";
import { publishedKeyOf } from "../fingerprint.js";
import type { SkipReason } from "../port.js";
import { listKey, parseList, sessionKey } from "../records.js";
import {
  judge,
  maySend,
  parsePerson,
  type Person,
  personKey,
  type Sighting,
  type TrustLevel,
  type TrustPolicy,
} from "../trust/mod.js";
import type { OmemoVersion } from "../versions/version.js";

/** A device that stands in a list, and how it may be written to. */
export interface ListedDevice {
  readonly address: string;
  readonly device: DeviceId;
  /** The versions in whose lists it stands, the preferred first. */
  readonly ways: readonly Way[];
  /** The identity that it showed last; missing as long as none was met. */
  readonly shown: Sighting | undefined;
  /** Why content may not go to it; missing when it may. */
  readonly refusal: TrustRefusal | undefined;
}

/** A version in which a device is written to, and what a message in it is looked up by. */
export interface Way {
  readonly version: OmemoVersion;
  /** The key under which the session is stored. */
  readonly place: string;
  /** The identity key that the device showed, as this version publishes it; missing where that form is not known. */
  readonly identityKey: Buffer | undefined;
}

/** Why content may not go to an identity. */
export type TrustRefusal = Extract<SkipReason, "undecided-identity" | "distrusted-identity">;

/** Why content may not go to an identity that counts as this. */
export function refusalOf(level: TrustLevel): TrustRefusal | undefined {
  if (maySend(level)) return undefined;
  return level === "distrusted" ? "distrusted-identity" : "undecided-identity";
}

/** The devices of more than a thousand people. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;

/** What a device takes beside the records that it was read from. */
const DEVICE_BYTES = 1024;

/** Who reads lists, and under which rules. */
interface Reader {
  /** This device, which writes to itself in no list. */
  readonly self: { readonly address: string; readonly device: DeviceId };
  /** The versions that it speaks, the preferred first. */
  readonly versions: readonly OmemoVersion[];
  readonly trustPolicy: TrustPolicy;
}

/** The records of an address, and what was read from them. */
interface Kept {
  readonly records: Records;
  readonly devices: readonly ListedDevice[];
  readonly sizeBytes: number;
}

/** The lists of an address in the order of the versions, then the record of the person. */
type Records = readonly (Uint8Array | undefined)[];

/**
 * Listed devices as they were read last: a message to hundreds of them does not take the same records apart each time.
 *
 * There is no key in it that is secret. It is never ahead of the store or behind it: the records are read each time, and
 * what is kept counts as long as they are the same bytes.
 */
export class KnownDevices {
  readonly #reader: Reader;
  readonly #maxBytes: number;
  readonly #kept = new Map<string, Kept>();
  #sizeBytes = 0;

  /** @param maxBytes what is kept at most, as far as it can be counted */
  constructor(reader: Reader, maxBytes = MAX_KEPT_BYTES) {
    this.#reader = reader;
    this.#maxBytes = maxBytes;
  }

  /** How much is kept. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * The devices of an address but this one, in the lists as they are known.
   *
   * @returns nothing when the list of a version is not known: a device may stand in it
   */
  of(view: View, address: string): readonly ListedDevice[] | undefined {
    const lists = this.#reader.versions.map(({ name }) => view.get(listKey(name, address)));
    if (lists.includes(undefined)) return undefined;
    const records = [...lists, view.get(personKey(address))];
    const kept = this.#kept.get(address);
    if (kept && areSame(kept.records, records)) return kept.devices;
    const devices = readDevices(this.#reader, address, records);
    this.#keep(address, records, devices);
    return devices;
  }

  #keep(address: string, records: Records, devices: readonly ListedDevice[]): void {
    this.#forget(address);
    const sizeBytes = records.reduce(
      (sum, record) => sum + (record?.length ?? 0),
      devices.length * DEVICE_BYTES,
    );
    if (sizeBytes > this.#maxBytes) return;
    // The oldest make room
    for (const [other] of this.#kept) {
      if (this.#sizeBytes + sizeBytes <= this.#maxBytes) break;
      this.#forget(other);
    }
    this.#kept.set(address, { records, devices, sizeBytes });
    this.#sizeBytes += sizeBytes;
  }

  #forget(address: string): void {
    this.#sizeBytes -= this.#kept.get(address)?.sizeBytes ?? 0;
    this.#kept.delete(address);
  }
}

function readDevices(
  { self, versions, trustPolicy }: Reader,
  address: string,
  records: Records,
): readonly ListedDevice[] {
  const found = new Map<DeviceId, OmemoVersion[]>();
  for (const [index, version] of versions.entries()) {
    for (const device of parseList(records[index])?.devices ?? []) {
      const spoken = found.get(device);
      if (spoken) spoken.push(version);
      else found.set(device, [version]);
    }
  }
  if (address === self.address) found.delete(self.device);
  const person = parsePerson(records[versions.length]);
  const { counts } = judge(person, trustPolicy);
  return [...found].map(([device, spoken]): ListedDevice => {
    const shown = shownBy(person, device);
    const ways = spoken.map((version): Way => {
      const place = sessionKey({ version: version.name, address, device });
      return { version, place, identityKey: shown && publishedKeyOf(version.profile, shown) };
    });
    return {
      address,
      device,
      ways,
      shown,
      refusal: refusalOf(shown ? counts(shown.fingerprint) : "undecided"),
    };
  });
}

function shownBy({ devices, identities }: Person, device: DeviceId): Sighting | undefined {
  const fingerprint = devices.get(device);
  return fingerprint && { device, fingerprint, ed25519: identities.get(fingerprint)?.ed25519 };
}

function areSame(some: Records, others: Records): boolean {
  return some.every((one, index) => {
    const other = others[index];
    return one && other ? Buffer.compare(one, other) === 0 : one === other;
  });
}
