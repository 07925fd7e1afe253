import { StanzaError } from "../../../src/errors.js";
import { newId } from "../../../src/ids.js";
import type { Jid } from "../../../src/jid.js";
import { NS } from "../../../src/namespaces.js";
import { attribute, childElements, type Element, xml } from "../../../src/xml.js";
import type { IqPort } from "../port.js";

/** The id of the item of a node that has one item, which every publication replaces. Source: XEP-0060 §12.20. */
export const SINGLE_ITEM_ID = "current";

/** Where something is published. */
export interface NodeItem {
  readonly node: string;
  readonly id: string;
  /** Whether the node has other items too, each for itself. */
  readonly hasManyItems: boolean;
}

/** The content of an item; `undefined` when there is none. @throws {StanzaError} @throws {LinkError} */
export async function fetchItem(connection: IqPort, at: Jid, place: NodeItem): Promise<Element | undefined> {
  const { node, id, hasManyItems } = place;
  // XEP-0060 §6.5.7, §6.5.8: the newest of a node where all replace each other, else the one with the id
  const items = hasManyItems
    ? xml("items", { node }, xml("item", { id }))
    : xml("items", { node, max_items: 1 });
  const iq = xml("iq", { type: "get", id: newId(), to: at.bare }, xml("pubsub", { xmlns: NS.pubsub }, items));
  try {
    const result = await connection.request(iq);
    const answer = result.getChild("pubsub", NS.pubsub)?.getChild("items");
    return answer && itemOf(answer, place);
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

/** The content of the item in an `<items/>`; `undefined` when it is of another node or does not hold it. */
export function itemOf(items: Element, { node, id, hasManyItems }: NodeItem): Element | undefined {
  if (attribute(items, "node") !== node) return undefined;
  const all = items.getChildren("item");
  // Some apps give the only item another id
  const item = hasManyItems ? all.find((one) => attribute(one, "id") === id) : all.at(-1);
  return item && childElements(item)[0];
}
