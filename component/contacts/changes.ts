import { escapeXML } from "../../src/xml.js";
import type { Addresses, Context } from "../capability.js";
import type { Party } from "./pair-store.js";
import type { People } from "./people.js";
import type { Presenter } from "./presenter.js";
import type { SubscriptionType, Visibility } from "./subscription.js";

/** Something that changed between two persons, committed already. */
export interface PairChange {
  readonly me: Party;
  readonly other: Party;
  readonly tellMe: readonly SubscriptionType[];
  readonly tellThem: readonly SubscriptionType[];
  readonly before: Visibility;
  readonly after: Visibility;
}

/** What carrying out a change needs. */
export type ChangePorts = Pick<Context, "events" | "link" | "numbers"> & {
  readonly people: People;
  readonly presenter: Presenter;
};

/** Carries out what a committed change means for two persons: what they are told, and what they see. */
export class Changes {
  readonly #ports: ChangePorts;

  constructor(ports: ChangePorts) {
    this.#ports = ports;
  }

  /** Tells both. RFC 6121 §3.2.2: who loses sight of somebody sees that one go first; who gains it is told first. */
  async carryOut({ me, other, tellMe, tellThem, before, after }: PairChange): Promise<void> {
    this.#ports.people.forget(me.jid, other.jid);
    if (before.theySeeMe && !after.theySeeMe) this.#hide(me, other);
    if (before.iSeeThem && !after.iSeeThem) this.#hide(other, me);
    for (const type of tellMe) this.tell(other, me.jid, type);
    for (const type of tellThem) this.tell(me, other.jid, type);
    const isToldAnew = tellMe.includes("subscribed") && after.iSeeThem;
    if (isToldAnew || (after.iSeeThem && !before.iSeeThem)) await this.show(other, me);
    if (after.theySeeMe && !before.theySeeMe) await this.show(me, other);
    this.#tellSight(me, other.jid);
    this.#tellSight(other, me.jid);
  }

  /** As {@link carryOut}, after one blocked the other: what was chosen to be shown without a subscription ends too. */
  async carryOutBlock(change: PairChange): Promise<void> {
    const [by, blocked] = [this.#addressesOf(change.me), this.#addressesOf(change.other)];
    this.#ports.events.numberBlocked({ by, blocked });
    await this.carryOut(change);
  }

  /** Sends a subscription stanza in a person's name. @param to bare JID of an account */
  tell(from: Party, to: string, type: SubscriptionType): void {
    const { link, numbers } = this.#ports;
    if (!link.isOnline) return;
    link.send(
      `<presence type='${type}' from='${escapeXML(numbers.jidOf(from.number))}' to='${escapeXML(to)}'/>`,
    );
  }

  /** Shows somebody the presence of a person, as it is now. */
  async show(whom: Party, viewer: Party): Promise<void> {
    const { people, presenter } = this.#ports;
    const person = await people.byJid(whom.jid);
    const peer = person?.peers.get(viewer.jid);
    if (person && peer) await presenter.show(person, peer);
  }

  #hide(whom: Party, viewer: Party): void {
    this.#ports.presenter.hide(this.#addressesOf(whom), viewer.jid);
  }

  #tellSight(of: Party, by: string): void {
    this.#ports.events.sightChanged(this.#addressesOf(of), by);
  }

  #addressesOf({ jid, number }: Party): Addresses {
    return { jid, numberJid: this.#ports.numbers.jidOf(number) };
  }
}
