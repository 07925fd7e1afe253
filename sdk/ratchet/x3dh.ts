import { timingSafeEqual } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { agree, generateKeyPair, importPrivateKey, importPublicKey } from "./curve.js";
import { BadSignature, MalformedKey, NoPreKey, UntrustedIdentity } from "./errors.js";
import type { Identity } from "./identity.js";
import { hkdf } from "../../src/hkdf.js";
import type { Bundle, OwnPreKeys } from "./prekeys.js";
import type { PreKeyMessage, Profile } from "./profile.js";
import { receive } from "./receive.js";
import type { Received } from "./receive.js";
import type { Session } from "./session.js";

/** The bytes that make an X25519 input distinct from any other curve's. Source: X3DH §2.2, F. */
const DISTINCT = Buffer.alloc(32, 0xff);

/** What `initiate` may be told besides. */
export interface InitiateOptions {
  /** Our own device id, which goes into every message until the first answer. */
  readonly registrationId: number;
  /** The identity key that the bundle has to have, as published; undefined when the caller has judged it already. */
  readonly expectedIdentityKey?: Uint8Array | undefined;
}

/**
 * Builds a session from a bundle; nothing is sent until the first `encrypt`.
 *
 * @throws BadSignature, MalformedKey, NoPreKey (where one is mandatory), UntrustedIdentity. Source: X3DH §3.3.
 */
export function initiate(
  profile: Profile,
  identity: Identity,
  bundle: Bundle,
  options: InitiateOptions,
): Session {
  checkIdentity(bundle.identityKey, options.expectedIdentityKey);
  checkBundle(profile, bundle);
  const base = generateKeyPair();
  const secrets = secretsOfInitiator(profile, identity, base.handle, bundle);
  base.privateKey.fill(0);
  return {
    profile,
    isInitiator: true,
    localIdentityKey: profile.encodeIdentity(identity),
    remoteIdentityKey: Buffer.from(bundle.identityKey),
    baseKey: base.publicKey,
    rootKey: rootKeyOf(profile, secrets),
    // Double Ratchet §3.3, RatchetInitAlice: the signed prekey is the responder's first ratchet key
    remoteRatchetKey: Buffer.from(profile.decodePublicKey(bundle.signedPreKey.publicKey)),
    sending: undefined,
    previousCounter: 0,
    receiving: [],
    pending: {
      registrationId: options.registrationId,
      preKeyId: bundle.preKey?.id,
      signedPreKeyId: bundle.signedPreKey.id,
    },
  };
}

/**
 * Takes a message apart that builds a session, without judging it: compare `identityKey` with the one known for the
 * sender, and ask `matches` whether a session with it exists.
 *
 * @throws MalformedMessage, MalformedKey
 */
export function readPreKeyMessage(profile: Profile, bytes: Uint8Array): PreKeyMessage {
  return { profile, ...profile.decodePreKeyMessage(Buffer.from(bytes)) };
}

/** What accepting a message that builds a session gives. */
export interface Accepted extends Received {
  /** The one-time prekey that the message used, to be erased in the same transaction. */
  readonly preKeyId: number | undefined;
}

/**
 * Builds the session of a message for which no existing one `matches`, and decrypts the message inside.
 *
 * @param expectedIdentityKey the key known for the sender, as published; undefined on first sight
 * @throws UntrustedIdentity, NoPreKey, MalformedKey, and all that `decrypt` throws. Source: X3DH §3.4.
 */
export function acceptPreKeyMessage(
  identity: Identity,
  own: OwnPreKeys,
  message: PreKeyMessage,
  expectedIdentityKey?: Uint8Array,
): Accepted {
  const { profile, preKeyId } = message;
  checkIdentity(message.identityKey, expectedIdentityKey);
  const { signedPreKey, preKey } = ownKeys(own, message);
  const secrets = secretsOfResponder(identity, signedPreKey, preKey, message);
  const session: Session = {
    profile,
    isInitiator: false,
    localIdentityKey: profile.encodeIdentity(identity),
    remoteIdentityKey: Buffer.from(message.identityKey),
    baseKey: Buffer.from(message.baseKey),
    rootKey: rootKeyOf(profile, secrets),
    remoteRatchetKey: Buffer.alloc(0),
    sending: undefined,
    previousCounter: 0,
    receiving: [],
    pending: undefined,
  };
  // Double Ratchet §3.3, RatchetInitBob: the signed prekey is the responder's first ratchet key
  return { ...receive(session, message.message, signedPreKey), preKeyId };
}

