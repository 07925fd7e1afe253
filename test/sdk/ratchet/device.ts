import {
  acceptPreKeyMessage,
  axolotl,
  decrypt,
  encrypt,
  generateIdentity,
  generatePreKeys,
  generateSignedPreKey,
  initiate,
  matches,
  omemo2,
  parseSession,
  readPreKeyMessage,
  restoreIdentity,
  serialiseSession,
} from "../../../sdk/ratchet/mod.js";
import type { Bundle, Identity, PreKey, Profile, SignedPreKey } from "../../../sdk/ratchet/mod.js";

/** What every test of the ratchet itself holds for. */
export const PROFILES: readonly Profile[] = [axolotl, omemo2];

/** A message on its way. */
export interface WireMessage {
  readonly isPreKeyMessage: boolean;
  readonly message: Uint8Array;
}

/** A device with one peer that keeps its session only as bytes, as a caller with a store does. */
export class Device {
  readonly identity: Identity;
  readonly profile: Profile;
  readonly signedPreKey: SignedPreKey;
  readonly preKeys: Map<number, PreKey>;
  /** The stored session. */
  stored: Uint8Array | undefined;

  /** @param profile OMEMO 0.3 if not given @param identity drawn if not given */
  constructor(profile: Profile = axolotl, identity: Identity = generateIdentity()) {
    this.profile = profile;
    this.identity = identity;
    this.signedPreKey = generateSignedPreKey(profile, identity, 1);
    this.preKeys = new Map(generatePreKeys(profile, 1, 3).map((preKey) => [preKey.id, preKey]));
  }

  /** Its bundle, with this one-time prekey or none. */
  bundle(preKeyId?: number): Bundle {
    return {
      identityKey: this.profile.encodeIdentity(this.identity),
      signedPreKey: this.signedPreKey,
      preKey: preKeyId === undefined ? undefined : this.preKeys.get(preKeyId),
    };
  }

  /** Begins a session. */
  initiate(bundle: Bundle): void {
    const options = { registrationId: 27183 };
    this.stored = serialiseSession(initiate(this.profile, this.identity, bundle, options));
  }

  /** Encrypts and stores. */
  encrypt(plaintext: Uint8Array): WireMessage {
    const { session, message, isPreKeyMessage } = encrypt(parseSession(this.#session()), plaintext);
    this.stored = serialiseSession(session);
    return { message, isPreKeyMessage };
  }

  /** Decrypts and stores; a message that begins a session is accepted if it is not of the session there is. */
  decrypt({ message, isPreKeyMessage }: WireMessage): Buffer {
    const received = isPreKeyMessage
      ? this.#receivePreKeyMessage(message)
      : decrypt(parseSession(this.#session()), message);
    this.stored = serialiseSession(received.session);
    return received.plaintext;
  }

  #receivePreKeyMessage(bytes: Uint8Array) {
    const message = readPreKeyMessage(this.profile, bytes);
    const session = this.stored && parseSession(this.stored);
    if (session && matches(session, message)) return decrypt(session, message.message);
    const own = {
      signedPreKey: (id: number) => (id === this.signedPreKey.id ? this.signedPreKey : undefined),
      preKey: (id: number) => this.preKeys.get(id),
    };
    const accepted = acceptPreKeyMessage(this.identity, own, message);
    if (accepted.preKeyId !== undefined) this.preKeys.delete(accepted.preKeyId);
    return accepted;
  }

  #session(): Uint8Array {
    if (!this.stored) throw new Error("there is no session");
    return this.stored;
  }
}

/** Two devices; the first has begun a session with the second and has had an answer. */
export function connectedDevices(profile: Profile = axolotl): [Device, Device] {
  const juliet = new Device(profile);
  const romeo = new Device(profile);
  juliet.initiate(romeo.bundle(1));
  romeo.decrypt(juliet.encrypt(Buffer.from("wherefore")));
  juliet.decrypt(romeo.encrypt(Buffer.from("art")));
  return [juliet, romeo];
}

/** An identity whose Edwards point has this sign, from seeds counted up. */
export function identityOfSign(sign: 0 | 1): Identity {
  for (let first = 0; ; first++) {
    const identity = restoreIdentity(Buffer.alloc(32, first));
    if ((identity.signing.publicKey[31] ?? 0) >> 7 === sign) return identity;
  }
}
