import { StanzaError } from "../../src/errors.js";
import type { Jid } from "../../src/jid.js";
import { attribute, stanzaErrorElement, xml } from "../../src/xml.js";
import type { Block, Context, Stanza } from "../capability.js";
import type { Remote } from "../store/operations.js";
import { Buckets } from "../buckets.js";
import type { Changes } from "./changes.js";
import type { HostBlocks } from "./host-blocks.js";
import { peerSees, type Peer, type People, type Person } from "./people.js";
import { SETTLE_MS, type Presenter } from "./presenter.js";
import type { ContactOperations } from "./store.js";
import { SUBSCRIPTION_TYPES, type SubscriptionType } from "./subscription.js";

/** Numbers that one account may begin to subscribe to, those of nobody too: a phone book at once, then Quicksy's daily limit. */
const NEW_AT_ONCE = 1_000;
const NEW_A_DAY = 2_048;

/** Presences that one account may send to numbers that have not subscribed to it. */
const DIRECTED_AT_ONCE = 200;
const DIRECTED_A_DAY = 20_000;

/** Numbers that one app may show itself to beside those that subscribed. */
const MAX_DIRECTED = 200;

/** Who shows one number that an app has gone shows all of them, when it has: that is waited for. */
const LEAVE_AFTER_MS = 1_000;

/** What subscriptions need from their surroundings. */
export type SubscriptionPorts = Pick<
  Context,
  "availability" | "clock" | "config" | "events" | "link" | "log" | "numbers"
> & {
  readonly store: Remote<ContactOperations>;
  readonly people: People;
  readonly presenter: Presenter;
  readonly changes: Changes;
  readonly hostBlocks: HostBlocks;
};

/** To whom an app shows itself as this number. */
interface Directed {
  readonly numberJid: string;
  /** Number JIDs with their accounts. */
  readonly shownTo: Map<string, string>;
}

/** Takes what accounts send to numbers as presence: subscriptions, probes, directed presence. Source: RFC 6121 §3, §4 */
export class Subscriptions {
  readonly #ports: SubscriptionPorts;
  readonly #beginnings: Buckets;
  readonly #directions: Buckets;
  /** To whom apps (full JIDs) show themselves beside their subscribers. */
  readonly #directed = new Map<string, Directed>();

  constructor(ports: SubscriptionPorts) {
    this.#ports = ports;
    this.#beginnings = new Buckets(ports.clock, NEW_AT_ONCE, NEW_A_DAY);
    this.#directions = new Buckets(ports.clock, DIRECTED_AT_ONCE, DIRECTED_A_DAY);
    ports.availability.onUnavailable((appJid, isLost) => {
      // A server tells those last whom the app chose: by then nothing is known of them any more
      if (!isLost) return this.#leave(appJid);
      ports.clock.after(SETTLE_MS, () => {
        if (!ports.availability.isAvailable(appJid)) this.#leave(appJid);
      });
    });
    ports.events.onNumberBlocked((block) => this.#part(block));
  }

  /** Takes a presence to a number; what concerns accounts of other servers is refused. */
  async take(presence: Stanza): Promise<void> {
    const { from, to, type } = presence;
    const { config, presenter } = this.#ports;
    const isOurs = from.domain === config.host.domain && from.local !== "";
    if (!isOurs) return type === "subscribe" ? this.#reply(presence, "unsubscribed") : undefined;
    const change = SUBSCRIPTION_TYPES.find((known) => known === type);
    if (change) return this.#change(change, presence);
    if (type === "probe") return this.#probe(from, to, presence);
    if (!from.isFull) return;
    if (type === undefined) presenter.note(from, presence.element);
    if (type === undefined || type === "unavailable") await this.#direct(presence);
  }

  async #change(type: SubscriptionType, presence: Stanza): Promise<void> {
    const { from, to } = presence;
    const { numbers, store, clock, changes, events } = this.#ports;
    const toHash = numbers.hashOf(to);
    if (type === "subscribe" && !(await this.#mayBegin(from, to))) {
      const text = "you have asked for too many people; try again later";
      return this.#refuse(presence, new StanzaError("resource-constraint", text));
    }
    if (!toHash) return type === "subscribe" ? this.#reply(presence, "unsubscribed") : undefined;
    const outcome = await store.changeSubscription({ type, jid: from.bare, toHash, now: clock.now() });
    if (outcome.kind === "done") return changes.carryOut(outcome);
    if (type !== "subscribe") return;
    // RFC 6121 §3.1.3: a contact that does not exist
    if (outcome.kind === "nobody") return this.#reply(presence, "unsubscribed");
    if (outcome.kind === "no-number") {
      events.numberMissing(from.toString());
      const text = "link your phone number to this account first";
      return this.#refuse(presence, new StanzaError("registration-required", text));
    }
    this.#refuse(
      presence,
      new StanzaError("resource-constraint", "there are too many subscriptions already"),
    );
  }

