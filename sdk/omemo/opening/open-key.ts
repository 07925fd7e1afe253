import {
  acceptPreKeyMessage,
  decrypt,
  type DecryptOptions,
  hasChainOf,
  matches,
  type PreKeyMessage,
  type Profile,
  RatchetError,
  readPreKeyMessage,
  type Session,
} from "../../ratchet/mod.js";
import type { Transaction, View } from "../../storage/port.js";
import type { OmemoContext } from "../context.js";
import { knownFingerprintOf, sightingOf } from "../fingerprint.js";
import { takeSighting } from "../devices/meetings.js";
import { noteOpened } from "./notes.js";
import { failureOf, graver } from "./open-failures.js";
import { preKeysFor, usePreKey } from "../own/own-keys.js";
import type { Fingerprint, OpenFailure } from "../port.js";
import { type Peer, writePrepared } from "../records.js";
import {
  advanceSession,
  archivedSessions,
  currentSession,
  keepReceiveOnly,
  promoteSession,
} from "../sessions.js";
import { hasRoomForSighting, readPerson, type Sighting } from "../trust/mod.js";
import type { DeviceKey } from "../versions/version.js";

/**
 * How far ahead a message with a new ratchet key may lie in a session that was not used last.
 *
 * Peers go back to such a session when both began at once, and then its first messages come late, at most a few at a
 * time; the chains that the session knows already give their late messages from any distance.
 */
const MAX_SKIP_IN_OLDER = 50;

/** What decrypting one key gives: nothing has been written yet. */
export type OpenedKey =
  | {
      readonly keyMaterial: Buffer;
      /** The identity of the session. */
      readonly fingerprint: Fingerprint;
      readonly commit: (transaction: Transaction) => void;
    }
  | { readonly failure: OpenFailure };

/** The device that a message is from, and the version that it is in. */
export interface Sender extends Peer {
  readonly profile: Profile;
}

/** Which of the sessions with a device one is. */
type Place = "current" | "archived" | "receive-only";

/** A session that a message may belong to. */
interface FoundSession {
  readonly session: Session;
  readonly place: Place;
}

/** Decrypts the key material that a device encrypted for this one: in a session, or with the one that it begins. */
export function openKey(
  context: OmemoContext,
  view: View,
  sender: Sender,
  key: Pick<DeviceKey, "isPreKey" | "data">,
): OpenedKey {
  try {
    return key.isPreKey
      ? openPreKeyMessage(context, view, sender, readPreKeyMessage(sender.profile, key.data))
      : openInSessions(context, view, sender, key.data);
  } catch (error) {
    if (error instanceof RatchetError) return { failure: failureOf(error) };
    throw error;
  }
}

/** The session that has the chain of the message is the only one that it can be of; without one, each is tried. */
function openInSessions(context: OmemoContext, view: View, sender: Sender, data: Uint8Array): OpenedKey {
  const open = (found: FoundSession, options?: DecryptOptions): OpenedKey =>
    openInSession(context, view, { ...found, sender }, data, options);
  const current = findCurrent(view, sender);
  // Before the archive is read: nearly every message is of the current one, with its next ratchet key or the last
  const opened = current && open(current);
  if (opened && (!("failure" in opened) || hasChainOf(current.session, data))) return opened;
  const archived = findArchived(view, sender);
  const owner = archived.find(({ session }) => hasChainOf(session, data));
  if (owner) return open(owner);
  let failure = opened?.failure;
  for (const found of archived) {
    // Only the one that was used last has the whole allowance: a forged message is not to cost its walk in each
    const next = open(found, failure === undefined ? {} : { maxSkip: MAX_SKIP_IN_OLDER });
    if (!("failure" in next)) return next;
    failure = failure ? graver(failure, next.failure) : next.failure;
  }
  return { failure: failure ?? "no-session" };
}

function findCurrent(view: View, sender: Sender): FoundSession | undefined {
  const session = currentSession(view, sender);
  return session && { session, place: "current" };
}

