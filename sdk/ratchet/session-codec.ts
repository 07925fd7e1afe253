import { KEY_SIZE_BYTES } from "./curve.js";
import { MalformedState } from "./errors.js";
import { profileById } from "./profiles.js";
import { MAX_RECEIVING_CHAINS, MAX_SKIPPED_KEYS } from "./session.js";
import type { PendingPreKey, ReceivingChain, SendingChain, Session } from "./session.js";
import { SKIPPED_ENTRY_SIZE_BYTES } from "./skipped.js";

/**
 * The layout of a stored session, all numbers big-endian:
 *
 *     version 1, profile id 1, flags 1, previous counter 4,
 *     local identity key, remote identity key (sizes by profile),
 *     base key 32, root key 32, remote ratchet key 32,
 *     if sending: private key 32, public key 32, chain key 32, counter 4,
 *     if pending: registration id 4, signed prekey id 4, one-time prekey id 4 (0 without the flag),
 *     number of receiving chains 1, and each: ratchet key 32, chain key 32, counter 4, number of skipped 2, 36 each
 */
const VERSION = 1;

const IS_INITIATOR = 1;
const HAS_SENDING = 2;
const HAS_PENDING = 4;
const HAS_PRE_KEY = 8;
const ALL_FLAGS = 15;

const HEAD_SIZE_BYTES = 7;
const SENDING_SIZE_BYTES = 3 * KEY_SIZE_BYTES + 4;
const PENDING_SIZE_BYTES = 12;
const CHAIN_SIZE_BYTES = 2 * KEY_SIZE_BYTES + 6;

/** The session as bytes, secret throughout: about 350 and 36 more for each skipped message key. */
export function serialiseSession(session: Session): Buffer {
  const { profile, sending, pending, receiving } = session;
  // Every byte of it is written below
  const bytes = Buffer.allocUnsafe(sizeOf(session));
  bytes[0] = VERSION;
  bytes[1] = profile.id;
  bytes[2] = flagsOf(session);
  bytes.writeUInt32BE(session.previousCounter, 3);
  const writer: Writer = { bytes, at: HEAD_SIZE_BYTES };
  put(writer, session.localIdentityKey);
  put(writer, session.remoteIdentityKey);
  put(writer, session.baseKey);
  put(writer, session.rootKey);
  put(writer, session.remoteRatchetKey);
  if (sending) {
    put(writer, sending.privateKey);
    put(writer, sending.publicKey);
    put(writer, sending.chainKey);
    writer.at = bytes.writeUInt32BE(sending.counter, writer.at);
  }
  if (pending) {
    writer.at = bytes.writeUInt32BE(pending.registrationId, writer.at);
    writer.at = bytes.writeUInt32BE(pending.signedPreKeyId, writer.at);
    writer.at = bytes.writeUInt32BE(pending.preKeyId ?? 0, writer.at);
  }
  writer.at = bytes.writeUInt8(receiving.length, writer.at);
  for (const chain of receiving) putChain(writer, chain);
  return bytes;
}

/**
 * The session that `serialiseSession` wrote.
 *
 * @throws MalformedState when it is of another version or profile, too short, too long, or beyond the caps
 */
export function parseSession(stored: Uint8Array): Session {
  // One copy of its own, so that the parts can be views into it
  const bytes = Buffer.from(stored);
  const [version = 0, profileId = 0, flags = 0] = bytes;
  if (version !== VERSION) throw new MalformedState(`the session has version ${version}, not ${VERSION}`);
  const isPreKeyAlone = (flags & (HAS_PENDING | HAS_PRE_KEY)) === HAS_PRE_KEY;
  if (bytes.length < HEAD_SIZE_BYTES || (flags & ~ALL_FLAGS) !== 0 || isPreKeyAlone)
    throw new MalformedState("the session's head is damaged");
  const profile = profileById(profileId);
  const reader: Reader = { bytes, at: HEAD_SIZE_BYTES };
  const session: Session = {
    profile,
    isInitiator: (flags & IS_INITIATOR) !== 0,
    previousCounter: bytes.readUInt32BE(3),
    localIdentityKey: take(reader, profile.identityKeySizeBytes),
    remoteIdentityKey: take(reader, profile.identityKeySizeBytes),
    baseKey: take(reader, KEY_SIZE_BYTES),
    rootKey: take(reader, KEY_SIZE_BYTES),
    remoteRatchetKey: take(reader, KEY_SIZE_BYTES),
    sending: flags & HAS_SENDING ? takeSending(reader) : undefined,
    pending: flags & HAS_PENDING ? takePending(reader, (flags & HAS_PRE_KEY) !== 0) : undefined,
    receiving: takeChains(reader),
  };
  if (reader.at !== bytes.length) throw new MalformedState("the session goes on after its end");
  return session;
}

