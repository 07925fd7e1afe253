import type { EpochMs } from "../../src/clock.js";
import type { DeviceId } from "../../src/ids.js";
import { parseSession, type Session } from "../ratchet/mod.js";
import type { View } from "../storage/port.js";
import type { OmemoContext } from "./context.js";
import { isShown } from "./fingerprint.js";
import type { SkipReason } from "./port.js";
import { type ListRecord, type Peer, readList, readPrepared, sessionKey } from "./records.js";
import { sessionAt } from "./sessions.js";
import { judge, maySend, type Person, type Sighting, type TrustLevel } from "./trust/mod.js";
import type { OmemoVersion } from "./version.js";

/** A device that stands in a list, and the versions in whose lists it does, the preferred first. */
export interface ListedDevice {
  readonly address: string;
  readonly device: DeviceId;
  readonly versions: readonly OmemoVersion[];
  /** The identity that it showed last; missing as long as none was met. */
  readonly shown: Sighting | undefined;
  /** Why content may not go to it; missing when it may. */
  readonly refusal: TrustRefusal | undefined;
}

/** Why content may not go to an identity. */
export type TrustRefusal = Extract<SkipReason, "undecided-identity" | "distrusted-identity">;

/** How a device is written to: in a session, not at all, or not before something is fetched. */
export type Route =
  FoundSession | { readonly kind: "skip"; readonly reason: SkipReason } | { readonly kind: "unprepared" };

/**
 * The devices of an address but this one, in the lists as they are known.
 *
 * @returns nothing when the list of a version is not known: a device may stand in it
 */
export function listedDevices(
  { keys, versions, trustPolicy, people }: OmemoContext,
  view: View,
  address: string,
): ListedDevice[] | undefined {
  const found = new Map<DeviceId, OmemoVersion[]>();
  for (const version of versions) {
    const list: ListRecord | undefined = readList(view, version.name, address);
    if (!list) return undefined;
    for (const device of list.devices) {
      const spoken = found.get(device);
      if (spoken) spoken.push(version);
      else found.set(device, [version]);
    }
  }
  if (address === keys.address) found.delete(keys.device);
  // Once for all devices, as a message to many is sealed while nothing else runs
  const person = people.read(view, address);
  const { counts } = judge(person, trustPolicy);
  return [...found].map(([device, spoken]) => {
    const shown = shownBy(person, device);
    const level = shown ? counts(shown.fingerprint) : "undecided";
    return { address, device, versions: spoken, shown, refusal: refusalOf(level) };
  });
}

/** Why content may not go to an identity that counts as this. */
export function refusalOf(level: TrustLevel): TrustRefusal | undefined {
  if (maySend(level)) return undefined;
  return level === "distrusted" ? "distrusted-identity" : "undecided-identity";
}

function shownBy({ devices, identities }: Person, device: DeviceId): Sighting | undefined {
  const fingerprint = devices.get(device);
  return fingerprint && { device, fingerprint, ed25519: identities.get(fingerprint)?.ed25519 };
}

/**
 * How a listed device is written to: in the first of its versions that works.
 *
 * A session with another identity than the device showed last is as good as none: content must not go to whom nobody
 * decided on, and where the device shows different ones in two versions, the last word is the one that was told.
 *
 * @param isForAnyone whether trust does not matter, as nothing is said. Source: XEP-0384 0.8 §8.
 */
export function routeTo(view: View, listed: ListedDevice, isForAnyone = false): Route {
  let reason: SkipReason = "no-bundle";
  for (const version of listed.versions) {
    const found = sessionWith(view, listed, version);
    if (found === "none") return { kind: "unprepared" };
    if (typeof found === "string") reason = found;
    else if (listed.refusal && !isForAnyone) return { kind: "skip", reason: listed.refusal };
    else return found;
  }
  return { kind: "skip", reason };
}

/** A session to write in, and whether it was prepared and not used yet. */
export interface FoundSession {
  readonly kind: "session";
  readonly version: OmemoVersion;
  readonly session: Session;
  /** Under which key its next state is stored. */
  readonly place: string;
  /** When it was prepared. */
  readonly preparedAt: EpochMs | undefined;
}

/** The session in which a device is written to in a version, with the identity that it shows; or why there is none. */
export function sessionWith(
  view: View,
  { address, device, shown }: ListedDevice,
  version: OmemoVersion,
): FoundSession | "none" | SkipReason {
  const peer: Peer = { version: version.name, address, device };
  const place = sessionKey(peer);
  const current = sessionAt(view, place);
  if (current && isOf(shown, current))
    return { kind: "session", version, session: current, place, preparedAt: undefined };
  const prepared = readPrepared(view, peer);
  if (!prepared) return "none";
  if (!("session" in prepared)) return prepared.failure;
  const session = parseSession(prepared.session);
  return isOf(shown, session)
    ? { kind: "session", version, session, place, preparedAt: prepared.at }
    : "none";
}

function isOf(shown: Sighting | undefined, { profile, remoteIdentityKey }: Session): boolean {
  return shown !== undefined && isShown(profile, remoteIdentityKey, shown);
}
