import { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import type { Resource } from "../availability/availability.js";
import { ASK_AGAIN_MS } from "../availability/features.js";
import type { Context } from "../capability.js";
import type { Remote } from "../store/operations.js";
import type { AppDelivery } from "./delivery.js";
import type { AppOperations } from "./store.js";

/** A timer may end a moment too soon. */
const TIMER_SLACK_MS = 1_000;

/** Opens the mailboxes of apps that come online. */
export class Welcome {
  readonly #context: Context;
  readonly #store: Pick<Remote<AppOperations>, "seen">;
  readonly #delivery: AppDelivery;
  /** Ends the wait until an app (full JID) is asked again that did not answer. */
  readonly #silent = new Map<string, () => void>();

  constructor(context: Context, store: Pick<Remote<AppOperations>, "seen">, delivery: AppDelivery) {
    this.#context = context;
    this.#store = store;
    this.#delivery = delivery;
  }

  /** A resource is there: if it is an app of somebody with a number, what waits for it goes. */
  take(resource: Resource): void {
    if (this.#isServed(resource.jid)) return;
    this.#open(resource).catch((error: unknown) => {
      this.#context.log.error({ reason: (error as Error).message }, "an app's mailbox could not be opened");
    });
  }

  /** A resource (full JID) has gone. */
  gone(fullJid: string): void {
    this.#silent.get(fullJid)?.();
    this.#silent.delete(fullJid);
  }

  /** Every resource of an account (bare JID), after a number was linked to it. */
  takeAll(account: string): void {
    for (const resource of this.#context.availability.resourcesOf(account)) this.take(resource);
  }

  /** An app that did not answer what it can do is asked again when it writes. */
  takeAgain(app: Jid): void {
    const fullJid = app.toString();
    const resource = this.#context.availability.resourcesOf(app.bare).find(({ jid }) => jid === fullJid);
    if (resource) this.take(resource);
  }

  /** Ends all timers. */
  stop(): void {
    for (const cancel of this.#silent.values()) cancel();
    this.#silent.clear();
  }

  async #open(app: Resource): Promise<void> {
    const { availability, clock } = this.#context;
    const { jid, account } = app;
    const features = await availability.featuresOf(jid);
    if (!features) return this.#askLater(app);
    // An app answers what it can do; a device that opens its mailbox itself says so, or has done so
    if (features.has(NS.mailbox) || this.#isServed(jid)) return;
    const { resource } = Jid.parse(jid);
    const opened = await this.#store.seen({ account, resource, now: clock.now() });
    const isStillThere = availability.resourcesOf(account).some((one) => one.jid === jid);
    if (!opened || !isStillThere || this.#isServed(jid)) return;
    const [givesReceipts, answersPings] = [features.has(NS.receipts), features.has(NS.ping)];
    const numberJid = this.#context.numbers.jidOf(opened.number);
    this.#delivery.open({
      device: opened.device,
      fullJid: jid,
      account,
      numberJid,
      givesReceipts,
      answersPings,
    });
  }

  // The phone of a connection that waits to be resumed sleeps, and nothing says when it wakes up; XEP-0198 §5
  #askLater(app: Resource): void {
    const { availability, clock } = this.#context;
    this.gone(app.jid);
    if (!availability.isAvailable(app.jid)) return;
    const again = (): void => {
      this.#silent.delete(app.jid);
      this.take(app);
    };
    this.#silent.set(app.jid, clock.after(ASK_AGAIN_MS + TIMER_SLACK_MS, again));
  }

  #isServed(fullJid: string): boolean {
    return this.#context.exchange.isAttached(fullJid) || this.#delivery.sessionOf(fullJid) !== undefined;
  }
}
