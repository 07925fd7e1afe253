import { StanzaError } from "../../src/errors.js";
import { NS, OMEMO_BUNDLE_NODE_PREFIX, OMEMO_DEVICE_LIST_NODE } from "../../src/namespaces.js";
import { attribute, childElements, xml, type Element } from "../../src/xml.js";
import type { Sender } from "../capability.js";

/** How long the account's server may take. */
const TIMEOUT_MS = 10_000;

/**
 * Items in one answer: three of the largest that a server lets a client publish (256 KiB) still make a stanza that the
 * component's own stream can take. Whoever writes to somebody asks for one.
 */
export const MAX_ITEMS = 3;

/** Bytes of one item: a bundle of 500 prekeys has about 50,000. */
const MAX_ITEM_BYTES = 64 * 1024;

/** Devices of a list that is made of bundles. */
const MAX_BUNDLES = 32;

/** What is asked for: some items of a node by their ids, or its newest ones. */
export interface AskedItems {
  readonly node: string;
  readonly ids: readonly string[];
  readonly maxItems: number;
  /** Bytes of one item, where it is not what keys may have. */
  readonly maxItemBytes?: number;
}

/** Reads nodes of accounts, from the component's own address. Source: XEP-0060 §6.5 */
export class AccountNodes {
  readonly #link: Sender;
  readonly #domain: string;

  /** @param domain the component's own: the account does not learn who asked */
  constructor(link: Sender, domain: string) {
    this.#link = link;
    this.#domain = domain;
  }

  /**
   * The items as they were published, without their publishers.
   *
   * @param account bare JID
   * @throws {StanzaError} `item-not-found`, and `remote-server-timeout` when it may be there later
   */
  async read(account: string, asked: AskedItems): Promise<Element[]> {
    try {
      return await this.#items(account, asked);
    } catch (error) {
      const isMissing = error instanceof StanzaError && error.condition === "item-not-found";
      if (asked.node !== OMEMO_DEVICE_LIST_NODE || !isMissing) throw error;
      return [await this.#listOfBundles(account)];
    }
  }

  async #items(account: string, asked: AskedItems): Promise<Element[]> {
    const request = xml("pubsub", { xmlns: NS.pubsub }, itemsElement(asked));
    const iq = xml("iq", { type: "get", from: this.#domain, to: account }, request);
    const answer = await this.#ask(iq);
    return copyItems(answer.getChild("pubsub", NS.pubsub)?.getChild("items"), asked);
  }

  // Some apps publish a bundle and begin no list (Profanity 0.13); a list that is there, and be it empty, has the last word
  async #listOfBundles(account: string): Promise<Element> {
    const request = xml("query", { xmlns: NS.discoItems });
    const answer = await this.#ask(xml("iq", { type: "get", from: this.#domain, to: account }, request));
    const nodes = answer.getChild("query", NS.discoItems)?.getChildren("item") ?? [];
    const ids = nodes.flatMap((item) => bundleId(attribute(item, "node") ?? "") ?? []).slice(0, MAX_BUNDLES);
    if (ids.length === 0) throw notFound();
    const list = xml("list", { xmlns: NS.omemo }, ...ids.map((id) => xml("device", { id })));
    return xml("item", { id: "current" }, list);
  }

  async #ask(iq: Element): Promise<Element> {
    try {
      return await this.#link.request(iq, { timeoutMs: TIMEOUT_MS });
    } catch (error) {
      // What the account's server says could tell who is behind the number
      if (error instanceof StanzaError && error.type !== "wait") throw notFound();
      throw new StanzaError("remote-server-timeout", "the keys cannot be fetched at the moment", {
        cause: error,
      });
    }
  }
}

/** The device id in the name of a bundle's node; `undefined` when it is none. Source: XEP-0384 0.3 §4.3 */
export function bundleId(node: string): string | undefined {
  const id = node.startsWith(OMEMO_BUNDLE_NODE_PREFIX) ? node.slice(OMEMO_BUNDLE_NODE_PREFIX.length) : "";
  return isDeviceId(id) ? id : undefined;
}

/** Whether a text is a device's id, as far as its form goes. */
export function isDeviceId(text: string): boolean {
  return /^\d{1,10}$/.test(text);
}

function itemsElement({ node, ids, maxItems }: AskedItems): Element {
  if (ids.length > 0) return xml("items", { node }, ...ids.map((id) => xml("item", { id })));
  // XEP-0060 §6.5.7
  return xml("items", { node, max_items: maxItems });
}

/** An item without its publisher, which would give the account away; `undefined` when it is too large. */
export function copyItem(item: Element, maxBytes: number = MAX_ITEM_BYTES): Element | undefined {
  const copy = xml("item", { id: attribute(item, "id") }, ...childElements(item));
  return Buffer.byteLength(copy.toString()) <= maxBytes ? copy : undefined;
}

function copyItems(items: Element | undefined, { node, maxItemBytes }: AskedItems): Element[] {
  if (!items || attribute(items, "node") !== node) throw notFound();
  const copies = items
    .getChildren("item")
    .slice(0, MAX_ITEMS)
    .flatMap((item) => copyItem(item, maxItemBytes) ?? []);
  if (copies.length === 0) throw notFound();
  return copies;
}

function notFound(): StanzaError {
  return new StanzaError("item-not-found", "there are no keys under this number");
}
