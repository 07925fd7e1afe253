import type { KeyObject } from "node:crypto";
import { unseal } from "./cipher.js";
import { agree, asBuffer, importPrivateKey, importPublicKey } from "./curve.js";
import { BadMac } from "./errors.js";
import { stepRoot } from "./kdf.js";
import { MAX_RECEIVING_CHAINS, MAX_SKIP } from "./session.js";
import type { ReceivingChain, Session } from "./session.js";
import { dropOldestSkipped, takeMessageKey } from "./skipped.js";

/** What decrypting a message gives: store `session` in the place of the old one together with the plaintext. */
export interface Received {
  readonly session: Session;
  readonly plaintext: Buffer;
}

/** How a message may be decrypted. */
export interface DecryptOptions {
  /** How many messages it may skip in its chain: `MAX_SKIP` unless given. */
  readonly maxSkip?: number;
}

/**
 * Decrypts a message of this session (of a message that builds one: its `message`).
 *
 * @throws MalformedMessage, MalformedKey, DuplicateMessage, TooManySkippedKeys, BadMac. Source: Double Ratchet §3.5, RatchetDecrypt.
 */
export function decrypt(session: Session, message: Uint8Array, { maxSkip }: DecryptOptions = {}): Received {
  return receive(session, asBuffer(message), undefined, maxSkip);
}

/** `decrypt` for a session whose own ratchet key is not in it: the responder's signed prekey. */
export function receive(
  session: Session,
  bytes: Buffer,
  ratchetKey: KeyObject | undefined,
  maxSkip = MAX_SKIP,
): Received {
  const message = session.profile.decodeMessage(bytes);
  const known = session.receiving.findIndex((chain) => chain.ratchetKey.equals(message.ratchetKey));
  const chain = session.receiving[known];
  if (chain) {
    const { chain: after, seed } = takeMessageKey(chain, message.counter, maxSkip);
    const plaintext = unseal(session, seed, message);
    return {
      plaintext,
      session: { ...session, receiving: dropOldestSkipped(session.receiving.with(known, after)) },
    };
  }
  const next = stepReceiving(session, message.ratchetKey, ratchetKey);
  const { chain: after, seed } = takeMessageKey(next.chain, message.counter, maxSkip);
  const plaintext = unseal(session, seed, message);
  return { plaintext, session: withNewChain(session, next.rootKey, after) };
}

/** The first half of DHRatchet: the root key and the receiving chain of a new ratchet key of the peer. */
function stepReceiving(
  session: Session,
  remoteRatchetKey: Buffer,
  ratchetKey: KeyObject | undefined,
): { rootKey: Buffer; chain: ReceivingChain } {
  const own = ratchetKey ?? (session.sending && importPrivateKey("X25519", session.sending.privateKey));
  // The peer takes a new ratchet key only after it has seen one of ours, so that there is nothing it could belong to
  if (!own) throw new BadMac("the message has a new ratchet key, but the last one was not answered yet");
  const shared = agree(own, importPublicKey("X25519", remoteRatchetKey));
  const { rootKey, chainKey } = stepRoot(session.rootKey, shared, session.profile.infos.rootChain);
  return {
    rootKey,
    chain: { ratchetKey: Buffer.from(remoteRatchetKey), chainKey, counter: 0, skipped: Buffer.alloc(0) },
  };
}

// The previous counter of the message is not used: peers disagree about its meaning (Double Ratchet §3.2 says the number
// of messages, libsignal writes the last index). Instead, older chains keep their chain key, as they do everywhere in
// OMEMO, and give the keys of late messages when these arrive.
function withNewChain(session: Session, rootKey: Buffer, chain: ReceivingChain): Session {
  return {
    ...session,
    rootKey,
    remoteRatchetKey: chain.ratchetKey,
    // Double Ratchet §6.5: our own next key pair is made only when it is first used
    sending: undefined,
    previousCounter: session.sending?.counter ?? 0,
    receiving: dropOldestSkipped([...session.receiving, chain].slice(-MAX_RECEIVING_CHAINS)),
    pending: undefined,
  };
}