/** DH1 to DH4 as the initiator computes them. Source: X3DH §3.3. */
function secretsOfInitiator(profile: Profile, identity: Identity, base: KeyObject, bundle: Bundle): Buffer[] {
  const remoteIdentity = importPublicKey("X25519", profile.decodeIdentity(bundle.identityKey));
  const signedPreKey = importPublicKey("X25519", profile.decodePublicKey(bundle.signedPreKey.publicKey));
  const secrets = [
    agree(identity.agreement.handle, signedPreKey), // DH1 = DH(IK_A, SPK_B)
    agree(base, remoteIdentity), // DH2 = DH(EK_A, IK_B)
    agree(base, signedPreKey), // DH3 = DH(EK_A, SPK_B)
  ];
  if (!bundle.preKey) return secrets;
  const preKey = importPublicKey("X25519", profile.decodePublicKey(bundle.preKey.publicKey));
  return [...secrets, agree(base, preKey)]; // DH4 = DH(EK_A, OPK_B)
}

/** The same four from the other end. Source: X3DH §3.4. */
function secretsOfResponder(
  identity: Identity,
  signedPreKey: KeyObject,
  preKey: KeyObject | undefined,
  message: PreKeyMessage,
): Buffer[] {
  const remoteIdentity = importPublicKey("X25519", message.profile.decodeIdentity(message.identityKey));
  const base = importPublicKey("X25519", message.baseKey);
  const secrets = [
    agree(signedPreKey, remoteIdentity), // DH1
    agree(identity.agreement.handle, base), // DH2
    agree(signedPreKey, base), // DH3
  ];
  return preKey ? [...secrets, agree(preKey, base)] : secrets; // DH4
}

/** SK = KDF(DH1 || DH2 || DH3 || DH4). Source: X3DH §3.3, §2.2. */
function rootKeyOf(profile: Profile, secrets: readonly Buffer[]): Buffer {
  const input = Buffer.concat([DISTINCT, ...secrets]);
  for (const secret of secrets) secret.fill(0);
  const rootKey = hkdf(input, profile.infos.x3dh, 32);
  input.fill(0);
  return rootKey;
}

function ownKeys(
  own: OwnPreKeys,
  message: PreKeyMessage,
): { signedPreKey: KeyObject; preKey: KeyObject | undefined } {
  if (message.preKeyId === undefined && message.profile.isPreKeyMandatory) {
    throw new NoPreKey("the message uses no one-time prekey");
  }
  const signedPreKey = own.signedPreKey(message.signedPreKeyId);
  if (!signedPreKey)
    throw new NoPreKey("the message uses a signed prekey that is not ours or no longer kept");
  const preKey = message.preKeyId === undefined ? undefined : own.preKey(message.preKeyId);
  if (message.preKeyId !== undefined && !preKey) {
    throw new NoPreKey("the message uses a one-time prekey that is not ours or used up");
  }
  return {
    signedPreKey: importPrivateKey("X25519", signedPreKey.privateKey),
    preKey: preKey && importPrivateKey("X25519", preKey.privateKey),
  };
}

function checkIdentity(met: Uint8Array, expected: Uint8Array | undefined): void {
  if (!expected) return;
  if (met.length !== expected.length || !timingSafeEqual(met, expected))
    throw new UntrustedIdentity(Buffer.from(met));
}

function checkBundle(profile: Profile, { identityKey, signedPreKey, preKey }: Bundle): void {
  if (!preKey && profile.isPreKeyMandatory) throw new NoPreKey("the bundle has no one-time prekey");
  checkId(signedPreKey.id);
  if (preKey) checkId(preKey.id);
  // What is signed may still be no key
  profile.decodePublicKey(signedPreKey.publicKey);
  // X3DH §3.3: "Alice verifies the prekey signature and aborts the protocol if verification fails"
  if (!profile.verify(identityKey, signedPreKey.publicKey, signedPreKey.signature)) throw new BadSignature();
}

// What does not fit into a uint32 could be neither sent nor stored
function checkId(id: number): void {
  if (!Number.isInteger(id) || id < 0 || id > 0xffffffff)
    throw new MalformedKey("a prekey has an id that is no uint32");
}
