import {
  acceptPreKeyMessage,
  decrypt,
  decryptWithAny,
  encrypt,
  generatePreKeys,
  generateSignedPreKey,
  initiate,
  matches,
  MAX_SESSIONS,
  parseSession,
  readPreKeyMessage,
  serialiseSession,
} from "../../sdk/ratchet/mod.js";
import type { Identity, PreKey, Profile, Received } from "../../sdk/ratchet/mod.js";
import type { WireMessage } from "../sdk/ratchet/device.js";

/** The keys of a party, made once: a party is made for each script. */
export interface PartyKeys {
  readonly profile: Profile;
  readonly identity: Identity;
  readonly signedPreKey: PreKey & { readonly signature: Uint8Array };
  readonly preKeys: readonly PreKey[];
}

/** Keys with this many one-time prekeys. */
export function partyKeys(profile: Profile, identity: Identity, preKeys: number): PartyKeys {
  return {
    profile,
    identity,
    signedPreKey: generateSignedPreKey(profile, identity, 1),
    preKeys: generatePreKeys(profile, 1, preKeys),
  };
}

/** One device that keeps every session with its one peer as bytes, newest first, and lives through a restart at every step. */
export class Party {
  readonly keys: PartyKeys;
  readonly preKeys: Map<number, PreKey>;
  sessions: readonly Buffer[] = [];

  /** @param keys shared between parties, never changed */
  constructor(keys: PartyKeys) {
    this.keys = keys;
    this.preKeys = new Map(keys.preKeys.map((preKey) => [preKey.id, preKey]));
  }

  /** Begins a session with one of the peer's prekeys that nobody has used, and puts it in front. */
  initiate(peer: Party, preKey: PreKey): void {
    const { profile, identity } = this.keys;
    const identityKey = profile.encodeIdentity(peer.keys.identity);
    const bundle = { identityKey, signedPreKey: peer.keys.signedPreKey, preKey };
    const session = initiate(profile, identity, bundle, { registrationId: 27183 });
    this.#store([serialiseSession(session), ...this.sessions]);
  }

  /** Encrypts in the newest session. */
  send(plaintext: Uint8Array): WireMessage {
    const [newest, ...others] = this.sessions;
    if (!newest) throw new Error("there is no session");
    const { session, message, isPreKeyMessage } = encrypt(parseSession(newest), plaintext);
    this.#store([serialiseSession(session), ...others]);
    return { message, isPreKeyMessage };
  }

  /** Decrypts as a caller with an archive does; the session that opened it comes in front. */
  receive({ message, isPreKeyMessage }: WireMessage): Buffer {
    const { index, session, plaintext } = isPreKeyMessage
      ? this.#receivePreKeyMessage(message)
      : decryptWithAny(this.sessions.map(parseSession), message);
    const others = this.sessions.filter((_, at) => at !== index);
    this.#store([serialiseSession(session), ...others]);
    return plaintext;
  }

  #receivePreKeyMessage(bytes: Uint8Array): Received & { readonly index: number } {
    const message = readPreKeyMessage(this.keys.profile, bytes);
    const sessions = this.sessions.map(parseSession);
    const index = sessions.findIndex((session) => matches(session, message));
    const known = sessions[index];
    if (known) return { ...decrypt(known, message.message), index };
    const own = {
      signedPreKey: (id: number) => (id === 1 ? this.keys.signedPreKey : undefined),
      preKey: (id: number) => this.preKeys.get(id),
    };
    const accepted = acceptPreKeyMessage(this.keys.identity, own, message);
    if (accepted.preKeyId !== undefined) this.preKeys.delete(accepted.preKeyId);
    return { ...accepted, index };
  }

  #store(sessions: readonly Buffer[]): void {
    this.sessions = sessions.slice(0, MAX_SESSIONS);
  }
}
