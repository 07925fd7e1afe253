import { asBuffer, KEY_SIZE_BYTES } from "./curve.js";
import { MalformedKey, MalformedMessage } from "./errors.js";
import type { PreKeyMessage, Profile, RatchetMessage, SealedMessage } from "./profile.js";
import { optionalUint32, readFields, requireBytes, requireUint32, writeFieldsAfter } from "./protobuf.js";
import { signMontgomery, verifyMontgomery } from "./signature.js";

// XEP-0384 0.3 rests on "the Signal protocol" of its day; what follows is version 3 of its messages as every
// OMEMO 0.3 client has them (libsignal WhisperTextProtocol.proto).
const VERSION = 3;
const VERSION_BYTE = Buffer.from([(VERSION << 4) | VERSION]);
const MAC_SIZE_BYTES = 8;

/** Written before every X25519 public key. */
const KEY_TYPE = 0x05;

/** The field numbers of SignalMessage. */
const MESSAGE = { ratchetKey: 1, counter: 2, previousCounter: 3, ciphertext: 4 } as const;

/** The field numbers of PreKeySignalMessage. */
const PRE_KEY_MESSAGE = {
  preKeyId: 1,
  baseKey: 2,
  identityKey: 3,
  message: 4,
  registrationId: 5,
  signedPreKeyId: 6,
} as const;

/** OMEMO 0.3, `eu.siacs.conversations.axolotl`. Source: XEP-0384 0.3. */
export const axolotl: Profile = {
  id: 1,
  namespace: "eu.siacs.conversations.axolotl",
  infos: {
    x3dh: Buffer.from("WhisperText"),
    rootChain: Buffer.from("WhisperRatchet"),
    messageKeys: Buffer.from("WhisperMessageKeys"),
  },
  macSizeBytes: MAC_SIZE_BYTES,
  identityKeySizeBytes: KEY_SIZE_BYTES + 1,
  isPreKeyMandatory: false,

  encodeIdentity: (identity) => encodePublicKey(identity.agreement.publicKey),
  decodeIdentity: decodePublicKey,
  encodePublicKey,
  decodePublicKey,
  // X3DH §3.2: Sig(IK, Encode(SPK)), the type byte included
  sign: (identity, publicKey) =>
    signMontgomery(identity.signing.handle, identity.signing.publicKey, publicKey),
  verify: (identityKey, publicKey, signature) =>
    verifyMontgomery(decodePublicKey(identityKey), publicKey, signature),

  // Sender before receiver, unlike X3DH §3.3, which puts the initiator first
  associatedData: (sender, receiver) => [sender, receiver],
  encodeMessage,
  sealMessage: (authenticated, mac) => Buffer.concat([authenticated, mac]),
  decodeMessage,
  encodePreKeyMessage,
  decodePreKeyMessage,
};

function encodePublicKey(raw: Uint8Array): Buffer {
  if (raw.length !== KEY_SIZE_BYTES)
    throw new MalformedKey(`a raw public key has ${raw.length} bytes, not ${KEY_SIZE_BYTES}`);
  const published = Buffer.allocUnsafe(KEY_SIZE_BYTES + 1);
  published[0] = KEY_TYPE;
  published.set(raw, 1);
  return published;
}

function decodePublicKey(publicKey: Uint8Array): Buffer {
  if (publicKey.length !== KEY_SIZE_BYTES + 1)
    throw new MalformedKey(`a public key has ${publicKey.length} bytes, not 33`);
  if (publicKey[0] !== KEY_TYPE) throw new MalformedKey("a public key has an unknown type");
  return asBuffer(publicKey).subarray(1);
}

function encodeMessage(message: RatchetMessage): Buffer {
  return writeFieldsAfter(VERSION_BYTE, [
    [MESSAGE.ratchetKey, encodePublicKey(message.ratchetKey)],
    [MESSAGE.counter, message.counter],
    [MESSAGE.previousCounter, message.previousCounter],
    [MESSAGE.ciphertext, message.ciphertext],
  ]);
}

function decodeMessage(bytes: Buffer): SealedMessage {
  checkVersion(bytes);
  const end = bytes.length - MAC_SIZE_BYTES;
  if (end < 1) throw new MalformedMessage("the message is too short for a MAC");
  const fields = readFields(bytes.subarray(1, end));
  return {
    ratchetKey: decodePublicKey(requireBytes(fields, MESSAGE.ratchetKey)),
    counter: requireUint32(fields, MESSAGE.counter),
    previousCounter: optionalUint32(fields, MESSAGE.previousCounter) ?? 0,
    ciphertext: requireBytes(fields, MESSAGE.ciphertext),
    authenticated: bytes.subarray(0, end),
    mac: bytes.subarray(end),
  };
}

function encodePreKeyMessage(message: Omit<PreKeyMessage, "profile">): Buffer {
  return writeFieldsAfter(VERSION_BYTE, [
    [PRE_KEY_MESSAGE.registrationId, message.registrationId],
    // Left out when there is none: some peers take a 0 for the name of a prekey
    [PRE_KEY_MESSAGE.preKeyId, message.preKeyId],
    [PRE_KEY_MESSAGE.signedPreKeyId, message.signedPreKeyId],
    [PRE_KEY_MESSAGE.baseKey, encodePublicKey(message.baseKey)],
    [PRE_KEY_MESSAGE.identityKey, message.identityKey],
    [PRE_KEY_MESSAGE.message, message.message],
  ]);
}

function decodePreKeyMessage(bytes: Buffer): Omit<PreKeyMessage, "profile"> {
  checkVersion(bytes);
  const fields = readFields(bytes.subarray(1));
  const identityKey = requireBytes(fields, PRE_KEY_MESSAGE.identityKey);
  decodePublicKey(identityKey);
  return {
    registrationId: optionalUint32(fields, PRE_KEY_MESSAGE.registrationId) ?? 0,
    preKeyId: optionalUint32(fields, PRE_KEY_MESSAGE.preKeyId),
    signedPreKeyId: requireUint32(fields, PRE_KEY_MESSAGE.signedPreKeyId),
    baseKey: decodePublicKey(requireBytes(fields, PRE_KEY_MESSAGE.baseKey)),
    identityKey,
    message: requireBytes(fields, PRE_KEY_MESSAGE.message),
  };
}

// The upper half is the version of the message, the lower half the newest one that the sender knows.
function checkVersion(bytes: Buffer): void {
  const version = bytes[0];
  if (version === undefined) throw new MalformedMessage("the message is empty");
  if (version >> 4 !== VERSION)
    throw new MalformedMessage(`the message has version ${version >> 4}, not ${VERSION}`);
}
