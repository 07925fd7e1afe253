import type { Clock } from "../../../src/clock.js";
import { InvalidInput } from "../../../src/errors.js";
import type { TrustMessage } from "../../../src/trust-message.js";
import type { Transaction, View } from "../../storage/port.js";
import type { Fingerprint } from "../port.js";
import {
  announce,
  believe,
  type Dispatch,
  type Endpoint,
  type VerifiedIdentities,
  type Word,
  wordsOf,
} from "./automatic.js";
import type { KeyReference } from "./key-identifier.js";
import { keepPending, takePending } from "./pending.js";
import { decide, hasRoomForDecision, type Person, verifiedOf } from "./person.js";
import type { TrustLevel, TrustSource } from "./policy.js";
import { people, readPerson, writePerson } from "./records.js";

/** Who decides. */
export interface Decider {
  /** This device: its own bare number JID and identity. */
  readonly self: Endpoint;
  readonly clock: Clock;
}

/** An identity that got another level. */
export interface TrustChange extends Endpoint {
  readonly level: TrustLevel;
  readonly by: TrustSource;
}

/** What follows from a decision of the person at this device. */
export interface Decided {
  /** What changed: by the decision itself, and by what was waiting for it. */
  readonly changes: readonly TrustChange[];
  /** What other devices are to be told of it. */
  readonly dispatches: readonly Dispatch[];
}

/** What a person may decide on an identity: `trusted` is to accept it without having compared it. */
export interface UserDecision extends KeyReference {
  readonly level: TrustLevel;
}

/**
 * Carries out what the person at this device decided on identities of somebody.
 *
 * Deciding the same again changes nothing and tells nobody anything.
 *
 * @throws {InvalidInput} when it is about this device itself, or the person has too many identities; nothing has
 *   been written then
 */
export function decideByUser(
  { self, clock }: Decider,
  transaction: Transaction,
  address: string,
  decisions: readonly UserDecision[],
): Decided {
  if (decisions.some(({ fingerprint }) => address === self.address && fingerprint === self.fingerprint)) {
    throw new InvalidInput("a device does not decide on itself");
  }
  const before = readPerson(transaction, address);
  const news = decisions.filter(({ fingerprint, level }) => {
    const known = before.identities.get(fingerprint);
    return known ? known.level !== level || known.by !== "user" : level !== "undecided";
  });
  const at = clock.now();
  const after = news.reduce<Person>((person, one) => decide(person, { ...one, by: "user", at }), before);
  if (news.length > 0) writePerson(transaction, address, after);
  const become = (wanted: TrustLevel): Fingerprint[] =>
    news
      .filter(
        ({ fingerprint, level }) => level === wanted && before.identities.get(fingerprint)?.level !== level,
      )
      .map(({ fingerprint }) => fingerprint);
  const decision = { owner: address, trusted: become("verified"), distrusted: become("distrusted") };
  const isTold = decision.trusted.length + decision.distrusted.length > 0;
  const dispatches = isTold ? announce(verifiedIdentities(transaction, self.address), decision) : [];
  const changes = news.map(({ fingerprint, level }) => ({
    address,
    fingerprint,
    level,
    by: "user" as const,
  }));
  return { changes: [...changes, ...release(transaction, self, changes)], dispatches };
}

/**
 * Takes a trust message: what an authenticated device says is believed at once, what another says when it has been
 * authenticated, and what a distrusted one says never.
 *
 * Nothing is told to anybody because of it.
 *
 * @param at when it was sent, as the encrypted envelope has it
 * Source: XEP-0450 0.4 §4, §5.1.
 */
export function receiveTrustMessage(
  { self, clock }: Decider,
  transaction: Transaction,
  sender: Endpoint,
  message: TrustMessage,
  at: number,
): TrustChange[] {
  const words = wordsOf(message, sender, self, { at, now: clock.now() });
  const level = readPerson(transaction, sender.address).identities.get(sender.fingerprint)?.level;
  if (level === "distrusted") return [];
  if (level !== "verified") {
    keepPending(transaction, sender, words, sender.address === self.address);
    return [];
  }
  const changes = take(transaction, self, sender, words);
  return [...changes, ...release(transaction, self, changes)];
}

/** What follows once identities have another level: the words of those that are verified now, and theirs, and so on. */
function release(transaction: Transaction, self: Endpoint, because: readonly TrustChange[]): TrustChange[] {
  const changes: TrustChange[] = [];
  const queue = [...because];
  // It ends, as what a device left is taken out once
  for (let change = queue.shift(); change; change = queue.shift()) {
    if (change.level !== "verified" && change.level !== "distrusted") continue;
    const words = takePending(transaction, change);
    const isAuthenticated =
      readPerson(transaction, change.address).identities.get(change.fingerprint)?.level === "verified";
    if (!isAuthenticated) continue;
    const taken = take(transaction, self, change, words);
    changes.push(...taken);
    queue.push(...taken);
  }
  return changes;
}

/** Believes words of an authenticated device. Keys that there is no room for stay what they are. */
function take(
  transaction: Transaction,
  self: Endpoint,
  sender: Endpoint,
  words: readonly Word[],
): TrustChange[] {
  const by = sender.address === self.address ? "own-device" : "contact-device";
  const changes: TrustChange[] = [];
  for (const owner of new Set(words.map((word) => word.owner))) {
    let person = readPerson(transaction, owner);
    const count = changes.length;
    for (const word of words.filter((one) => one.owner === owner)) {
      if (!hasRoomForDecision(person, word.key.fingerprint)) continue;
      const next = believe(person, word, by);
      if (!next) continue;
      person = next;
      changes.push({ address: owner, fingerprint: word.key.fingerprint, level: word.level, by });
    }
    if (changes.length > count) writePerson(transaction, owner, person);
  }
  return changes;
}

function verifiedIdentities(view: View, own: string): VerifiedIdentities {
  return {
    own,
    of: (address) => verifiedOf(readPerson(view, address)),
    *contacts() {
      for (const [address, person] of people(view)) {
        const verified = address === own ? [] : verifiedOf(person);
        if (verified.length > 0) yield [address, verified];
      }
    },
  };
}
