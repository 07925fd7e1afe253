import type { Jid } from "../../src/jid.js";
import { escapeXML, type Element } from "../../src/xml.js";
import type { Resource } from "../availability/availability.js";
import type { Context } from "../capability.js";
import { Turns } from "../turns.js";
import { peerSees, type Peer, type People, type Person } from "./people.js";
import { capsElement } from "./presented-features.js";
import {
  presentPresence,
  readExtras,
  type PresenceExtras,
  type PresentedPresence,
} from "./presented-presence.js";
import type { Sightings } from "./sightings.js";

/** Resources of one account that others are shown; more has nobody in earnest. */
const MAX_RESOURCES = 12;

/** An app's features are waited for so long before its presence is told without them. */
const FEATURES_WAIT_MS = 3_000;

/** Who has gone may be back at once, on a phone that changes networks. */
const GONE_AFTER_MS = 1_000;

/** After the link came up everybody is asked for anew, and nobody counts as gone before. */
export const SETTLE_MS = 20_000;

/** Presences written before others have their turn, and before it is seen whether the server takes them. */
const BATCH = 250;

/** People told of at once: each is read with everybody who has to do with that one. */
const TELLING_AT_ONCE = 4;

const NO_EXTRAS: PresenceExtras = { idleSince: undefined, photo: undefined };

/** What the presenter needs from its surroundings. */
export type PresenterPorts = Pick<Context, "availability" | "clock" | "link" | "log" | "numbers"> & {
  readonly people: People;
  readonly sightings: Sightings;
};

/**
 * Shows people's presence to those who see it, from their number JIDs.
 *
 * What is told is written anew from what is known; the same is not told twice. Source: RFC 6121 §4
 */
export class Presenter {
  readonly #ports: PresenterPorts;
  readonly #extras = new Map<string, PresenceExtras>();
  /** What was last told of a resource (full JID), as its text. */
  readonly #told = new Map<string, string>();
  /** Resources being told of now; true when something changed meanwhile. */
  readonly #telling = new Map<string, boolean>();
  readonly #caps = new WeakMap<ReadonlySet<string>, Element>();
  readonly #turns = new Turns(TELLING_AT_ONCE);
  #linkedAtMs = Number.NEGATIVE_INFINITY;

  constructor(ports: PresenterPorts) {
    this.#ports = ports;
    ports.availability.onAvailable(({ jid }) => this.#changed(jid));
    ports.availability.onUnavailable((jid) => {
      const account = bareOf(jid);
      if (ports.availability.resourcesOf(account).length === 0) ports.sightings.lost(account);
      ports.clock.after(GONE_AFTER_MS, () => this.#gone(jid));
    });
  }

  /** Notes what a presence says beyond availability. */
  note(from: Jid, presence: Element): void {
    const extras = readExtras(presence);
    const isPlain = extras.idleSince === undefined && extras.photo === undefined;
    if (isPlain) this.#extras.delete(from.toString());
    else this.#extras.set(from.toString(), extras);
  }

  /** The link is up: who does not come back within a while has gone. */
  settle(): void {
    this.#linkedAtMs = this.#ports.clock.monotonicMs();
  }

  /** Shows somebody a person's presence now, or that it is not seen (any more). @param viewer bare or full JID */
  async show(person: Person, peer: Peer, viewer: string = peer.jid): Promise<void> {
    const { availability } = this.#ports;
    if (!peerSees("presence", person, peer)) return this.hide(person, viewer);
    const resources = availability.resourcesOf(person.jid).slice(0, MAX_RESOURCES);
    if (resources.length === 0) return this.#sendUnavailable(person.numberJid, viewer);
    for (const { jid } of resources) {
      const presented = this.#present(jid, await this.#featuresOf(jid));
      if (presented) this.#sendAvailable(person, peer, jid, presented, viewer);
    }
  }

  /** Shows a person as gone. @param viewer bare or full JID */
  hide({ jid, numberJid }: Pick<Person, "jid" | "numberJid">, viewer: string): void {
    const { availability, numbers } = this.#ports;
    for (const resource of availability.resourcesOf(jid))
      this.#sendUnavailable(numbers.appJid(numberJid, resource.jid), viewer);
    this.#sendUnavailable(numberJid, viewer);
  }

  /** Shows one app of a person to somebody whom that person chose. Source: RFC 6121 §4.6 */
  async direct(person: Person, appJid: string, viewer: string): Promise<void> {
    const presented = this.#present(appJid, await this.#featuresOf(appJid));
    if (!presented) return;
    const from = this.#ports.numbers.appJid(person.numberJid, appJid);
    this.#send(presenceXml(from, viewer, presented.common));
  }

  /** Shows one app of a person as gone. */
  withdraw({ numberJid }: Pick<Person, "numberJid">, appJid: string, viewer: string): void {
    this.#sendUnavailable(this.#ports.numbers.appJid(numberJid, appJid), viewer);
  }

  /** Shows all who see a person's presence that nobody is there. */
  async showGone(person: Person): Promise<void> {
    await this.#broadcast(person, ({ jid }) => this.#sendUnavailable(person.numberJid, jid));
  }

  #changed(jid: string): void {
    // Whoever has many contacts tells each of them: the component hears all of it and acts once
    if (this.#telling.has(jid)) return void this.#telling.set(jid, true);
    this.#telling.set(jid, false);
    this.#tellWhile(jid).catch((error: unknown) => {
      this.#told.delete(jid);
      this.#ports.log.warn({ reason: (error as Error).message }, "a presence could not be shown");
    });
  }

