import { NS, OMEMO2_DEVICE_LIST_NODE, OMEMO_DEVICE_LIST_NODE } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import { copyItem } from "../bundles/account-nodes.js";

/** A node that holds device lists, and the one payload that is passed on from it. */
export interface DeviceListNode {
  readonly node: string;
  readonly payload: { readonly name: string; readonly namespace: string };
}

/** The nodes whose news is passed on. Source: XEP-0384 0.3 §4.2, XEP-0384 0.8 §5.3.1 */
export const DEVICE_LIST_NODES: readonly DeviceListNode[] = [
  { node: OMEMO_DEVICE_LIST_NODE, payload: { name: "list", namespace: NS.omemo } },
  { node: OMEMO2_DEVICE_LIST_NODE, payload: { name: "devices", namespace: NS.omemo2 } },
];

/** What an app announces that wants to be told of a node. Source: XEP-0163 §4.3 */
export function notifyFeature(node: string): string {
  return `${node}+notify`;
}

/** What happened at a node of an account: ready XML of what goes into the event that others get. */
export interface Change {
  readonly node: string;
  /** `<items/>`, `<purge/>` or `<delete/>`; the same text is the same state. */
  readonly content: string;
  /** Whether it is a list, which whoever comes later is told too, or that there is none any more. */
  readonly isList: boolean;
}

/**
 * Reads an event of an account's server; `undefined` when it is about something else.
 *
 * Ids and payloads stay as they are: apps compare them. Publishers are left out: they would give the account away.
 * Source: XEP-0060 §7.1.2.1, §7.2.2.1, §8.4.3, §8.5.3
 */
export function readChange(event: Element): Change | undefined {
  for (const { node, payload } of DEVICE_LIST_NODES) {
    const about = (name: string): Element | undefined =>
      event.getChildren(name).find((child) => attribute(child, "node") === node);
    if (about("purge")) return { node, content: xml("purge", { node }).toString(), isList: false };
    if (about("delete")) return { node, content: xml("delete", { node }).toString(), isList: false };
    const items = about("items");
    const retracted = items?.getChild("retract");
    if (retracted) {
      const retract = xml("retract", { id: attribute(retracted, "id") });
      return { node, content: xml("items", { node }, retract).toString(), isList: false };
    }
    const item = items?.getChild("item");
    const change = item?.getChild(payload.name, payload.namespace) && changeOf(node, item);
    if (change) return change;
  }
  return undefined;
}

/** The state of a node whose last item this is; `undefined` when that is too large to be sent. */
export function changeOf(node: string, item: Element): Change | undefined {
  const copy = copyItem(item);
  return copy && { node, content: xml("items", { node }, copy).toString(), isList: true };
}
