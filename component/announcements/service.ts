import { NS } from "../../src/namespaces.js";
import { writeNormal } from "../../src/payload.js";
import { xml } from "../../src/xml.js";
import type { Context } from "../capability.js";
import { messageOffers } from "../mailbox/offers.js";
import type { Remote } from "../store/operations.js";
import type { AnnouncementOperations, AnnouncementRow, Reach } from "./store.js";

/** People that an announcement goes to in a second: beside it everything else goes on. */
export const PEOPLE_A_SECOND = 50;
const TURN_MS = 1_000;

/**
 * Writes to everybody in the name of the service: plain text, from the component's own domain, through the mailboxes of
 * ordinary apps.
 */
export class Announcements {
  readonly #context: Context;
  readonly #store: Remote<AnnouncementOperations>;
  #cancelTurn: (() => void) | undefined;
  #isStopped = false;

  constructor(context: Context) {
    this.#context = context;
    this.#store = context.store.of<AnnouncementOperations>("announcements");
  }

  /** Whom an announcement would reach now. */
  reach(): Promise<Reach> {
    return this.#store.reach();
  }

  /** The last announcements, the newest first. */
  list(): Promise<AnnouncementRow[]> {
    return this.#store.announcements();
  }

  /** Begins an announcement, which then goes on by itself, also after a restart. @returns its id; `undefined` while one is under way */
  async begin(text: string): Promise<number | undefined> {
    const { clock, log } = this.#context;
    const payload = writeNormal(xml("body", { xmlns: NS.client }, text));
    const id = await this.#store.begin(payload, clock.now());
    if (id === undefined) return undefined;
    log.info({ announcement: id }, "an announcement begins");
    this.goOn();
    return id;
  }

  /** Ends the announcement under way where it is. Answers whether there was one. */
  async cancel(): Promise<boolean> {
    this.#context.log.info({}, "the announcement under way is ended by the admin");
    return this.#store.cancel(this.#context.clock.now());
  }

  /** Goes on with what is under way. */
  goOn(): void {
    if (this.#cancelTurn || this.#isStopped) return;
    this.#cancelTurn = this.#context.clock.after(0, () => void this.#turn());
  }

  /** Takes no further turn; the next start goes on. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTurn?.();
  }

  async #turn(): Promise<void> {
    const { clock, log } = this.#context;
    let isUnderWay = true;
    try {
      isUnderWay = await this.#announce();
    } catch (error) {
      log.error({ reason: (error as Error).message }, "an announcement could not go on; it is tried again");
    }
    this.#cancelTurn = undefined;
    if (isUnderWay && !this.#isStopped) this.#cancelTurn = clock.after(TURN_MS, () => void this.#turn());
  }

  async #announce(): Promise<boolean> {
    const { vault, clock, config, numbers, exchange } = this.#context;
    const announced = await this.#store.announceNext({
      sender: { hash: vault.hashLocalpart(""), sealed: vault.sealLocalpart("") },
      people: PEOPLE_A_SECOND,
      now: clock.now(),
      limits: config.mailbox,
    });
    for (const { id, payload, to, entries } of announced ?? []) {
      const message = { from: config.link.domain, to: numbers.jidOf(to), id, at: clock.now(), payload };
      exchange.offer(messageOffers(message, entries));
    }
    return announced !== undefined;
  }
}