  // The server repeats what is not answered at every login
  async #mayBegin(from: Jid, to: Jid): Promise<boolean> {
    const person = await this.#ports.people.byJid(from.bare);
    return (
      person?.byNumber.get(to.bare)?.fromPerson.isSubscribed === true || this.#beginnings.take(from.bare)
    );
  }

  async #probe(from: Jid, to: Jid, presence: Stanza): Promise<void> {
    const { people, presenter } = this.#ports;
    const person = await people.byNumber(to);
    const peer = person?.peers.get(from.bare);
    // RFC 6121 §4.3.2: the roster there believes in a subscription that is none
    if (!person || !peer?.toPerson.isSubscribed) return this.#reply(presence, "unsubscribed");
    const isSeen = peerSees("presence", person, peer);
    if (isSeen) return presenter.show(person, peer, from.toString());
    if (peer.toPerson.isTold) this.#reply(presence, "unavailable");
  }

  /** What one app of a person tells one number: for those that subscribed, part of what all are told. */
  async #direct({ from, to, type }: Stanza): Promise<void> {
    const { people, hostBlocks, clock, availability } = this.#ports;
    const person = await people.byJid(from.bare);
    if (!person) return;
    const peer = person.byNumber.get(to.bare);
    if (type === undefined && peer?.isBlocked) hostBlocks.suspect(person.jid, to.bare);
    if (!peer?.toPerson.isSubscribed) return this.#directToOther(person, from, to, type);
    if (type === undefined) return;
    // RFC 6121 §4.6.3: somebody is to see this app gone while it is there; so does a server whose user blocks that one
    clock.after(LEAVE_AFTER_MS, () => {
      if (!availability.resourcesOf(person.jid).some(({ jid }) => jid === from.toString())) return;
      this.#withdraw(person, peer, from.toString());
    });
  }

  #withdraw(person: Person, peer: Peer, appJid: string): void {
    const { presenter, hostBlocks } = this.#ports;
    if (peerSees("presence", person, peer)) presenter.withdraw(person, appJid, peer.jid);
    hostBlocks.suspect(person.jid, peer.numberJid);
  }

  /** An app has gone: those see it whom it had shown itself to. */
  #leave(appJid: string): void {
    const directed = this.#directed.get(appJid);
    if (!directed || !this.#directed.delete(appJid)) return;
    for (const viewer of directed.shownTo.values()) this.#ports.presenter.withdraw(directed, appJid, viewer);
  }

  // XEP-0191 §3.2: who blocks somebody is gone for that one; here neither sees the other
  #part({ by, blocked }: Block): void {
    for (const [one, other] of [
      [by, blocked],
      [blocked, by],
    ] as const) {
      for (const { jid } of this.#ports.availability.resourcesOf(one.jid)) {
        const directed = this.#directed.get(jid);
        if (directed?.shownTo.delete(other.numberJid))
          this.#ports.presenter.withdraw(directed, jid, other.jid);
      }
    }
  }

  // RFC 6121 §4.6: the person chose to be seen by this one, whoever else sees what
  async #directToOther(person: Person, from: Jid, to: Jid, type: string | undefined): Promise<void> {
    const { availability, presenter, store, numbers } = this.#ports;
    const shownTo = (): Directed["shownTo"] => this.#directed.get(from.toString())?.shownTo ?? new Map();
    if (type === "unavailable") {
      const known = shownTo().get(to.bare);
      shownTo().delete(to.bare);
      if (known !== undefined) presenter.withdraw(person, from.toString(), known);
      return;
    }
    const hash = numbers.hashOf(to);
    if (!hash || person.settings.presence === "nobody") return;
    if (shownTo().size >= MAX_DIRECTED || !this.#directions.take(from.bare)) return;
    const { person: other, isBlocked } = await store.acquaintance(from.bare, hash);
    if (!other || isBlocked || other.jid === person.jid || !availability.isAvailable(from.toString())) return;
    // As it is by now: the app may show itself to many at once
    const directed = { numberJid: person.numberJid, shownTo: shownTo().set(to.bare, other.jid) };
    this.#directed.set(from.toString(), directed);
    await presenter.direct(person, from.toString(), other.jid);
  }

  #reply({ from, to }: Stanza, type: "unavailable" | "unsubscribed"): void {
    this.#ports.link.send(xml("presence", { type, from: to.bare, to: from.bare }));
  }

  #refuse({ from, to, element }: Stanza, error: StanzaError): void {
    const head = { type: "error", from: to.bare, to: from.toString(), id: attribute(element, "id") };
    this.#ports.link.send(xml("presence", head, stanzaErrorElement(error)));
  }
}
