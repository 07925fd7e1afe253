import { asBuffer } from "./curve.js";
import { NoSession, RatchetError } from "./errors.js";
import { decrypt } from "./receive.js";
import type { Received } from "./receive.js";
import type { Session } from "./session.js";

/**
 * How many sessions with one device are worth keeping, the newest first.
 *
 * Two are needed when both ends begin at once, a few more when one of them was restored; and each costs an agreement
 * when a forged message is tried against it, 0.1 ms.
 */
export const MAX_SESSIONS = 5;

/**
 * Decrypts a message with whichever of the sessions with its sender it belongs to.
 *
 * Two devices that begin at the same time end up with two sessions, and each end goes on with the one that it saw last: so
 * keep them all, newest first, put the one that opened a message in front, and drop those beyond `MAX_SESSIONS`.
 *
 * @param sessions newest first, of the profile that the message came in; those beyond `MAX_SESSIONS` are not tried
 * @returns what `decrypt` gives, and which session it was
 * @throws NoSession when there is none, else what `decrypt` threw with the last that was tried
 */
export function decryptWithAny(
  sessions: readonly Session[],
  message: Uint8Array,
): Received & { readonly index: number } {
  const candidates = sessions.slice(0, MAX_SESSIONS);
  const owner = candidates.findIndex((session) => hasChainOf(session, message));
  const owning = candidates[owner];
  if (owning) return { ...decrypt(owning, message), index: owner };
  let failure: RatchetError = new NoSession();
  for (const [index, session] of candidates.entries()) {
    try {
      return { ...decrypt(session, message), index };
    } catch (error) {
      if (!(error instanceof RatchetError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

/**
 * Whether a message is in one of the receiving chains of a session: then it is of that session or of none.
 *
 * @throws MalformedMessage
 */
export function hasChainOf(session: Session, message: Uint8Array): boolean {
  const { ratchetKey } = session.profile.decodeMessage(asBuffer(message));
  return session.receiving.some((chain) => chain.ratchetKey.equals(ratchetKey));
}
