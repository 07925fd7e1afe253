import { parseSession, RatchetError, serialiseSession, type Session } from "../ratchet/mod.js";
import type { Transaction, View } from "../storage/port.js";
import { archiveKey, type Peer, sessionKey } from "./records.js";

/**
 * Sessions that are kept beside the current one: when both sides begin one at once, each goes on with the
 * other's, and messages of both are under way.
 */
const MAX_ARCHIVED_SESSIONS = 5;

/** The session that is written with; `undefined` when there is none, or none that can be read. */
export function currentSession(view: View, peer: Peer): Session | undefined {
  return sessionAt(view, sessionKey(peer));
}

/** The session that is stored under a key; `undefined` when there is none, or none that can be read. */
export function sessionAt(view: View, key: string): Session | undefined {
  const bytes = view.get(key);
  return bytes && tryParse(bytes);
}

/** Whether there is a session to write with. */
export function hasSession(view: View, peer: Peer): boolean {
  return currentSession(view, peer) !== undefined;
}

/** Stores the next state of the current session. */
export function advanceSession(transaction: Transaction, peer: Peer, session: Session): void {
  transaction.set(sessionKey(peer), serialiseSession(session));
}

/** A session that is not written with. */
export interface ArchivedSession {
  readonly session: Session;
  /** Whether it is never to be written with: it was built with a prekey that another had used. */
  readonly isReceiveOnly: boolean;
}

/** The sessions beside the current one, the last used first. */
export function archivedSessions(view: View, peer: Peer): ArchivedSession[] {
  const bytes = view.get(archiveKey(peer));
  return bytes ? split(bytes) : [];
}

/** Makes a session the current one; the one before becomes the first of the archived ones. */
export function promoteSession(transaction: Transaction, peer: Peer, session: Session): void {
  const before = currentSession(transaction, peer);
  const replaced = before ? [{ session: before, isReceiveOnly: false }] : [];
  archive(transaction, peer, replaced, session);
  advanceSession(transaction, peer, session);
}

/** Puts the current session to the archived ones: nothing more is written in it until a message comes in it. */
export function retireSession(transaction: Transaction, peer: Peer): void {
  const session = currentSession(transaction, peer);
  if (!session) return;
  archive(transaction, peer, [{ session, isReceiveOnly: false }], session);
  transaction.delete(sessionKey(peer));
}

/** Stores the next state of a session that is only received with. */
export function keepReceiveOnly(transaction: Transaction, peer: Peer, session: Session): void {
  archive(transaction, peer, [{ session, isReceiveOnly: true }], session);
}

/** Puts sessions before the archived ones, of which `moved` is taken out. */
function archive(
  transaction: Transaction,
  peer: Peer,
  newest: readonly ArchivedSession[],
  moved: Session,
): void {
  const isMoved = ({ session }: ArchivedSession): boolean => session.baseKey.equals(moved.baseKey);
  const older = archivedSessions(transaction, peer).filter((other) => !isMoved(other));
  const archived = [...newest, ...older].slice(0, MAX_ARCHIVED_SESSIONS);
  if (archived.length > 0) transaction.set(archiveKey(peer), join(archived));
  else transaction.delete(archiveKey(peer));
}

/** Forgets all sessions with a device. */
export function dropSessions(transaction: Transaction, peer: Peer): void {
  transaction.delete(sessionKey(peer));
  transaction.delete(archiveKey(peer));
}

/** A session that cannot be read is as good as none: the next message builds another. */
function tryParse(bytes: Uint8Array): Session | undefined {
  try {
    return parseSession(bytes);
  } catch (error) {
    if (error instanceof RatchetError) return undefined;
    throw error;
  }
}

/** Every session after its length (4 bytes) and whether it is only received with (1 byte). */
function join(sessions: readonly ArchivedSession[]): Buffer {
  return Buffer.concat(
    sessions.flatMap(({ session, isReceiveOnly }) => {
      const part = serialiseSession(session);
      const head = Buffer.alloc(HEAD_BYTES);
      head.writeUInt32BE(part.length);
      head.writeUInt8(isReceiveOnly ? 1 : 0, 4);
      return [head, part];
    }),
  );
}

function split(bytes: Uint8Array): ArchivedSession[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const sessions: ArchivedSession[] = [];
  for (let at = 0; at + HEAD_BYTES <= all.length;) {
    const end = at + HEAD_BYTES + all.readUInt32BE(at);
    const session = tryParse(all.subarray(at + HEAD_BYTES, end));
    if (session) sessions.push({ session, isReceiveOnly: all[at + 4] === 1 });
    at = end;
  }
  return sessions;
}

const HEAD_BYTES = 5;
