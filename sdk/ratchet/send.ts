import { seal } from "./cipher.js";
import { agree, generateKeyPair, importPublicKey } from "./curve.js";
import { stepChain, stepRoot } from "./kdf.js";
import type { SendingChain, Session } from "./session.js";

/** What encrypting gives: store `session` in the place of the old one *before* the message leaves. */
export interface Sent {
  readonly session: Session;
  readonly message: Buffer;
  /** Whether the message builds the session at the other end, as all do until the first answer. */
  readonly isPreKeyMessage: boolean;
}

/**
 * Encrypts a message.
 *
 * @throws MalformedKey when the peer's signed prekey is of small order (only right after `initiate`). Source: Double Ratchet §3.4, RatchetEncrypt.
 */
export function encrypt(session: Session, plaintext: Uint8Array): Sent {
  const { profile, pending } = session;
  const { rootKey, sending } = stepSending(session);
  const header = {
    ratchetKey: sending.publicKey,
    counter: sending.counter,
    previousCounter: session.previousCounter,
  };
  const { seed, chainKey } = stepChain(sending.chainKey);
  const message = seal(session, seed, header, plaintext);
  const after: SendingChain = { ...sending, chainKey, counter: sending.counter + 1 };
  return {
    session: { ...session, rootKey, sending: after },
    message: pending
      ? profile.encodePreKeyMessage({
          ...pending,
          baseKey: session.baseKey,
          identityKey: session.localIdentityKey,
          message,
        })
      : message,
    isPreKeyMessage: pending !== undefined,
  };
}

/** The sending chain; a new one, by the second half of DHRatchet, when the peer's ratchet key is new. Source: Double Ratchet §3.5, §6.5. */
function stepSending(session: Session): { rootKey: Buffer; sending: SendingChain } {
  if (session.sending) return { rootKey: session.rootKey, sending: session.sending };
  const { handle, privateKey, publicKey } = generateKeyPair();
  const shared = agree(handle, importPublicKey("X25519", session.remoteRatchetKey));
  const { rootKey, chainKey } = stepRoot(session.rootKey, shared, session.profile.infos.rootChain);
  return { rootKey, sending: { privateKey, publicKey, chainKey, counter: 0 } };
}
