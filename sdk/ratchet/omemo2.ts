import { asBuffer, KEY_SIZE_BYTES } from "./curve.js";
import { MalformedKey } from "./errors.js";
import type { PreKeyMessage, Profile, RatchetMessage, SealedMessage } from "./profile.js";
import { optionalUint32, readFields, requireBytes, requireUint32, writeFields } from "./protobuf.js";
import { montgomeryOf, signEdwards, verifyEdwards } from "./signature.js";

const MAC_SIZE_BYTES = 16;

/** The field numbers of OMEMOMessage. Source: XEP-0384 §12. */
const MESSAGE = { counter: 1, previousCounter: 2, ratchetKey: 3, ciphertext: 4 } as const;

/** The field numbers of OMEMOAuthenticatedMessage. Source: XEP-0384 §12. */
const AUTHENTICATED = { mac: 1, message: 2 } as const;

/** The field numbers of OMEMOKeyExchange. Source: XEP-0384 §12. */
const KEY_EXCHANGE = { preKeyId: 1, signedPreKeyId: 2, identityKey: 3, baseKey: 4, message: 5 } as const;

/** OMEMO 2, `urn:xmpp:omemo:2`. Source: XEP-0384 0.8 §4. */
export const omemo2: Profile = {
  id: 2,
  namespace: "urn:xmpp:omemo:2",
  infos: {
    x3dh: Buffer.from("OMEMO X3DH"),
    rootChain: Buffer.from("OMEMO Root Chain"),
    messageKeys: Buffer.from("OMEMO Message Key Material"),
  },
  macSizeBytes: MAC_SIZE_BYTES,
  identityKeySizeBytes: KEY_SIZE_BYTES,
  // XEP-0384 §12: pk_id is a required field of OMEMOKeyExchange
  isPreKeyMandatory: true,

  // XEP-0384 §4.2: the identity key travels in its Ed25519 form, all others in their X25519 form
  encodeIdentity: (identity) => Buffer.from(identity.signing.publicKey),
  decodeIdentity: montgomeryOf,
  encodePublicKey: (raw) => Buffer.from(raw),
  decodePublicKey,
  sign: (identity, publicKey) => signEdwards(identity.signing.handle, publicKey),
  verify: verifyEdwards,

  // XEP-0384 §4.2: AD = Encode(IK_A) || Encode(IK_B), in both directions
  associatedData: (sender, receiver, isSenderInitiator) =>
    isSenderInitiator ? [sender, receiver] : [receiver, sender],
  encodeMessage,
  sealMessage: (authenticated, mac) =>
    writeFields([AUTHENTICATED.mac, mac], [AUTHENTICATED.message, authenticated]),
  decodeMessage,
  encodePreKeyMessage,
  decodePreKeyMessage,
};

function decodePublicKey(publicKey: Uint8Array): Buffer {
  if (publicKey.length !== KEY_SIZE_BYTES)
    throw new MalformedKey(`a public key has ${publicKey.length} bytes, not ${KEY_SIZE_BYTES}`);
  return asBuffer(publicKey);
}

function encodeMessage(message: RatchetMessage): Buffer {
  return writeFields(
    [MESSAGE.counter, message.counter],
    [MESSAGE.previousCounter, message.previousCounter],
    [MESSAGE.ratchetKey, message.ratchetKey],
    [MESSAGE.ciphertext, message.ciphertext],
  );
}

function decodeMessage(bytes: Buffer): SealedMessage {
  const outer = readFields(bytes);
  const authenticated = requireBytes(outer, AUTHENTICATED.message);
  const fields = readFields(authenticated);
  return {
    ratchetKey: decodePublicKey(requireBytes(fields, MESSAGE.ratchetKey)),
    counter: requireUint32(fields, MESSAGE.counter),
    previousCounter: requireUint32(fields, MESSAGE.previousCounter),
    ciphertext: requireBytes(fields, MESSAGE.ciphertext),
    authenticated,
    mac: requireBytes(outer, AUTHENTICATED.mac),
  };
}

// The device id of the sender stands in the stanza alone: XEP-0384 §5.5, `sid`
function encodePreKeyMessage(message: Omit<PreKeyMessage, "profile">): Buffer {
  return writeFields(
    [KEY_EXCHANGE.preKeyId, message.preKeyId],
    [KEY_EXCHANGE.signedPreKeyId, message.signedPreKeyId],
    [KEY_EXCHANGE.identityKey, message.identityKey],
    [KEY_EXCHANGE.baseKey, message.baseKey],
    [KEY_EXCHANGE.message, message.message],
  );
}

function decodePreKeyMessage(bytes: Buffer): Omit<PreKeyMessage, "profile"> {
  const fields = readFields(bytes);
  return {
    registrationId: 0,
    preKeyId: optionalUint32(fields, KEY_EXCHANGE.preKeyId),
    signedPreKeyId: requireUint32(fields, KEY_EXCHANGE.signedPreKeyId),
    baseKey: decodePublicKey(requireBytes(fields, KEY_EXCHANGE.baseKey)),
    // Its length alone; whether it is a point is asked when a session is built
    identityKey: decodePublicKey(requireBytes(fields, KEY_EXCHANGE.identityKey)),
    message: requireBytes(fields, KEY_EXCHANGE.message),
  };
}
