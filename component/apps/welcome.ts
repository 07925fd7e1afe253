import { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import type { Resource } from "../availability/availability.js";
import type { Context } from "../capability.js";
import type { Remote } from "../store/operations.js";
import type { AppDelivery } from "./delivery.js";
import type { AppOperations } from "./store.js";

/** Opens the mailboxes of apps that come online. */
export class Welcome {
  readonly #context: Context;
  readonly #store: Pick<Remote<AppOperations>, "seen">;
  readonly #delivery: AppDelivery;

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

  async #open({ jid, account }: Resource): Promise<void> {
    const { availability, clock } = this.#context;
    const features = await availability.featuresOf(jid);
    // An app answers what it can do; a device that opens its mailbox itself says so, or has done so
    if (!features || features.has(NS.mailbox) || this.#isServed(jid)) return;
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

  #isServed(fullJid: string): boolean {
    return this.#context.exchange.isAttached(fullJid) || this.#delivery.sessionOf(fullJid) !== undefined;
  }
}
