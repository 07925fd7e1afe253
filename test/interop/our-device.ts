import { randomBytes } from "node:crypto";
import {
  acceptPreKeyMessage,
  decryptWithAny,
  encrypt,
  generatePreKeys,
  generateSignedPreKey,
  initiate,
  matches,
  MAX_SESSIONS,
  NoSession,
  parseSession,
  readPreKeyMessage,
  restoreIdentity,
  serialiseSession,
} from "../../sdk/ratchet/mod.js";
import type {
  Bundle,
  Identity,
  PreKey,
  Profile,
  Received,
  Session,
  SignedPreKey,
} from "../../sdk/ratchet/mod.js";
import type { Party, Refusals, WireMessage } from "./party.js";

const PRE_KEYS = 3;
const REGISTRATION_ID = 27183;

/** What stands in the store: everything as text. */
interface Saved {
  readonly seed: string;
  readonly signedPreKey: Record<keyof Omit<SignedPreKey, "id">, string>;
  readonly preKeys: readonly {
    readonly id: number;
    readonly privateKey: string;
    readonly publicKey: string;
  }[];
  /** Newest first. */
  readonly sessions: readonly string[];
}

const toText = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const toBytes = (text: string) => Buffer.from(text, "base64");

/** The sign of the identity's Edwards point. */
export type Sign = 0 | 1;

/** Whose sign this is can be seen in 2 on the identity key, in 0.3 only on a signature. */
export function signOf(profile: Profile, { identityKey, signedPreKey }: Bundle): Sign {
  const bearer = profile.identityKeySizeBytes === 32 ? identityKey[31] : signedPreKey.signature[63];
  return (bearer ?? 0) >> 7 === 1 ? 1 : 0;
}

/** A device over our ratchet: an archive of sessions, kept as bytes, of which the one that was used last stands in front. */
export class OurDevice implements Party {
  readonly refusals: Refusals = {
    duplicate: "duplicate-message",
    badMac: "bad-mac",
    usedPreKey: "no-pre-key",
    weakKey: "malformed-key",
    noPreKey: "no-pre-key",
    forgedBundle: "bad-signature",
  };
  readonly profile: Profile;
  #identity: Identity;
  #signedPreKey: SignedPreKey;
  #preKeys: readonly PreKey[];
  #sessions: readonly Uint8Array[] = [];

  /** @param sign of its identity */
  constructor(profile: Profile, sign: Sign = 0) {
    this.profile = profile;
    this.#identity = identityOfSign(sign);
    this.#signedPreKey = generateSignedPreKey(profile, this.#identity, 1);
    this.#preKeys = generatePreKeys(profile, 1, PRE_KEYS);
  }

  async bundle(preKeyId?: number): Promise<Bundle> {
    return {
      identityKey: this.profile.encodeIdentity(this.#identity),
      signedPreKey: this.#signedPreKey,
      preKey: this.#preKeys.find(({ id }) => id === preKeyId),
    };
  }

  async initiate(bundle: Bundle): Promise<void> {
    this.#keep(initiate(this.profile, this.#identity, bundle, { registrationId: REGISTRATION_ID }));
  }

  async encrypt(plaintext: Uint8Array): Promise<WireMessage> {
    const [current] = this.#sessions;
    if (!current) throw new NoSession();
    const { session, message, isPreKeyMessage } = encrypt(parseSession(current), plaintext);
    this.#keep(session, 0);
    return { message, isPreKeyMessage };
  }

  async decrypt({ message, isPreKeyMessage }: WireMessage): Promise<Buffer> {
    if (isPreKeyMessage) return this.#decryptPreKeyMessage(message);
    const { session, plaintext, index } = decryptWithAny(this.#opened(), message);
    this.#keep(session, index);
    return plaintext;
  }

  /** How many one-time prekeys are left. */
  get preKeysLeft(): number {
    return this.#preKeys.length;
  }

  async save(): Promise<string> {
    const { privateKey, publicKey, signature } = this.#signedPreKey;
    const saved: Saved = {
      seed: toText(this.#identity.seed),
      signedPreKey: {
        privateKey: toText(privateKey),
        publicKey: toText(publicKey),
        signature: toText(signature),
      },
      preKeys: this.#preKeys.map((each) => ({
        id: each.id,
        privateKey: toText(each.privateKey),
        publicKey: toText(each.publicKey),
      })),
      sessions: this.#sessions.map(toText),
    };
    return JSON.stringify(saved);
  }

  async load(text: string): Promise<void> {
    const { seed, signedPreKey, preKeys, sessions } = JSON.parse(text) as Saved;
    this.#identity = restoreIdentity(toBytes(seed));
    this.#signedPreKey = {
      id: this.#signedPreKey.id,
      privateKey: toBytes(signedPreKey.privateKey),
      publicKey: toBytes(signedPreKey.publicKey),
      signature: toBytes(signedPreKey.signature),
    };
    this.#preKeys = preKeys.map(({ id, privateKey, publicKey }) => ({
      id,
      privateKey: toBytes(privateKey),
      publicKey: toBytes(publicKey),
    }));
    this.#sessions = sessions.map(toBytes);
  }

  async restart(): Promise<void> {
    await this.load(await this.save());
  }

  async stop(): Promise<void> {
    this.#sessions = [];
  }

  #decryptPreKeyMessage(bytes: Uint8Array): Buffer {
    const message = readPreKeyMessage(this.profile, bytes);
    const known = this.#opened().findIndex((session) => matches(session, message));
    if (known !== -1) {
      const { session, plaintext } = decryptWithAny([this.#opened()[known]!], message.message);
      this.#keep(session, known);
      return plaintext;
    }
    const accepted = this.#accept(message);
    this.#preKeys = this.#preKeys.filter(({ id }) => id !== accepted.preKeyId);
    this.#keep(accepted.session);
    return accepted.plaintext;
  }

  #accept(message: ReturnType<typeof readPreKeyMessage>): Received & { preKeyId: number | undefined } {
    const own = {
      signedPreKey: (id: number) => (id === this.#signedPreKey.id ? this.#signedPreKey : undefined),
      preKey: (preKeyId: number) => this.#preKeys.find(({ id }) => id === preKeyId),
    };
    return acceptPreKeyMessage(this.#identity, own, message);
  }

  #opened(): Session[] {
    return this.#sessions.map((bytes) => parseSession(bytes));
  }

  /** Puts the session in front, in the place of the stored one that it goes on from. */
  #keep(session: Session, replaced = -1): void {
    const others = this.#sessions.filter((_, index) => index !== replaced);
    this.#sessions = [serialiseSession(session), ...others].slice(0, MAX_SESSIONS);
  }
}

function identityOfSign(sign: Sign): Identity {
  for (;;) {
    const identity = restoreIdentity(randomBytes(32));
    if ((identity.signing.publicKey[31] ?? 0) >> 7 === sign) return identity;
  }
}
