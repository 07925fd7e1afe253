/**
 * The ratchet of OMEMO: X3DH and the Double Ratchet as pure functions, without I/O.
 *
 * Every function takes a value and gives a new one. The caller loads a session, calls, and commits the session that it
 * got back together with what belongs to it (plaintext, used prekey) in one transaction; a call that throws has
 * changed nothing. A first pass through:
 *
 * @example
 * const juliet = generateIdentity();
 * const sent = encrypt(initiate(axolotl, juliet, bundleOfRomeo, { registrationId: 27183 }), key);
 * // at Romeo's
 * const message = readPreKeyMessage(axolotl, sent.message);
 * const received = acceptPreKeyMessage(romeo, preKeysOfRomeo, message);
 *
 * Source: X3DH (rev. 1), The Double Ratchet Algorithm (rev. 1), XEdDSA (rev. 1), XEP-0384 0.3 and 0.8.
 */
export { initiate, readPreKeyMessage, acceptPreKeyMessage } from "./x3dh.js";
export type { Accepted, InitiateOptions } from "./x3dh.js";
export { encrypt } from "./send.js";
export type { Sent } from "./send.js";
export { decrypt } from "./receive.js";
export type { DecryptOptions, Received } from "./receive.js";
export { decryptWithAny, hasChainOf, MAX_SESSIONS } from "./any-session.js";
export { matches } from "./session.js";
export type { Session } from "./session.js";
export { serialiseSession, parseSession } from "./session-codec.js";

export { generateIdentity, restoreIdentity } from "./identity.js";
export type { Identity } from "./identity.js";
export { generateSignedPreKey, generatePreKeys } from "./prekeys.js";
export type { Bundle, OwnPreKeys, PreKey, SignedPreKey } from "./prekeys.js";

export { axolotl } from "./axolotl.js";
export { omemo2 } from "./omemo2.js";
export type { PreKeyMessage, Profile } from "./profile.js";

export {
  BadMac,
  BadSignature,
  DuplicateMessage,
  MalformedKey,
  MalformedMessage,
  MalformedState,
  NoPreKey,
  NoSession,
  RatchetError,
  TooManySkippedKeys,
  UntrustedIdentity,
} from "./errors.js";
