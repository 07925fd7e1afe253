import { submitElement } from "../../src/data-form.js";
import { StanzaError } from "../../src/errors.js";
import { newId } from "../../src/ids.js";
import type { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import { attribute, childElements, type Element, xml } from "../../src/xml.js";
import type { IqPort } from "./port.js";

/** The one item of a node, which every publication replaces. Source: XEP-0060 §12.20. */
const ITEM_ID = "current";

// Readable for people who are no contacts, and there when nobody is online; XEP-0384 0.3 §4.3 leaves it to the server
const OPTIONS = { "pubsub#persist_items": "true", "pubsub#access_model": "open" };

/** The content of the newest item of a node; `undefined` when there is none. @throws {StanzaError} @throws {LinkError} */
export async function fetchItem(connection: IqPort, at: Jid, node: string): Promise<Element | undefined> {
  const items = xml("items", { node, max_items: 1 });
  const iq = xml("iq", { type: "get", id: newId(), to: at.bare }, xml("pubsub", { xmlns: NS.pubsub }, items));
  try {
    const result = await connection.request(iq);
    const answer = result.getChild("pubsub", NS.pubsub)?.getChild("items");
    return answer && itemOf(answer, node);
  } catch (error) {
    // XEP-0060 §6.5.9.11: there is no such node, or nothing in it
    if (error instanceof StanzaError && error.condition === "item-not-found" && !isUnknownNumber(error))
      return undefined;
    throw error;
  }
}

/** Whether an error says that nobody has the number that was asked. Source: docs/protocol.md §5 */
export function isUnknownNumber(error: unknown): boolean {
  return error instanceof StanzaError && error.applicationCondition === "no-such-number";
}

/** The content of the newest item in an `<items/>`; `undefined` when it is of another node or holds none. */
export function itemOf(items: Element, node: string): Element | undefined {
  if (attribute(items, "node") !== node) return undefined;
  const item = items.getChildren("item").at(-1);
  return item && childElements(item)[0];
}

/**
 * Publishes on a node of the own account that everybody may read, whatever the node was like before.
 *
 * @throws {StanzaError} @throws {LinkError}
 */
export async function publishItem(connection: IqPort, node: string, content: Element): Promise<void> {
  try {
    await connection.request(publication(node, content));
  } catch (error) {
    // XEP-0060 §7.1.5: "conflict" with "precondition-not-met" tells that the node is configured otherwise
    if (!(error instanceof StanzaError && error.condition === "conflict")) throw error;
    await connection.request(configuration(node));
    await connection.request(publication(node, content));
  }
}

function publication(node: string, content: Element): Element {
  const item = xml("item", { id: ITEM_ID }, content);
  return set(
    xml(
      "pubsub",
      { xmlns: NS.pubsub },
      xml("publish", { node }, item),
      xml("publish-options", {}, submitElement(NS.publishOptions, OPTIONS)),
    ),
  );
}

// XEP-0060 §8.2.4
function configuration(node: string): Element {
  const form = submitElement(NS.nodeConfig, OPTIONS);
  return set(xml("pubsub", { xmlns: NS.pubsubOwner }, xml("configure", { node }, form)));
}

function set(pubsub: Element): Element {
  return xml("iq", { type: "set", id: newId() }, pubsub);
}