function findArchived(view: View, sender: Sender): FoundSession[] {
  return archivedSessions(view, sender).map(({ session, isReceiveOnly }) => ({
    session,
    place: isReceiveOnly ? "receive-only" : "archived",
  }));
}

/** The current session, then the older ones, which are not read unless they are asked for. */
function* sessionsWith(view: View, sender: Sender): Generator<FoundSession> {
  const current = findCurrent(view, sender);
  if (current) yield current;
  yield* findArchived(view, sender);
}

function openInSession(
  context: OmemoContext,
  view: View,
  { session, place, sender }: FoundSession & { readonly sender: Sender },
  data: Uint8Array,
  options?: DecryptOptions,
): OpenedKey {
  try {
    const { plaintext, session: next } = decrypt(session, data, options);
    const { profile, address, device } = sender;
    const person = readPerson(view, address);
    const fingerprint = knownFingerprintOf(profile, next.remoteIdentityKey, device, person);
    return {
      keyMaterial: plaintext,
      fingerprint,
      commit: (transaction) => keep(context, transaction, sender, { session: next, fingerprint }, place),
    };
  } catch (error) {
    if (error instanceof RatchetError) return { failure: failureOf(error) };
    throw error;
  }
}

function openPreKeyMessage(
  context: OmemoContext,
  view: View,
  sender: Sender,
  message: PreKeyMessage,
): OpenedKey {
  for (const found of sessionsWith(view, sender)) {
    if (matches(found.session, message))
      return openInSession(context, view, { ...found, sender }, message.message);
  }
  // Without one, nothing would tell a repeated message from a new one once its session is gone
  const { preKeyId } = message;
  if (preKeyId === undefined) return { failure: "no-prekey" };
  const sighting = sightingOf(sender.profile, sender.device, message.identityKey);
  if (!hasRoomForSighting(readPerson(view, sender.address), sighting)) return { failure: "too-many-devices" };
  return accept(context, view, { sender, sighting }, { ...message, preKeyId });
}

function accept(
  context: OmemoContext,
  view: View,
  { sender, sighting }: { readonly sender: Sender; readonly sighting: Sighting },
  message: PreKeyMessage & { readonly preKeyId: number },
): OpenedKey {
  const { fingerprint } = sighting;
  const { preKeyId } = message;
  const { plaintext, session } = acceptPreKeyMessage(
    context.keys.identity,
    preKeysFor(view, message, context.clock.now()),
    message,
  );
  return {
    keyMaterial: plaintext,
    fingerprint,
    commit(transaction) {
      const until = context.clock.now() + context.times.usedPreKeyKeptMs;
      takeSighting(context, transaction, sender.address, sighting);
      const isFirstUse = usePreKey(transaction, { id: preKeyId, baseKey: message.baseKey }, until);
      // XEP-0384 0.3 §5, §7: what was built with a prekey that another had used is not sent with
      keep(context, transaction, sender, { session, fingerprint }, isFirstUse ? "archived" : "receive-only");
    },
  };
}

/** Stores the session that a message came in; unless it is only received with, the next message goes out in it. */
function keep(
  context: OmemoContext,
  transaction: Transaction,
  sender: Sender,
  { session, fingerprint }: { readonly session: Session; readonly fingerprint: Fingerprint },
  place: Place,
): void {
  const isShown = (): boolean =>
    readPerson(transaction, sender.address).devices.get(sender.device) === fingerprint;
  if (place === "current") advanceSession(transaction, sender, session);
  // What is late, of an identity that the device no longer shows, changes nothing
  else if (place === "receive-only" || !isShown()) keepReceiveOnly(transaction, sender, session);
  else {
    promoteSession(transaction, sender, session);
    writePrepared(transaction, sender, undefined);
  }
  noteOpened(context, transaction, sender, place === "receive-only" ? undefined : session);
}
