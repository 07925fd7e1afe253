import { StanzaError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import {
  NS,
  OMEMO2_BUNDLES_NODE,
  OMEMO2_DEVICE_LIST_NODE,
  OMEMO_BUNDLE_NODE_PREFIX,
  OMEMO_DEVICE_LIST_NODE,
} from "../../src/namespaces.js";
import { attribute, childElements, xml, type Element } from "../../src/xml.js";
import type { AccountOperations } from "../accounts/store.js";
import type { Context, IqRequest } from "../capability.js";
import { refusalError } from "../mailbox/service.js";
import type { Remote } from "../store/operations.js";

/** How long the account's server may take. */
const TIMEOUT_MS = 10_000;

/**
 * Items in one answer: three of the largest that a server lets a client publish (256 KiB) still make a stanza that the
 * component's own stream can take. Whoever writes to somebody asks for one.
 */
const MAX_ITEMS = 3;

/** Bytes of one item: a bundle of 500 prekeys has about 50,000. */
const MAX_ITEM_BYTES = 64 * 1024;

/** What the proxy needs from its surroundings. */
export type BundlePorts = Pick<Context, "config" | "link" | "numbers"> & {
  readonly accounts: Remote<AccountOperations>;
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

  constructor(ports: BundlePorts) {
    this.#ports = ports;
  }

  /** Answers a request for items at a number JID. @throws {StanzaError} `forbidden`, `item-not-found`, `not-allowed`, `policy-violation` */
  async items({ from, to, payload }: IqRequest): Promise<Element> {
    const { config, link, numbers, accounts } = this.#ports;
    if (from.domain !== config.host.domain)
      throw new StanzaError("forbidden", "only accounts of this service may ask");
    const asked = readItems(payload);
    const hash = numbers.hashOf(to);
    const account = hash && (await accounts.findByNumber(hash));
    if (!account) throw refusalError("no-such-number");
    const request = xml("pubsub", { xmlns: NS.pubsub }, itemsElement(asked));
    const iq = xml("iq", { type: "get", id: newId(), from: config.link.domain, to: account.jid }, request);
    const answer = await this.#ask(link, iq);
    const found = copyItems(answer.getChild("pubsub", NS.pubsub)?.getChild("items"), asked.node);
    return xml("pubsub", { xmlns: NS.pubsub }, xml("items", { node: asked.node }, ...found));
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

/** What is asked for: some items of a node by their ids, or its newest ones. */
interface AskedItems {
  readonly node: string;
  readonly ids: readonly string[];
  readonly maxItems: number;
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
  const isBundle =
    node.startsWith(OMEMO_BUNDLE_NODE_PREFIX) && isId(node.slice(OMEMO_BUNDLE_NODE_PREFIX.length));
  if (!isBundle && node !== OMEMO_DEVICE_LIST_NODE && node !== OMEMO2_DEVICE_LIST_NODE) {
    throw new StanzaError("not-allowed", "only OMEMO device lists and bundles can be read here");
  }
  // In these nodes every item replaces the one before, under whichever id
  return { node, ids: [], maxItems: 1 };
}

// XEP-0060 §6.5.8
function readItemIds(items: Element): string[] {
  const ids = items.getChildren("item").map((item) => attribute(item, "id") ?? "");
  if (!ids.every(isId)) throw new StanzaError("not-allowed", "a bundle is named by a device id");
  if (ids.length > MAX_ITEMS) {
    throw new StanzaError("policy-violation", `at most ${MAX_ITEMS} bundles can be read at once`);
  }
  return ids;
}

function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text);
}

function itemsElement({ node, ids, maxItems }: AskedItems): Element {
  if (ids.length > 0) return xml("items", { node }, ...ids.map((id) => xml("item", { id })));
  // XEP-0060 §6.5.7
  return xml("items", { node, max_items: maxItems });
}

// Publisher attributes would give the account away
function copyItems(items: Element | undefined, node: string): Element[] {
  if (!items || attribute(items, "node") !== node) throw notFound();
  const copies = items
    .getChildren("item")
    .slice(0, MAX_ITEMS)
    .map((item) => xml("item", { id: attribute(item, "id") }, ...childElements(item)))
    .filter((item) => Buffer.byteLength(item.toString()) <= MAX_ITEM_BYTES);
  if (copies.length === 0) throw notFound();
  return copies;
}

function notFound(): StanzaError {
  return new StanzaError("item-not-found", "there are no keys under this number");
}