interface Writer {
  readonly bytes: Buffer;
  at: number;
}

type Reader = Writer;

function flagsOf({ isInitiator, sending, pending }: Session): number {
  return (
    (isInitiator ? IS_INITIATOR : 0) |
    (sending ? HAS_SENDING : 0) |
    (pending ? HAS_PENDING : 0) |
    (pending?.preKeyId === undefined ? 0 : HAS_PRE_KEY)
  );
}

function sizeOf({ profile, sending, pending, receiving }: Session): number {
  const keys = 2 * profile.identityKeySizeBytes + 3 * KEY_SIZE_BYTES;
  const optional = (sending ? SENDING_SIZE_BYTES : 0) + (pending ? PENDING_SIZE_BYTES : 0);
  const chains = receiving.reduce((sum, chain) => sum + CHAIN_SIZE_BYTES + chain.skipped.length, 1);
  return HEAD_SIZE_BYTES + keys + optional + chains;
}

function put(writer: Writer, part: Buffer): void {
  writer.bytes.set(part, writer.at);
  writer.at += part.length;
}

function putChain(writer: Writer, chain: ReceivingChain): void {
  put(writer, chain.ratchetKey);
  put(writer, chain.chainKey);
  writer.at = writer.bytes.writeUInt32BE(chain.counter, writer.at);
  writer.at = writer.bytes.writeUInt16BE(chain.skipped.length / SKIPPED_ENTRY_SIZE_BYTES, writer.at);
  put(writer, chain.skipped);
}

function take(reader: Reader, sizeBytes: number): Buffer {
  const end = reader.at + sizeBytes;
  if (end > reader.bytes.length) throw new MalformedState("the session is cut off");
  const part = reader.bytes.subarray(reader.at, end);
  reader.at = end;
  return part;
}

function takeUint(reader: Reader, sizeBytes: 1 | 2 | 4): number {
  const end = reader.at + sizeBytes;
  if (end > reader.bytes.length) throw new MalformedState("the session is cut off");
  let value = 0;
  while (reader.at < end) value = value * 256 + (reader.bytes[reader.at++] ?? 0);
  return value;
}

function takeSending(reader: Reader): SendingChain {
  return {
    privateKey: take(reader, KEY_SIZE_BYTES),
    publicKey: take(reader, KEY_SIZE_BYTES),
    chainKey: take(reader, KEY_SIZE_BYTES),
    counter: takeUint(reader, 4),
  };
}

function takePending(reader: Reader, hasPreKey: boolean): PendingPreKey {
  const registrationId = takeUint(reader, 4);
  const signedPreKeyId = takeUint(reader, 4);
  const preKeyId = takeUint(reader, 4);
  if (!hasPreKey && preKeyId !== 0)
    throw new MalformedState("the session names a prekey that it does not have");
  return { registrationId, signedPreKeyId, preKeyId: hasPreKey ? preKeyId : undefined };
}

function takeChains(reader: Reader): ReceivingChain[] {
  const count = takeUint(reader, 1);
  if (count > MAX_RECEIVING_CHAINS) throw new MalformedState("the session has too many receiving chains");
  const chains: ReceivingChain[] = [];
  let skipped = 0;
  for (let index = 0; index < count; index++) {
    const chain = takeChain(reader);
    skipped += chain.skipped.length / SKIPPED_ENTRY_SIZE_BYTES;
    chains.push(chain);
  }
  if (skipped > MAX_SKIPPED_KEYS) throw new MalformedState("the session has too many skipped message keys");
  return chains;
}

function takeChain(reader: Reader): ReceivingChain {
  const ratchetKey = take(reader, KEY_SIZE_BYTES);
  const chainKey = take(reader, KEY_SIZE_BYTES);
  const counter = takeUint(reader, 4);
  const skipped = take(reader, takeUint(reader, 2) * SKIPPED_ENTRY_SIZE_BYTES);
  return { ratchetKey, chainKey, counter, skipped };
}
