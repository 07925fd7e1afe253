import { NS } from "../../src/namespaces.js";
import type { Capability, CapabilityModule, Context } from "../capability.js";
import type { ContactOperations } from "../contacts/store.js";
import { Answers } from "../federation/answers.js";
import type { FederationOperations } from "../federation/store.js";
import type { MailboxOperations } from "../mailbox/store.js";
import type { ReceiptOperations } from "../receipts/store.js";
import type { Remote } from "../store/operations.js";
import { AppDelivery } from "./delivery.js";
import { AppHandler } from "./handler.js";
import type { AppOperations } from "./store.js";
import { Welcome } from "./welcome.js";

const DAY_MS = 86_400_000;

/** An app that was not seen for so long has no mailbox any more. */
const FORGET_AFTER_MS = 30 * DAY_MS;

/** What apps say of messages that the service itself wrote to them. Source: XEP-0184 §5.3, XEP-0333 §4 */
const NOTICES = [
  ["received", NS.receipts],
  ["displayed", NS.chatMarkers],
] as const;

/** Messages of ordinary XMPP apps, to and from numbers. Source: docs/admin.md "Ordinary apps" */
export const apps: CapabilityModule = {
  name: "apps",
  store: new URL("store.js", import.meta.url),
  create,
};

function create(context: Context): Capability {
  const { availability, events, exchange } = context;
  const store = context.store.of<AppOperations>("apps");
  const mailbox = context.store.of<MailboxOperations>("mailbox");
  const receipts = context.store.of<ReceiptOperations>("receipts");
  const contacts = context.store.of<ContactOperations>("contacts");
  const delivery: AppDelivery = new AppDelivery({
    context,
    // What arrived is noted, and once a session how far it came is asked: no message waits for the sync of that
    store: context.store.unhurried<AppOperations>("apps"),
    offerReceipts: (made) => handler.offerReceipts(made),
  });
  const answers = new Answers(context, context.store.of<FederationOperations>("federation"));
  const welcome = new Welcome(context, store, delivery);
  const handler = new AppHandler({
    context,
    store,
    mailbox,
    receipts,
    contacts,
    delivery,
    answerStranger: (...written) => answers.answer(...written),
    onSeen: (app) => welcome.takeAgain(app),
  });
  exchange.takeUnattached((offer) => delivery.offer(offer));
  events.onEntriesAdded((devices) => delivery.refresh(devices));
  events.onAccountGone((account) => {
    delivery.closeAccount(account);
    handler.forget(account);
  });
  availability.onAvailable((resource) => welcome.take(resource));
  availability.onUnavailable((fullJid) => {
    welcome.gone(fullJid);
    delivery.close(fullJid);
  });
  events.onNumberLinked((account) => welcome.takeAll(account));
  return {
    features: { number: [NS.receipts, NS.chatMarkers] },
    messages: NOTICES.map(([element, namespace]) => ({
      element,
      namespace,
      addressee: "component",
      handle: (message) => handler.take(message),
    })),
    numberMessage: (message) => handler.take(message),
    onNumberError: (message) => handler.bounced(message),
    jobs: [{ name: "forget apps", everyMs: DAY_MS, run: () => forgetApps(context, store, delivery) }],
    async stop() {
      welcome.stop();
      delivery.stop();
    },
  };
}

async function forgetApps(
  { clock }: Context,
  store: Remote<AppOperations>,
  delivery: AppDelivery,
): Promise<void> {
  const now = clock.now();
  await store.stillSeen(delivery.devices, now);
  while (await store.forgetUnseen(now - FORGET_AFTER_MS, now));
}
