import type { EpochMs } from "../../../src/clock.js";
import { InvalidInput } from "../../../src/errors.js";
import { NS } from "../../../src/namespaces.js";
import type { TrustMessage } from "../../../src/trust-message.js";
import type { Fingerprint } from "../port.js";
import { type KeyReference, readKeyIdentifier } from "./key-identifier.js";
import { decide, type Person } from "./person.js";
import type { TrustSource } from "./policy.js";

/** An identity of somebody. */
export interface Endpoint {
  /** A bare JID. */
  readonly address: string;
  readonly fingerprint: Fingerprint;
}

/** What is said of the keys of one person. */
export interface Statement {
  /** The bare JID of the keys' owner. */
  readonly owner: string;
  readonly trusted: readonly Fingerprint[];
  readonly distrusted: readonly Fingerprint[];
}

/** What is to be sent: to one address, encrypted for these identities of it and no other. */
export interface Dispatch {
  readonly to: string;
  readonly recipients: readonly Fingerprint[];
  readonly statements: readonly Statement[];
}

/** The identities that are verified, after the decision that is to be told; this device is not among the own ones. */
export interface VerifiedIdentities {
  /** The own bare JID. */
  readonly own: string;
  readonly of: (address: string) => readonly Fingerprint[];
  /** Everybody else of whom an identity is verified. */
  readonly contacts: () => Iterable<readonly [address: string, verified: readonly Fingerprint[]]>;
}

/**
 * Whom a decision that the person just made is to be told, and what they are told.
 *
 * Only what the person decided is told: what was decided on another device's word tells nobody anything.
 * Source: XEP-0450 0.4 §4.
 *
 * @param decision keys that were not verified, or not distrusted, before
 */
export function announce(identities: VerifiedIdentities, decision: Statement): Dispatch[] {
  const dispatches =
    decision.owner === identities.own
      ? announceOwn(identities, decision)
      : announceContact(identities, decision);
  return dispatches.filter(
    ({ recipients, statements }) => recipients.length > 0 && statements.some(isNotEmpty),
  );
}

function announceContact({ own, of }: VerifiedIdentities, decision: Statement): Dispatch[] {
  const { owner, trusted } = decision;
  const ownVerified = of(own);
  return [
    // XEP-0450 0.4 §4.1.1.1, §4.4.1: to the own endpoints
    { to: own, recipients: ownVerified, statements: [decision] },
    // XEP-0450 0.4 §4.1.1.2: the own keys, to the endpoint that was authenticated
    { to: owner, recipients: trusted, statements: [trust(own, ownVerified)] },
  ];
}

function announceOwn({ own, of, contacts }: VerifiedIdentities, decision: Statement): Dispatch[] {
  const { trusted } = decision;
  const others = of(own).filter((one) => !trusted.includes(one));
  const people = [...contacts()];
  return [
    // XEP-0450 0.4 §4.2.1.1, §4.3.1: to every other endpoint, own or a contact's
    { to: own, recipients: others, statements: [decision] },
    ...people.map(([to, recipients]) => ({ to, recipients, statements: [decision] })),
    // XEP-0450 0.4 §4.2.1.2: all keys, to the endpoint that was authenticated
    {
      to: own,
      recipients: trusted,
      statements: [trust(own, others), ...people.map(([owner, keys]) => trust(owner, keys))].filter(
        isNotEmpty,
      ),
    },
  ];
}

function trust(owner: string, trusted: readonly Fingerprint[]): Statement {
  return { owner, trusted, distrusted: [] };
}

function isNotEmpty({ trusted, distrusted }: Statement): boolean {
  return trusted.length + distrusted.length > 0;
}

/** What another device says of one key. */
export interface Word {
  /** The bare JID of the key's owner. */
  readonly owner: string;
  readonly key: KeyReference;
  readonly level: "verified" | "distrusted";
  /** When it was said, by the clock of the device that said it, but not in the future. */
  readonly at: EpochMs;
}

/**
 * What a trust message says that its sender may say: an own device of everybody's keys, another person's device of
 * that person's. Nobody's word counts on the key of this device.
 *
 * Source: XEP-0450 0.4 §4.
 *
 * @param self this device
 * @param at when it was said, as the encrypted envelope has it
 */
export function wordsOf(
  message: TrustMessage,
  sender: Endpoint,
  self: Endpoint,
  { at, now }: { readonly at: EpochMs; readonly now: EpochMs },
): Word[] {
  if (message.usage !== NS.automaticTrust || sender.fingerprint === self.fingerprint) return [];
  const isOwn = sender.address === self.address;
  return message.keyOwners
    .filter(({ jid }) => isOwn || jid === sender.address)
    .flatMap(({ jid: owner, trusted, distrusted }) => {
      const say = (ids: readonly Uint8Array[], level: Word["level"]): Word[] =>
        ids
          .flatMap((id) => tryRead(message.encryption, id))
          .map((key) => ({ owner, key, level, at: Math.min(at, now) }));
      return [...say(trusted, "verified"), ...say(distrusted, "distrusted")];
    })
    .filter(({ owner, key }) => owner !== self.address || key.fingerprint !== self.fingerprint);
}

/**
 * Takes the word of a device that is authenticated; nothing when it says nothing new.
 *
 * XEP-0434 0.6 §5.2.1 has the time in the envelope so that the order of delivery decides nothing: the newest word
 * counts, whoever gave it, and of two of the same moment the one that distrusts. What was distrusted here or by an own
 * device is not trusted again on another person's word.
 *
 * @param by on whose word
 * @throws {InvalidInput} as {@link decide}
 */
export function believe(
  person: Person,
  { key, level, at }: Word,
  by: Extract<TrustSource, "own-device" | "contact-device">,
): Person | undefined {
  const known = person.identities.get(key.fingerprint);
  if (known && known.by !== "first-use") {
    if (known.level === level || at < known.at) return undefined;
    if (at === known.at && level === "verified") return undefined;
    const isOwnDistrust = known.level === "distrusted" && known.by !== "contact-device";
    if (isOwnDistrust && by === "contact-device") return undefined;
  }
  return decide(person, { ...key, level, by, at });
}

/** Identifiers of keys of an encryption that is not known here, or of no key, name nothing. */
function tryRead(encryption: string, id: Uint8Array): KeyReference[] {
  try {
    return [readKeyIdentifier(encryption, id)];
  } catch (error) {
    if (error instanceof InvalidInput) return [];
    throw error;
  }
}
