import type { DeviceId } from "../../src/ids.js";
import { parseSession, RatchetError, serialiseSession, type Session } from "../ratchet/mod.js";
import type { Transaction, View } from "../storage/port.js";
import { archiveKey, sessionKey } from "./records.js";

/**
 * Sessions that are kept beside the current one: when both sides begin one at once, each goes on with the
 * other's, and messages of both are under way.
 */
export const MAX_ARCHIVED_SESSIONS = 5;

/** The session that is written with; `undefined` when there is none, or none that can be read. */
export function currentSession(view: View, address: string, device: DeviceId): Session | undefined {
  const bytes = view.get(sessionKey(address, device));
  return bytes && tryParse(bytes);
}

/** Whether there is a session to write with. */
export function hasSession(view: View, address: string, device: DeviceId): boolean {
  return currentSession(view, address, device) !== undefined;
}

/** Stores the next state of the current session. */
export function advanceSession(
  transaction: Transaction,
  address: string,
  device: DeviceId,
  session: Session,
): void {
  transaction.set(sessionKey(address, device), serialiseSession(session));
}

/** The older sessions, the last used first. */
export function archivedSessions(view: View, address: string, device: DeviceId): Session[] {
  const bytes = view.get(archiveKey(address, device));
  return bytes ? split(bytes).flatMap((part) => tryParse(part) ?? []) : [];
}

/** Makes a session the current one; the one before becomes the first of the older ones. */
export function promoteSession(
  transaction: Transaction,
  address: string,
  device: DeviceId,
  session: Session,
): void {
  const before = currentSession(transaction, address, device);
  const isOther = (other: Session): boolean => !other.baseKey.equals(session.baseKey);
  const older = [...(before ? [before] : []), ...archivedSessions(transaction, address, device)];
  const archived = older.filter(isOther).slice(0, MAX_ARCHIVED_SESSIONS);
  if (archived.length > 0) transaction.set(archiveKey(address, device), join(archived.map(serialiseSession)));
  advanceSession(transaction, address, device, session);
}

/** Forgets all sessions with a device. */
export function dropSessions(transaction: Transaction, address: string, device: DeviceId): void {
  transaction.delete(sessionKey(address, device));
  transaction.delete(archiveKey(address, device));
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

/** Every part after its length, 4 bytes. */
function join(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}

function split(bytes: Uint8Array): Buffer[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts: Buffer[] = [];
  for (let at = 0; at + 4 <= all.length;) {
    const end = at + 4 + all.readUInt32BE(at);
    parts.push(all.subarray(at + 4, end));
    at = end;
  }
  return parts;
}
