import { NS, OMEMO2_DEVICE_LIST_NODE, OMEMO_DEVICE_LIST_NODE } from "../../src/namespaces.js";
import { attribute, xml, type Element } from "../../src/xml.js";
import { copyItem } from "../bundles/account-nodes.js";
import { presentProfileItems } from "../bundles/profile-nodes.js";

/** A node whose news is passed on, and the one payload that is passed on from it. */
export interface PushedNode {
  readonly node: string;
  readonly payload: { readonly name: string; readonly namespace: string };
  /** Whether it is told only to those whom the person shows name and picture. */
  readonly isProfile: boolean;
}

/** The nodes whose news is passed on. Source: XEP-0384 0.3 §4.2, XEP-0384 0.8 §5.3.1, XEP-0172 §4.3, XEP-0084 §4.2 */
export const PUSHED_NODES: readonly PushedNode[] = [
  { node: OMEMO_DEVICE_LIST_NODE, payload: { name: "list", namespace: NS.omemo }, isProfile: false },
  { node: OMEMO2_DEVICE_LIST_NODE, payload: { name: "devices", namespace: NS.omemo2 }, isProfile: false },
  { node: NS.nick, payload: { name: "nick", namespace: NS.nick }, isProfile: true },
  { node: NS.avatarMetadata, payload: { name: "metadata", namespace: NS.avatarMetadata }, isProfile: true },
];

/** The same nodes that are told only to those whom the person shows name and picture. */
export const PROFILE_NODES: ReadonlySet<string> = new Set(
  PUSHED_NODES.filter(({ isProfile }) => isProfile).map(({ node }) => node),
);

/** What an app announces that wants to be told of a node. Source: XEP-0163 §4.3 */
export function notifyFeature(node: string): string {
  return `${node}+notify`;
}

/** Whose node it is: bare JIDs of the number and of the account behind it. */
export interface NodeOwner {
  readonly number: string;
  readonly account: string;
}

/** What happened at a node of an account: ready XML of what goes into the event that others get. */
export interface Change {
  readonly node: string;
  /** `<items/>`, `<purge/>` or `<delete/>`; the same text is the same state. */
  readonly content: string;
  /** Whether it is an item, which whoever comes later is told too, or that there is none any more. */
  readonly isItem: boolean;
}

/**
 * Reads an event of an account's server; `undefined` when it is about something else.
 *
 * Ids and device lists stay as they are: apps compare them. Publishers are left out: they would give the account away.
 * Source: XEP-0060 §7.1.2.1, §7.2.2.1, §8.4.3, §8.5.3
 */
export function readChange(event: Element, owner: NodeOwner): Change | undefined {
  for (const { node, payload } of PUSHED_NODES) {
    const about = (name: string): Element | undefined =>
      event.getChildren(name).find((child) => attribute(child, "node") === node);
    if (about("purge")) return { node, content: xml("purge", { node }).toString(), isItem: false };
    if (about("delete")) return { node, content: xml("delete", { node }).toString(), isItem: false };
    const items = about("items");
    const retracted = items?.getChild("retract");
    if (retracted) {
      const retract = xml("retract", { id: attribute(retracted, "id") });
      return { node, content: xml("items", { node }, retract).toString(), isItem: false };
    }
    const item = items?.getChild("item");
    const change = item?.getChild(payload.name, payload.namespace) && changeOf(node, item, owner);
    if (change) return change;
  }
  return undefined;
}

/** The state of a node whose last item this is; `undefined` when it is too large to be sent, or nothing of it may be seen. */
export function changeOf(node: string, item: Element, { number, account }: NodeOwner): Change | undefined {
  const [seen] = PROFILE_NODES.has(node) ? presentProfileItems(node, [item], number, account) : [item];
  const copy = seen && copyItem(seen);
  return copy && { node, content: xml("items", { node }, copy).toString(), isItem: true };
}
