import type { Identity } from "./identity.js";

/** A message as it is on the wire, taken apart; nothing in it is authenticated yet. */
export interface RatchetMessage {
  /** The sender's ratchet key: 32 raw bytes. */
  readonly ratchetKey: Buffer;
  /** The place in its chain, from 0. */
  readonly counter: number;
  /** How many messages the sender's previous chain had; libomemo-c writes one less. */
  readonly previousCounter: number;
  readonly ciphertext: Buffer;
}

/** A received message together with what its MAC is computed over. */
export interface SealedMessage extends RatchetMessage {
  readonly authenticated: Buffer;
  readonly mac: Buffer;
}

/** A message that also builds the session: what the responder needs for X3DH, and the message inside. */
export interface PreKeyMessage {
  /** The profile that it was read with. */
  readonly profile: Profile;
  /** The sender's device id as it claims; 0 where a profile has none. */
  readonly registrationId: number;
  /** The one-time prekey of ours that it used, if any. */
  readonly preKeyId: number | undefined;
  readonly signedPreKeyId: number;
  /** The sender's ephemeral key, 32 raw bytes: names the session. */
  readonly baseKey: Buffer;
  /** The sender's identity key, as published. */
  readonly identityKey: Buffer;
  /** The message inside, for `decrypt`. */
  readonly message: Buffer;
}

/** Everything in which one version of OMEMO differs from another, so that the ratchet itself knows none of it. */
export interface Profile {
  /** Names the profile in stored sessions, 1 to 255; never to be given to another. */
  readonly id: number;
  /** The XML namespace, for example `eu.siacs.conversations.axolotl`. */
  readonly namespace: string;
  /** The HKDF info of each derivation. */
  readonly infos: { readonly x3dh: Buffer; readonly rootChain: Buffer; readonly messageKeys: Buffer };
  readonly macSizeBytes: number;
  readonly identityKeySizeBytes: number;
  /** Whether a session cannot be built without a one-time prekey. */
  readonly isPreKeyMandatory: boolean;

  /** The identity key as published. */
  encodeIdentity(identity: Identity): Buffer;
  /** The 32 raw X25519 bytes of a published identity key. @throws MalformedKey */
  decodeIdentity(identityKey: Uint8Array): Buffer;
  /** A raw X25519 public key as published. */
  encodePublicKey(raw: Uint8Array): Buffer;
  /** The 32 raw bytes of a published X25519 public key. @throws MalformedKey */
  decodePublicKey(publicKey: Uint8Array): Buffer;
  /** Signs a published key with the identity: 64 bytes. */
  sign(identity: Identity, publicKey: Uint8Array): Buffer;
  /** Whether this published identity signed this published key. @throws MalformedKey */
  verify(identityKey: Uint8Array, publicKey: Uint8Array, signature: Uint8Array): boolean;

  /** What the MAC covers before the message itself, in two parts; both keys as published. */
  associatedData(
    senderIdentityKey: Buffer,
    receiverIdentityKey: Buffer,
    isSenderInitiator: boolean,
  ): readonly [Buffer, Buffer];
  /** The bytes of a message that its MAC is computed over. */
  encodeMessage(message: RatchetMessage): Buffer;
  /** The whole message from those bytes and the MAC. */
  sealMessage(authenticated: Buffer, mac: Buffer): Buffer;
  /** Takes a message apart. @throws MalformedMessage @throws MalformedKey */
  decodeMessage(bytes: Buffer): SealedMessage;
  /** The bytes of a message that builds a session. */
  encodePreKeyMessage(message: Omit<PreKeyMessage, "profile">): Buffer;
  /** Takes a message apart that builds a session. @throws MalformedMessage @throws MalformedKey */
  decodePreKeyMessage(bytes: Buffer): Omit<PreKeyMessage, "profile">;
}
