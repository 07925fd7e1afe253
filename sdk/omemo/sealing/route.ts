import type { EpochMs } from "../../../src/clock.js";
import { parseSession, type Session } from "../../ratchet/mod.js";
import type { View } from "../../storage/port.js";
import { isSameKey, isShown } from "../fingerprint.js";
import type { SkipReason } from "../port.js";
import type { ListedDevice, Way } from "../devices/listed-devices.js";
import { readPrepared } from "../records.js";
import { sessionAt } from "../sessions.js";
import type { Sighting } from "../trust/mod.js";
import type { OmemoVersion } from "../versions/version.js";

/** How a device is written to: in a session, not at all, or not before something is fetched. */
export type Route =
  FoundSession | { readonly kind: "skip"; readonly reason: SkipReason } | { readonly kind: "unprepared" };

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
  for (const way of listed.ways) {
    const found = sessionWith(view, listed, way);
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

/** The session in which a device is written to in one way, with the identity that it shows; or why there is none. */
export function sessionWith(
  view: View,
  { address, device, shown }: ListedDevice,
  way: Way,
): FoundSession | "none" | SkipReason {
  const { version, place } = way;
  const current = sessionAt(view, place);
  if (current && isOf(way, shown, current))
    return { kind: "session", version, session: current, place, preparedAt: undefined };
  const prepared = readPrepared(view, { version: version.name, address, device });
  if (!prepared) return "none";
  if (!("session" in prepared)) return prepared.failure;
  const session = parseSession(prepared.session);
  return isOf(way, shown, session)
    ? { kind: "session", version, session, place, preparedAt: prepared.at }
    : "none";
}

function isOf(
  { identityKey }: Way,
  shown: Sighting | undefined,
  { profile, remoteIdentityKey }: Session,
): boolean {
  if (identityKey && isSameKey(identityKey, remoteIdentityKey)) return true;
  return shown !== undefined && isShown(profile, remoteIdentityKey, shown);
}
