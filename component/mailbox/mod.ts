import { NS } from "../../src/namespaces.js";
import type { Capability, CapabilityModule, Context, IqRoute, MessageRoute } from "../capability.js";
import type { Numbers } from "../numbers.js";
import type { ReceiptContent, ReceiptOperations } from "../receipts/store.js";
import type { Remote } from "../store/operations.js";
import type { Content, ReadMailbox } from "./delivery-ports.js";
import { depthGauges } from "./depth.js";
import { Delivery } from "./delivery.js";
import { MailboxHandler } from "./handler.js";
import type { StoredEntry } from "./read-store.js";
import { Retention } from "./retention.js";
import type { MailboxOperations } from "./store.js";

/** The mailbox: submit, attach, deliver, acknowledge. Source: docs/protocol.md */
export const mailbox: CapabilityModule = {
  name: "mailbox",
  store: new URL("store.js", import.meta.url),
  create,
};

function create(context: Context): Capability {
  const { log, events, numbers } = context;
  const store = context.store.of<MailboxOperations>("mailbox");
  const receipts = context.store.of<ReceiptOperations>("receipts");
  const background = (work: Promise<unknown>): void => {
    work.catch((error: unknown) => {
      log.error({ reason: (error as Error).message }, "a mailbox could not be updated");
    });
  };
  const read = reader(store, numbers);
  const delivery = createDelivery(context, store, read, background);
  context.exchange.serve({
    isAttached: (fullJid) => delivery.sessionOf(fullJid) !== undefined,
    offer: (offers) => delivery.offer(offers),
    read,
  });
  const unhurried = context.store.unhurried<MailboxOperations>("mailbox");
  const handler = new MailboxHandler({ context, store, unhurried, receipts, delivery, numbers });
  const retention = new Retention(context, store, (made) => handler.offerReceipts(made));
  events.onAccountGone((accountJid) => {
    delivery.closeAccount(accountJid, "the number is no longer yours");
    background(retention.endOrphans());
  });
  // Those that are still bound attach again
  events.onDevicesGone((accountJid) => {
    delivery.closeAccount(accountJid, "a device was removed");
    background(retention.endOrphans());
  });
  events.onEntriesAdded((devices) => delivery.refresh(devices));
  context.metrics.refreshers.push(depthGauges(context, store));
  return {
    features: { component: [NS.mailbox] },
    iqs: iqRoutes(handler),
    messages: messageRoutes(handler),
    onPresence({ from, to, type }) {
      // RFC 6121 §4.6.3: unavailable to one number hides from that number; the device has not gone
      if (type === "unavailable" && to.local === "") delivery.close(from.toString());
    },
    jobs: retention.jobs,
    async start() {
      delivery.recall(await store.attached());
    },
    onOnline() {
      delivery.restart();
    },
    async stop() {
      delivery.stop();
    },
  };
}

function messageRoutes(handler: MailboxHandler): MessageRoute[] {
  const common = { namespace: NS.mailbox, addressee: "component" } as const;
  return [
    { ...common, element: "ack", handle: (message) => handler.acknowledge(message) },
    { ...common, element: "frame", handle: (message) => handler.submitFrame(message) },
    { ...common, element: "generation", handle: (message) => handler.confirm(message) },
  ];
}

function iqRoutes(handler: MailboxHandler): IqRoute[] {
  const common = { namespace: NS.mailbox, addressee: "component" } as const;
  return [
    { ...common, type: "get", element: "challenge", handle: (request) => handler.challenge(request) },
    { ...common, type: "set", element: "attach", handle: (request) => handler.attach(request) },
    { ...common, type: "set", element: "detach", handle: (request) => handler.detach(request) },
    { ...common, type: "set", element: "submit", handle: (request) => handler.submit(request) },
  ];
}

function createDelivery(
  context: Context,
  store: Remote<MailboxOperations>,
  read: ReadMailbox,
  background: (work: Promise<unknown>) => void,
): Delivery {
  const { config, clock, log, metrics, link } = context;
  return new Delivery({
    domain: config.link.domain,
    link,
    clock,
    log,
    metrics,
    windowEntries: config.mailbox.windowEntries,
    read,
    onHeadInVain: (device, seq) => background(store.countHead(device, seq)),
    onUnattached: (offer) => context.exchange.unattached(offer),
    onClosed: (device, fullJid) => background(store.detach(device, fullJid)),
  });
}

function reader(store: Pick<Remote<MailboxOperations>, "read">, numbers: Numbers): ReadMailbox {
  return async (device, after, maxEntries, maxBytes) => {
    const entries = await store.read(device, after, maxEntries, maxBytes);
    return entries.map((entry) => {
      const { seq, sizeBytes } = entry;
      return { device, seq, sizeBytes, content: contentOf(entry, numbers) };
    });
  };
}

function contentOf({ at, message, receipt }: StoredEntry, numbers: Numbers): Content {
  if (message) {
    const { id, payload, resource } = message;
    const [from, to] = [numbers.jidOf(message.from), numbers.jidOf(message.to)];
    return { kind: "message", from, to, id, at, payload, resource: resource ?? undefined };
  }
  if (!receipt) throw new TypeError("an entry holds a message or a receipt");
  const content = JSON.parse(receipt.json) as ReceiptContent;
  const device = content.deviceId ?? undefined;
  return {
    kind: "receipt",
    state: content.state,
    from: numbers.jidOf(receipt.from),
    device,
    at: content.at,
    ids: content.ids,
  };
}