  async #tellWhile(jid: string): Promise<void> {
    try {
      do {
        this.#telling.set(jid, false);
        await this.#tell(jid);
      } while (this.#telling.get(jid));
    } finally {
      this.#telling.delete(jid);
    }
  }

  async #tell(jid: string): Promise<void> {
    const features = await this.#featuresOf(jid);
    if (this.#isNews(jid, this.#present(jid, features)))
      await this.#turns.take(() => this.#tellAll(jid, features));
  }

  async #tellAll(jid: string, features: ReadonlySet<string> | undefined): Promise<void> {
    const person = await this.#read(bareOf(jid));
    // As it is now: the line may have been long, and what the link loses is told after it has come up
    const presented = this.#present(jid, features);
    if (!person || !presented || !this.#isNews(jid, presented)) return;
    this.#ports.sightings.note(person.jid, true);
    this.#told.set(jid, textOf(presented));
    await this.#broadcast(person, (peer) => this.#sendAvailable(person, peer, jid, presented, peer.jid));
  }

  #isNews(jid: string, presented: PresentedPresence | undefined): boolean {
    return presented !== undefined && this.#ports.link.isOnline && this.#told.get(jid) !== textOf(presented);
  }

  #gone(jid: string): void {
    const { availability, clock, log } = this.#ports;
    if (this.#resource(jid)) return;
    const waitMs = this.#linkedAtMs + SETTLE_MS - clock.monotonicMs();
    if (waitMs > 0) return void clock.after(waitMs, () => this.#gone(jid));
    if (this.#telling.has(jid)) return void clock.after(GONE_AFTER_MS, () => this.#gone(jid));
    this.#extras.delete(jid);
    if (!this.#told.delete(jid)) return;
    const account = bareOf(jid);
    if (availability.resourcesOf(account).length === 0) this.#ports.sightings.note(account, false);
    this.#turns
      .take(() => this.#tellGone(account, jid))
      .catch((error: unknown) => {
        log.warn({ reason: (error as Error).message }, "it could not be shown that somebody has gone");
      });
  }

  async #tellGone(account: string, jid: string): Promise<void> {
    const person = await this.#read(account);
    if (!person) return;
    const from = this.#ports.numbers.appJid(person.numberJid, jid);
    await this.#broadcast(person, (peer) => {
      // Back meanwhile: what was told of that is newer
      if (!this.#told.has(jid)) this.#sendUnavailable(from, peer.jid);
    });
  }

  /** While everybody is told, who is remembered would only push out another before being needed again. */
  async #read(account: string): Promise<Person | undefined> {
    const { people } = this.#ports;
    return await (this.#turns.isCrowded ? people.glance(account) : people.byJid(account));
  }

  async #broadcast(person: Person, tell: (peer: Peer) => void): Promise<void> {
    const { availability, link } = this.#ports;
    let written = 0;
    for (const peer of person.peers.values()) {
      if (!peer.toPerson.isSubscribed || !peerSees("presence", person, peer)) continue;
      if (availability.resourcesOf(peer.jid).length === 0) continue;
      tell(peer);
      written += 1;
      if (written % BATCH === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    }
    // A server that takes less than is told it must not be told more: what does not fit would be lost
    if (written > 0) await link.drained();
  }

  #present(jid: string, features: ReadonlySet<string> | undefined): PresentedPresence | undefined {
    const resource = this.#resource(jid);
    return (
      resource &&
      presentPresence(resource, this.#extras.get(jid) ?? NO_EXTRAS, features && this.#capsOf(features))
    );
  }

  #resource(jid: string): Resource | undefined {
    return this.#ports.availability.resourcesOf(bareOf(jid)).find((resource) => resource.jid === jid);
  }

  #capsOf(features: ReadonlySet<string>): Element {
    const known = this.#caps.get(features) ?? capsElement(features);
    this.#caps.set(features, known);
    return known;
  }

  async #featuresOf(jid: string): Promise<ReadonlySet<string> | undefined> {
    const { availability, clock } = this.#ports;
    let isLate = false;
    let cancel = (): void => undefined;
    const late = new Promise<undefined>((resolve) => {
      cancel = clock.after(FEATURES_WAIT_MS, () => {
        isLate = true;
        resolve(undefined);
      });
    });
    const features = availability.featuresOf(jid).then((found) => {
      cancel();
      if (isLate && found) this.#changed(jid);
      return found;
    });
    return await Promise.race([features, late]);
  }

  #sendAvailable(
    person: Person,
    peer: Peer,
    appJid: string,
    { common, idle, photo }: PresentedPresence,
    viewer: string,
  ): void {
    const from = this.#ports.numbers.appJid(person.numberJid, appJid);
    const seen = peerSees("lastSeen", person, peer) ? idle : "";
    const pictured = peerSees("profile", person, peer) ? photo : "";
    this.#send(presenceXml(from, viewer, `${common}${seen}${pictured}`));
  }

  #sendUnavailable(from: string, to: string): void {
    this.#send(`<presence type='unavailable' from='${escapeXML(from)}' to='${escapeXML(to)}'/>`);
  }

  #send(presence: string): void {
    if (this.#ports.link.isOnline) this.#ports.link.send(presence);
  }
}

function textOf({ common, idle, photo }: PresentedPresence): string {
  return `${common}${idle}${photo}`;
}

function presenceXml(from: string, to: string, children: string): string {
  return `<presence from='${escapeXML(from)}' to='${escapeXML(to)}'>${children}</presence>`;
}

function bareOf(fullJid: string): string {
  const slash = fullJid.indexOf("/");
  return slash < 0 ? fullJid : fullJid.slice(0, slash);
}
