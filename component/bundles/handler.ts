import { StanzaError } from "../../src/errors.js";
import {
  NS,
  OMEMO2_BUNDLES_NODE,
  OMEMO2_DEVICE_LIST_NODE,
  OMEMO_DEVICE_LIST_NODE,
} from "../../src/namespaces.js";
import { attribute, childElements, xml, type Element } from "../../src/xml.js";
import type { AccountOperations } from "../accounts/store.js";
import type { Context, IqRequest } from "../capability.js";
import { refusalError } from "../mailbox/service.js";
import type { ContactOperations } from "../contacts/store.js";
import type { Remote } from "../store/operations.js";
import { AccountNodes, bundleId, isDeviceId, MAX_ITEMS, type AskedItems } from "./account-nodes.js";
import { presentProfileItems, readProfileItems } from "./profile-nodes.js";

/** What the proxy needs from its surroundings. */
export type BundlePorts = Pick<Context, "config" | "link" | "numbers"> & {
  readonly accounts: Remote<AccountOperations>;
  readonly contacts: Remote<ContactOperations>;
};

/**
 * Reads the OMEMO nodes of the account behind a number for somebody who knows only the number.
 *
 * Only these nodes, only reading, only for accounts of this service; the request goes out from the component's
 * own address, so the account does not learn who asked, and the asker does not learn the account.
 * Source: XEP-0384 0.3 §4, XEP-0384 0.8 §5.3, XEP-0060 §6.5
 */
export class BundleProxy {
  readonly #ports: BundlePorts;
  readonly #nodes: AccountNodes;

  constructor(ports: BundlePorts) {
    this.#ports = ports;
    this.#nodes = new AccountNodes(ports.link, ports.config.link.domain);
  }

  /** Answers a request for items at a number JID. @throws {StanzaError} `forbidden`, `item-not-found`, `not-allowed`, `policy-violation` */
  async items(request: IqRequest): Promise<Element> {
    const { from, to, payload } = request;
    const { config, numbers, accounts } = this.#ports;
    if (from.domain !== config.host.domain)
      throw new StanzaError("forbidden", "only accounts of this service may ask");
    const profile = readProfileItems(payload);
    if (profile) return this.#profile(request, profile);
    const asked = readItems(payload);
    // Whoever is blocked reads keys all the same: that nothing can be encrypted any more would tell of the block
    const hash = numbers.hashOf(to);
    const account = hash && (await accounts.findByNumber(hash));
    if (!account) throw refusalError("no-such-number");
    const found = await this.#nodes.read(account.jid, asked);
    return xml("pubsub", { xmlns: NS.pubsub }, xml("items", { node: asked.node }, ...found));
  }

  // Name and picture are for those whom the person shows them to
  async #profile({ from, to }: IqRequest, asked: AskedItems): Promise<Element> {
    const { numbers, contacts } = this.#ports;
    const hash = numbers.hashOf(to);
    const { asker, person, isBlocked, sees } = (hash && (await contacts.acquaintance(from.bare, hash))) ?? {};
    if (!asker)
      throw new StanzaError("registration-required", "link your phone number to this account first");
    if (!person || isBlocked) throw refusalError("no-such-number");
    if (!sees?.profile) throw new StanzaError("item-not-found", "there is nothing to be seen");
    const found = await this.#nodes.read(person.jid, asked);
    const items = presentProfileItems(asked.node, found, to.bare, person.jid);
    return xml("pubsub", { xmlns: NS.pubsub }, xml("items", { node: asked.node }, ...items));
  }
}

// XEP-0060 §6.5.2: one <items/> that names the node
function readItems(pubsub: Element): AskedItems {
  const [items, ...others] = childElements(pubsub);
  const node = items && attribute(items, "node");
  if (!items || others.length > 0 || items.name !== "items" || node === undefined) {
    throw new StanzaError("not-allowed", "only the items of a node can be read here");
  }
  // XEP-0384 0.8 §5.3.2: all bundles are in one node, each in the item named by its device id
  if (node === OMEMO2_BUNDLES_NODE) return { node, ids: readItemIds(items), maxItems: MAX_ITEMS };
  if (bundleId(node) === undefined && node !== OMEMO_DEVICE_LIST_NODE && node !== OMEMO2_DEVICE_LIST_NODE) {
    throw new StanzaError("not-allowed", "only OMEMO keys, names and pictures can be read here");
  }
  // In these nodes every item replaces the one before, under whichever id
  return { node, ids: [], maxItems: 1 };
}

// XEP-0060 §6.5.8
function readItemIds(items: Element): string[] {
  const ids = items.getChildren("item").map((item) => attribute(item, "id") ?? "");
  if (!ids.every(isDeviceId)) throw new StanzaError("not-allowed", "a bundle is named by a device id");
  if (ids.length > MAX_ITEMS) {
    throw new StanzaError("policy-violation", `at most ${MAX_ITEMS} bundles can be read at once`);
  }
  return ids;
}
