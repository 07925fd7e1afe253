import type { EpochMs } from "../../../src/clock.js";
import { InvalidInput } from "../../../src/errors.js";
import type { DeviceId } from "../../../src/ids.js";
import type { Fingerprint } from "../port.js";
import {
  countsAs,
  levelOfNewcomer,
  maySend,
  type Standing,
  type TrustLevel,
  type TrustPolicy,
  type TrustSource,
} from "./policy.js";

/** What is known of an identity. */
export interface IdentityRecord extends Standing {
  /** When it got its level. */
  readonly at: EpochMs;
  /** Whether it was verified at some time and the person has not taken that back. */
  readonly wasVerified: boolean;
  /** Its Ed25519 form in 64 hexadecimal digits, where OMEMO 2 showed it. */
  readonly ed25519?: string | undefined;
}

/**
 * What is known of the identities of a person, and, apart from that, which of them each device shows.
 *
 * Trust belongs to the identity: it outlives device ids, device lists and sessions.
 */
export interface Person {
  readonly identities: ReadonlyMap<Fingerprint, IdentityRecord>;
  readonly devices: ReadonlyMap<DeviceId, Fingerprint>;
}

/** Somebody of whom nothing is known. */
export const STRANGER: Person = { identities: new Map(), devices: new Map() };

/** Devices of one person that are remembered, and identities that come from meeting them. */
export const MAX_DEVICES = 512;

/** Identities of one person in all: decisions have room when devices have taken all of theirs. */
export const MAX_IDENTITIES = 1024;

/** An identity that a device shows. */
export interface Sighting {
  readonly device: DeviceId;
  readonly fingerprint: Fingerprint;
  /** The Ed25519 form, where OMEMO 2 showed it. */
  readonly ed25519?: string | undefined;
}

/** How a sighting was new. */
export type Meeting =
  /** It was not. */
  | { readonly kind: "known" }
  /** The first identity of this device. */
  | { readonly kind: "added"; readonly counts: TrustLevel }
  /** The device showed `before` until now. */
  | { readonly kind: "changed"; readonly before: Fingerprint; readonly counts: TrustLevel }
  /** The person has shown more devices or identities than anybody has; nothing was remembered. */
  | { readonly kind: "no-room" };

/** A person after a meeting, and what was new. */
export interface Met {
  readonly person: Person;
  readonly meeting: Meeting;
}

/** Takes note of the identity that a device shows; one that is new gets its level from the policy. */
export function meet(person: Person, sighting: Sighting, policy: TrustPolicy, now: EpochMs): Met {
  const { device, fingerprint, ed25519 } = sighting;
  const before = person.devices.get(device);
  const known = person.identities.get(fingerprint);
  if (before === fingerprint && known && (!ed25519 || known.ed25519 === ed25519)) {
    return { person, meeting: { kind: "known" } };
  }
  if (!hasRoomForSighting(person, sighting)) return { person, meeting: { kind: "no-room" } };
  const level = levelOfNewcomer(policy, hasVerified(person));
  const record = known ?? { level, by: "first-use", at: now, wasVerified: false };
  const devices = new Map(person.devices).set(device, fingerprint);
  const identities = withIdentity(
    { identities: person.identities, devices },
    fingerprint,
    ed25519 ? { ...record, ed25519 } : record,
    MAX_DEVICES,
  );
  if (!identities) return { person, meeting: { kind: "no-room" } };
  const next = { identities, devices };
  if (before === fingerprint) return { person: next, meeting: { kind: "known" } };
  const counts = judge(next, policy).counts(fingerprint);
  return {
    person: next,
    meeting: before === undefined ? { kind: "added", counts } : { kind: "changed", before, counts },
  };
}

/** Whether a sighting would be remembered. */
export function hasRoomForSighting({ devices, identities }: Person, sighting: Sighting): boolean {
  const { device, fingerprint } = sighting;
  if (!devices.has(device) && devices.size >= MAX_DEVICES) return false;
  const shown = new Map(devices).set(device, fingerprint);
  return withRoomFor({ identities, devices: shown }, fingerprint, MAX_DEVICES) !== undefined;
}

/** Forgets which identity a device showed; the trust in the identity stays. */
export function forgetDevice(person: Person, device: DeviceId): Person {
  const devices = new Map(person.devices);
  devices.delete(device);
  return { ...person, devices };
}

/** A level that is given to an identity. */
export interface Decision extends Standing {
  readonly fingerprint: Fingerprint;
  readonly at: EpochMs;
  readonly ed25519?: string | undefined;
}

