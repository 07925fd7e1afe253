import type { PreKeyMessage, Profile } from "./profile.js";

/**
 * How many messages one message may skip in its chain.
 *
 * Each costs two HMACs before the MAC can be checked, so that a forged message costs 5 ms at most; and a chain in which
 * a thousand messages in a row were lost is not late but broken.
 */
export const MAX_SKIP = 1000;

/** How many skipped message keys a session keeps, over all its chains: 36 bytes each, so 72 kB. The oldest go first. */
export const MAX_SKIPPED_KEYS = 2000;

/** How many receiving chains a session keeps: messages may come late by as many changes of direction. */
export const MAX_RECEIVING_CHAINS = 5;

/** Our current ratchet key and the chain that belongs to it. */
export interface SendingChain {
  readonly privateKey: Buffer;
  readonly publicKey: Buffer;
  readonly chainKey: Buffer;
  /** The counter of the next message. */
  readonly counter: number;
}

/** One of the peer's ratchet keys and the chain that belongs to it. */
export interface ReceivingChain {
  readonly ratchetKey: Buffer;
  readonly chainKey: Buffer;
  /** The counter of the next message, if none is skipped. */
  readonly counter: number;
  /** Counter (4 bytes) and message key seed (32) of each skipped message, one after the other, oldest first. */
  readonly skipped: Buffer;
}

/** What stands before every message of the initiator until the first answer. */
export type PendingPreKey = Pick<PreKeyMessage, "registrationId" | "preKeyId" | "signedPreKeyId">;

/**
 * One end of a session with one device: a value that is never changed, only replaced.
 *
 * Source: Double Ratchet §3.2.
 */
export interface Session {
  readonly profile: Profile;
  /** Whether this end built the session from a bundle. */
  readonly isInitiator: boolean;
  /** As published. */
  readonly localIdentityKey: Buffer;
  /** As published. */
  readonly remoteIdentityKey: Buffer;
  /** The initiator's ephemeral key: names the session. */
  readonly baseKey: Buffer;
  /** RK. */
  readonly rootKey: Buffer;
  /** DHr: the newest ratchet key of the peer, at first its signed prekey. */
  readonly remoteRatchetKey: Buffer;
  /** DHs, CKs, Ns; undefined from a new ratchet key of the peer until the next message of ours. */
  readonly sending: SendingChain | undefined;
  /** PN: how many messages our previous sending chain had. */
  readonly previousCounter: number;
  /** Oldest first; the last belongs to `remoteRatchetKey`. */
  readonly receiving: readonly ReceivingChain[];
  /** Until the first answer. */
  readonly pending: PendingPreKey | undefined;
}

/** Whether this message belongs to that session, so that `decrypt` is right for it and a new session would be wrong. */
export function matches(session: Session, message: PreKeyMessage): boolean {
  return (
    session.profile === message.profile &&
    session.baseKey.equals(message.baseKey) &&
    session.remoteIdentityKey.equals(message.identityKey)
  );
}
