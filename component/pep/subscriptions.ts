import { StanzaError } from "../../src/errors.js";
import { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import { attribute, childElements, xml, type Element } from "../../src/xml.js";
import type { Context, IqRequest } from "../capability.js";
import type { ContactOperations } from "../contacts/store.js";
import { refusalError } from "../mailbox/service.js";
import type { Remote } from "../store/operations.js";
import { PUSHED_NODES } from "./nodes.js";
import type { Notifier } from "./notifier.js";

/** What subscribing needs. */
export type SubscriptionPorts = Pick<Context, "availability" | "config" | "numbers"> & {
  readonly contacts: Remote<ContactOperations>;
  readonly notifier: Pick<Notifier, "subscribe" | "unsubscribe">;
};

/**
 * Subscribes an app to a node of a number for as long as it is there.
 *
 * Apps ask for the device lists of people whose presence they do not have, and some read them only when they are
 * subscribed. Source: XEP-0060 §6.1, §6.2
 */
export class NodeSubscriptions {
  readonly #ports: SubscriptionPorts;

  constructor(ports: SubscriptionPorts) {
    this.#ports = ports;
  }

  /** @throws {StanzaError} `forbidden`, `bad-request`, `not-allowed`, `item-not-found`, `not-authorized`, `service-unavailable` */
  async take({ from, to, payload }: IqRequest): Promise<Element | undefined> {
    const { availability, config, contacts, notifier, numbers } = this.#ports;
    if (from.domain !== config.host.domain)
      throw new StanzaError("forbidden", "only accounts of this service may ask");
    const { isEnd, jid, node } = readRequest(payload, from);
    const app = from.toString();
    if (isEnd) {
      notifier.unsubscribe(app, to, node);
      return undefined;
    }
    const hash = numbers.hashOf(to);
    const { person, isBlocked } = (hash && (await contacts.acquaintance(from.bare, hash))) ?? {};
    if (!person) throw refusalError("no-such-number");
    // Of who shows itself nowhere the end would not be heard of; XEP-0060 §6.1.3.2
    if (!availability.isAvailable(app))
      throw new StanzaError("not-authorized", "this app has to show its presence to this service", {
        applicationCondition: "presence-subscription-required",
        applicationNamespace: NS.pubsubErrors,
      });
    // Whoever is blocked is not told of it
    if (isBlocked !== true) await notifier.subscribe(app, to, node);
    const subscription = xml("subscription", { node, jid, subscription: "subscribed" });
    return xml("pubsub", { xmlns: NS.pubsub }, subscription);
  }
}

interface Request {
  readonly isEnd: boolean;
  readonly jid: string;
  readonly node: string;
}

function readRequest(pubsub: Element, from: Jid): Request {
  const [asked] = childElements(pubsub);
  const isEnd = asked?.name === "unsubscribe";
  if (!asked || (!isEnd && asked.name !== "subscribe"))
    throw new StanzaError("service-unavailable", "a number's nodes can be read and subscribed to");
  const [jid = "", node = ""] = ["jid", "node"].map((name) => attribute(asked, name));
  // XEP-0060 §6.1.3.1
  if (Jid.tryParse(jid)?.bare !== from.bare)
    throw new StanzaError("bad-request", "an app subscribes itself", {
      applicationCondition: "invalid-jid",
      applicationNamespace: NS.pubsubErrors,
    });
  if (!PUSHED_NODES.some((known) => known.node === node))
    throw new StanzaError("not-allowed", "only OMEMO devices, names and pictures are told of");
  return { isEnd, jid, node };
}