/**
 * Gives an identity a level, also one that no device has shown yet.
 *
 * @throws {InvalidInput} when {@link MAX_IDENTITIES} of the person are decided or shown
 */
export function decide(person: Person, { fingerprint, level, by, at, ed25519 }: Decision): Person {
  const known = person.identities.get(fingerprint);
  const wasVerified = level === "verified" || (level !== "undecided" && (known?.wasVerified ?? false));
  const record = { level, by, at, wasVerified, ed25519: known?.ed25519 ?? ed25519 };
  const identities = withIdentity(person, fingerprint, record, MAX_IDENTITIES);
  if (!identities) throw new InvalidInput(`a person has at most ${MAX_IDENTITIES} identities`);
  return { ...person, identities };
}

/** Whether an identity is known, or one more can be decided on. */
export function hasRoomForDecision(person: Person, fingerprint: Fingerprint): boolean {
  return withRoomFor(person, fingerprint, MAX_IDENTITIES) !== undefined;
}

/**
 * Whether an identity of the person was verified, also when it was distrusted since: who was told apart from
 * impostors once is never again anybody that comes along.
 */
export function hasVerified({ identities }: Person): boolean {
  for (const { wasVerified } of identities.values()) if (wasVerified) return true;
  return false;
}

/** What a policy makes of a person's identities. */
export interface Verdicts {
  /** What an identity counts as now; one that was never met is undecided. */
  readonly counts: (fingerprint: Fingerprint) => TrustLevel;
  /**
   * Whether content may go to a device in a session with this identity: it counts as trusted, and the device has
   * not shown another one since.
   */
  readonly maySend: (device: DeviceId, fingerprint: Fingerprint) => boolean;
}

/** Applies a policy to all identities of a person. */
export function judge(person: Person, policy: TrustPolicy): Verdicts {
  const isVerified = hasVerified(person);
  const counts = (fingerprint: Fingerprint): TrustLevel => {
    const record = person.identities.get(fingerprint);
    return record ? countsAs(policy, isVerified, record) : "undecided";
  };
  return {
    counts,
    maySend: (device, fingerprint) =>
      person.devices.get(device) === fingerprint && maySend(counts(fingerprint)),
  };
}

/** The identities of a person that are verified now. */
export function verifiedOf({ identities }: Person): Fingerprint[] {
  return [...identities].filter(([, { level }]) => level === "verified").map(([fingerprint]) => fingerprint);
}

/** An identity of a person, as it is shown to the one who decides. */
export interface KnownIdentity {
  readonly fingerprint: Fingerprint;
  /** What it counts as under the policy in force. */
  readonly trust: TrustLevel;
  readonly by: TrustSource;
  readonly at: EpochMs;
  /** The devices that show it now; none when it was decided in advance, or is no longer used. */
  readonly devices: readonly DeviceId[];
}

/** All identities of a person. */
export function identitiesOf(person: Person, policy: TrustPolicy): KnownIdentity[] {
  const { counts } = judge(person, policy);
  const shownBy = new Map<Fingerprint, DeviceId[]>();
  for (const [device, shown] of person.devices) shownBy.set(shown, [...(shownBy.get(shown) ?? []), device]);
  return [...person.identities].map(([fingerprint, record]) => ({
    fingerprint,
    trust: counts(fingerprint),
    by: record.by,
    at: record.at,
    devices: shownBy.get(fingerprint) ?? [],
  }));
}

function withIdentity(
  person: Person,
  fingerprint: Fingerprint,
  record: IdentityRecord,
  limit: number,
): ReadonlyMap<Fingerprint, IdentityRecord> | undefined {
  return withRoomFor(person, fingerprint, limit)?.set(fingerprint, record);
}

/** The identities with room for one; the oldest that nobody decided on and no device shows makes it. */
function withRoomFor(
  { identities, devices }: Person,
  fingerprint: Fingerprint,
  limit: number,
): Map<Fingerprint, IdentityRecord> | undefined {
  const next = new Map(identities);
  if (next.has(fingerprint) || next.size < limit) return next;
  const shown = new Set(devices.values());
  const spare = [...next].filter(([one, { by }]) => by === "first-use" && !shown.has(one));
  const [oldest] = spare.sort(([, one], [, other]) => one.at - other.at);
  if (!oldest) return undefined;
  next.delete(oldest[0]);
  return next;
}
