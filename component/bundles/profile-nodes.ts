import { StanzaError } from "../../src/errors.js";
import { NS } from "../../src/namespaces.js";
import { attribute, childElements, xml, type Element } from "../../src/xml.js";
import { presentVcard4 } from "../contacts/vcard.js";
import type { AskedItems } from "./account-nodes.js";

/** Characters of a nickname. */
const MAX_NICK_CHARS = 100;

/** Bytes of a picture's item: 96 KiB as base64, and what stands around it. */
const MAX_PICTURE_BYTES = 132 * 1024;

const SHA1 = /^[0-9a-f]{40}$/;
const PICTURE_TYPE = /^image\/(?:png|jpeg|gif|webp)$/;

/** The content of an item as others may see it; `undefined` when nothing of it may be. */
type Present = (content: Element, numberJid: string, account: string) => Element | undefined;

const NODES: Readonly<Record<string, Present>> = {
  [NS.nick]: presentNick,
  [NS.avatarMetadata]: presentMetadata,
  [NS.avatarData]: presentData,
  [NS.vcard4Node]: presentVcard,
};

/**
 * What is asked for, when it is a person's name or picture.
 *
 * @throws {StanzaError} `not-allowed` for an item that no picture has. Source: XEP-0084 §4, XEP-0172 §4.3, XEP-0292 §3
 */
export function readProfileItems(pubsub: Element): AskedItems | undefined {
  const [items, ...others] = childElements(pubsub);
  const node = items && attribute(items, "node");
  if (!items || others.length > 0 || items.name !== "items" || node === undefined) return undefined;
  if (!Object.hasOwn(NODES, node)) return undefined;
  if (node !== NS.avatarData) return { node, ids: [], maxItems: 1 };
  const [id, ...more] = items.getChildren("item").map((item) => attribute(item, "id") ?? "");
  if (more.length > 0 || (id !== undefined && !SHA1.test(id)))
    throw new StanzaError("not-allowed", "a picture is named by its hash, and read one at a time");
  return { node, ids: id === undefined ? [] : [id], maxItems: 1, maxItemBytes: MAX_PICTURE_BYTES };
}

/** Items as others may see them: written anew, without what would tell the account or where a picture lies. */
export function presentProfileItems(
  node: string,
  items: readonly Element[],
  numberJid: string,
  account: string,
): Element[] {
  return items.flatMap((item) => {
    const [content] = childElements(item);
    const present = Object.hasOwn(NODES, node) ? NODES[node] : undefined;
    const presented = content && present?.(content, numberJid, account);
    return presented ? [xml("item", { id: attribute(item, "id") }, presented)] : [];
  });
}

function presentNick(content: Element, _: string, account: string): Element | undefined {
  const text = content.getText();
  if (content.name !== "nick" || text.length > MAX_NICK_CHARS) return undefined;
  if (text.toLowerCase().includes(account)) return undefined;
  return xml("nick", { xmlns: NS.nick }, text);
}

// XEP-0084 §4.2.1: an address where the picture lies would tell its owner who looks
function presentMetadata(content: Element): Element | undefined {
  if (content.name !== "metadata") return undefined;
  const infos = content
    .getChildren("info")
    .filter((info) => attribute(info, "url") === undefined)
    .flatMap((info) => {
      const [id = "", type = "", bytes = ""] = ["id", "type", "bytes"].map((name) => attribute(info, name));
      if (!SHA1.test(id) || !PICTURE_TYPE.test(type) || !isCount(bytes)) return [];
      const [width, height] = ["width", "height"].map((name) => attribute(info, name));
      const size = {
        width: isCount(width) ? width : undefined,
        height: isCount(height) ? height : undefined,
      };
      return [xml("info", { id, type, bytes, ...size })];
    });
  return xml("metadata", { xmlns: NS.avatarMetadata }, ...infos);
}

function presentData(content: Element): Element | undefined {
  const data = content.getText();
  if (content.name !== "data" || !/^[A-Za-z0-9+/=\s]+$/.test(data)) return undefined;
  return xml("data", { xmlns: NS.avatarData }, data);
}

function presentVcard(content: Element, numberJid: string, account: string): Element | undefined {
  return content.name === "vcard" ? presentVcard4(content, numberJid, account) : undefined;
}

function isCount(text: string | undefined): boolean {
  return text !== undefined && /^\d{1,9}$/.test(text);
}
