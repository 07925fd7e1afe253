import { StanzaError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import { NS, OMEMO_BUNDLE_NODE_PREFIX, OMEMO_DEVICE_LIST_NODE } from "../../src/namespaces.js";
import { attribute, childElements, xml, type Element } from "../../src/xml.js";
import type { AccountOperations } from "../accounts/store.js";
import type { Context, IqRequest } from "../capability.js";
import { refusalError } from "../mailbox/service.js";
import type { Remote } from "../store/operations.js";

/** How long the account's server may take. */
const TIMEOUT_MS = 10_000;

/** What the proxy needs from its surroundings. */
export type BundlePorts = Pick<Context, "config" | "link" | "numbers"> & {
  readonly accounts: Remote<AccountOperations>;
};

/**
 * Reads the OMEMO nodes of the account behind a number for somebody who knows only the number.
 *
 * Only these nodes, only reading, only for accounts of this service; the request goes out from the component's
 * own address, so the account does not learn who asked, and the asker does not learn the account.
 * Source: XEP-0384 0.3 §4, XEP-0060 §6.5
 */
export class BundleProxy {
  readonly #ports: BundlePorts;

  constructor(ports: BundlePorts) {
    this.#ports = ports;
  }

  /** Answers a request for items at a number JID. @throws {StanzaError} `forbidden`, `item-not-found`, `not-allowed` */
  async items({ from, to, payload }: IqRequest): Promise<Element> {
    const { config, link, numbers, accounts } = this.#ports;
    if (from.domain !== config.host.domain)
      throw new StanzaError("forbidden", "only accounts of this service may ask");
    const node = readNode(payload);
    const hash = numbers.hashOf(to);
    const account = hash && (await accounts.findByNumber(hash));
    if (!account) throw refusalError("no-such-number");
    const request = xml("pubsub", { xmlns: NS.pubsub }, xml("items", { node }));
    const iq = xml("iq", { type: "get", id: newId(), from: config.link.domain, to: account.jid }, request);
    const answer = await this.#ask(link, iq);
    const items = answer.getChild("pubsub", NS.pubsub)?.getChild("items");
    if (!items || attribute(items, "node") !== node) throw notFound();
    return xml("pubsub", { xmlns: NS.pubsub }, xml("items", { node }, ...copyItems(items)));
  }

  async #ask(link: BundlePorts["link"], iq: Element): Promise<Element> {
    try {
      return await link.request(iq, { timeoutMs: TIMEOUT_MS });
    } catch (error) {
      // What the account's server says could tell who is behind the number
      if (error instanceof StanzaError && error.type !== "wait") throw notFound();
      throw new StanzaError("remote-server-timeout", "the keys cannot be fetched at the moment", {
        cause: error,
      });
    }
  }
}

// XEP-0060 §6.5.2: one <items/> that names the node; a request for one item answers the same
function readNode(pubsub: Element): string {
  const [items, ...others] = childElements(pubsub);
  const node = items && attribute(items, "node");
  if (!items || others.length > 0 || items.name !== "items" || node === undefined) {
    throw new StanzaError("not-allowed", "only the items of a node can be read here");
  }
  const isBundle =
    node.startsWith(OMEMO_BUNDLE_NODE_PREFIX) &&
    /^\d{1,10}$/.test(node.slice(OMEMO_BUNDLE_NODE_PREFIX.length));
  if (node !== OMEMO_DEVICE_LIST_NODE && !isBundle) {
    throw new StanzaError("not-allowed", "only OMEMO device lists and bundles can be read here");
  }
  return node;
}

// Publisher attributes would give the account away
function copyItems(items: Element): Element[] {
  return items
    .getChildren("item")
    .map((item) => xml("item", { id: attribute(item, "id") }, ...childElements(item)));
}

function notFound(): StanzaError {
  return new StanzaError("item-not-found", "there are no keys under this number");
}
