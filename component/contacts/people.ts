import type { Clock } from "../../src/clock.js";
import type { Jid } from "../../src/jid.js";
import type { Numbers } from "../numbers.js";
import type { Remote } from "../store/operations.js";
import type { StoredPerson } from "./people-store.js";
import { openPeer } from "./stored-peer.js";
import { sees, type Aspect, type PrivacySettings, type Relation, type SightFacts } from "./sight.js";
import type { ContactOperations } from "./store.js";

/** Persons remembered, and all who have to do with them together: some hundred bytes each. */
const MAX_PEOPLE = 10_000;
const MAX_PEERS = 50_000;

/** What is remembered is read anew after this long. */
const KEEP_MS = 60_000;

/** Somebody who has to do with a {@link Person}. */
export interface Peer {
  /** Bare JID of the account, and of the number. */
  readonly jid: string;
  readonly numberJid: string;
  /** How the peer stands to the person, and the other way round; when it was asked is left out. */
  readonly toPerson: Relation;
  readonly fromPerson: Relation;
  readonly isBlocked: boolean;
}

/** A person with everybody who has to do with that one. */
export interface Person {
  /** Bare JID of the account, and of the number. */
  readonly jid: string;
  readonly numberJid: string;
  readonly settings: PrivacySettings;
  /** By the bare JIDs of their accounts. */
  readonly peers: ReadonlyMap<string, Peer>;
  /** The same by their number JIDs. */
  readonly byNumber: ReadonlyMap<string, Peer>;
}

interface Known {
  readonly person: Person;
  readonly until: number;
}

/** Whether one who has to do with a person sees something of that one. */
export function peerSees(aspect: Aspect, person: Person, peer: Peer): boolean {
  const { toPerson, fromPerson, isBlocked } = peer;
  const facts: SightFacts = { isSelf: false, settings: person.settings, toPerson, fromPerson, isBlocked };
  return sees(aspect, facts);
}

/** Persons and who sees them, remembered so that a change of presence reads nothing. */
export class People {
  readonly #clock: Clock;
  readonly #numbers: Numbers;
  readonly #store: Remote<ContactOperations>;
  readonly #known = new Map<string, Known>();
  readonly #jidOfNumber = new Map<string, string>();
  /** How often something was forgotten: what was read before that is not remembered. */
  #changes = 0;
  #peers = 0;

  constructor(clock: Clock, numbers: Numbers, store: Remote<ContactOperations>) {
    this.#clock = clock;
    this.#numbers = numbers;
    this.#store = store;
  }

  /** The person with this account (bare JID). */
  async byJid(jid: string): Promise<Person | undefined> {
    return this.#find(jid) ?? (await this.#read(() => this.#store.personByJid(jid)));
  }

  /** The same, remembered only if it was before: for when many are read one after the other. */
  async glance(jid: string): Promise<Person | undefined> {
    const stored = this.#find(jid) ?? (await this.#store.personByJid(jid));
    return stored && ("party" in stored ? this.#open(stored) : stored);
  }

  /** The person behind a number. */
  async byNumber(number: Jid): Promise<Person | undefined> {
    const jid = this.#jidOfNumber.get(number.bare);
    const known = jid === undefined ? undefined : this.#find(jid);
    const hash = this.#numbers.hashOf(number);
    return known ?? (hash && (await this.#read(() => this.#store.personByNumber(hash))));
  }

  /** What is remembered of these accounts (bare JIDs) does not hold any more. */
  forget(...jids: readonly string[]): void {
    this.#changes += 1;
    for (const jid of jids) this.#drop(jid);
  }

  #find(jid: string): Person | undefined {
    const known = this.#known.get(jid);
    if (!known) return undefined;
    if (known.until > this.#clock.monotonicMs()) return known.person;
    this.#drop(jid);
    return undefined;
  }

  async #read(read: () => Promise<StoredPerson | undefined>): Promise<Person | undefined> {
    const changes = this.#changes;
    const stored = await read();
    if (!stored) return undefined;
    const person = this.#open(stored);
    if (changes === this.#changes) this.#keep(person);
    return person;
  }

  #open({ party, settings, peers }: StoredPerson): Person {
    const opened = peers.map((stored): Peer => {
      const { number, jid, toPerson, fromPerson, isBlocked } = openPeer(stored);
      return { jid, numberJid: this.#numbers.jidOf(number), toPerson, fromPerson, isBlocked };
    });
    return {
      jid: party.jid,
      numberJid: this.#numbers.jidOf(party.number),
      settings,
      peers: new Map(opened.map((peer) => [peer.jid, peer])),
      byNumber: new Map(opened.map((peer) => [peer.numberJid, peer])),
    };
  }

  #keep(person: Person): void {
    this.#drop(person.jid);
    for (const [oldest] of this.#known) {
      if (this.#known.size < MAX_PEOPLE && this.#peers + person.peers.size <= MAX_PEERS) break;
      this.#drop(oldest);
    }
    this.#known.set(person.jid, { person, until: this.#clock.monotonicMs() + KEEP_MS });
    this.#jidOfNumber.set(person.numberJid, person.jid);
    this.#peers += person.peers.size;
  }

  #drop(jid: string): void {
    const known = this.#known.get(jid);
    if (!known) return;
    this.#known.delete(jid);
    if (this.#jidOfNumber.get(known.person.numberJid) === jid)
      this.#jidOfNumber.delete(known.person.numberJid);
    this.#peers -= known.person.peers.size;
  }
}
