import { formatStamp, type EpochMs } from "../../src/clock.js";
import { newId } from "../../src/ids.js";
import { NS } from "../../src/namespaces.js";
import { renameKeyOwner } from "../../src/omemo2.js";
import { parsePayload, writeNormal } from "../../src/payload.js";
import { type Element, escapeXML, namespaceOf, xml } from "../../src/xml.js";
import type { Content, MessageContent } from "../mailbox/delivery-ports.js";
import { cleanChildren } from "./payload.js";

/** A message older than this says when it was sent, and one that goes again: later ones may have overtaken it. */
const DELAYED_MS = 10_000;

/** To whom something is written, and how. */
export interface Writing {
  /** Full JID of the app. */
  readonly to: string;
  /** By which number others know the reader, and by which account its app knows itself. */
  readonly reader?: { readonly numberJid: string; readonly account: string };
  /** The component's domain, by which stanza ids are given. */
  readonly domain: string;
  readonly now: EpochMs;
  /** The component's own id of a message; the same each time. */
  readonly stanzaId: string;
  /** Whether it went before, and may have arrived. */
  readonly isAgain?: boolean;
  /** Whether an archive of the host should take this copy. */
  readonly isArchived: boolean;
}

/** A stanza for an app, and whether the app is expected to say that it has it. */
export interface Written {
  readonly text: string;
  /** Whether it holds something that apps give receipts for. Source: XEP-0184 §5.2 */
  readonly isContent: boolean;
}

type ReceiptContent = Extract<Content, { kind: "receipt" }>;

/** Writes what an entry says as the plain messages that an ordinary app understands; empty when it says nothing to it. */
export function writeForApp(content: Content, writing: Writing): Written {
  return content.kind === "message" ? writeMessage(content, writing) : writeReceipt(content, writing);
}

function writeMessage({ from, resource, id, at, payload }: MessageContent, writing: Writing): Written {
  const { to, domain, now, stanzaId, isAgain = false, isArchived } = writing;
  const children = cleanChildren(xml("message", {}, ...parsePayload(payload))).filter(isForApps);
  // An app looks for its key under its account; XEP-0384 0.8 §5.5
  if (writing.reader) renameKeyOwner(children, writing.reader.numberJid, writing.reader.account);
  const hasBody = children.some((child) => child.is("body", NS.client));
  const isContent = hasBody || children.some(({ name }) => name === "encrypted" || name === "reactions");
  const receipt = isContent ? `<request xmlns='${NS.receipts}'/>` : "";
  // XEP-0333 §4.1: without a body there is nothing to be displayed. Apps that encrypt their markers would mark each other's
  // markers without end
  const asks = hasBody ? `${receipt}<markable xmlns='${NS.chatMarkers}'/>` : receipt;
  // XEP-0359 §3.2; an origin id would say what the `id` of the stanza says
  const ids = `<stanza-id xmlns='${NS.stanzaIds}' by='${domain}' id='${stanzaId}'/>`;
  // XEP-0203 §3
  const isLate = isAgain || now - at > DELAYED_MS;
  const delay = isLate ? `<delay xmlns='${NS.delay}' from='${domain}' stamp='${formatStamp(at)}'/>` : "";
  const archiving = isArchived ? storeHint(hasBody) : `<no-store xmlns='${NS.hints}'/>`;
  // XEP-0334 §4.3: every other app of the person gets its own from here
  const hints = `<no-copy xmlns='${NS.hints}'/>${archiving}`;
  // RFC 6121 §5.1, XEP-0184 §5.5: apps answer, and give their receipts, to the full JID that is there
  const speaker = resource === undefined ? from : `${from}/${resource}`;
  const text = `<message type='chat' from='${speaker}' to='${escapeXML(to)}' id='${escapeXML(id)}'>${children
    .map((child) => writeInStream(child))
    .join("")}${asks}${ids}${delay}${hints}</message>`;
  return { text, isContent };
}

// XEP-0313 §5.1.1: a message with a body is archived as it is
function storeHint(hasBody: boolean): string {
  return hasBody ? "" : `<store xmlns='${NS.hints}'/>`;
}

// What was asked of us is not passed on: we ask for ourselves
function isForApps(child: Element): boolean {
  const namespace = namespaceOf(child);
  return ![NS.hints, NS.receipts, NS.chatMarkers, NS.stanzaIds].includes(namespace as typeof NS.hints);
}

/** Writes an element of a payload for a stream: a server looks for a body in its namespace, which a child inherits. */
export function writeInStream(child: Element): string {
  if (namespaceOf(child) !== NS.client) return writeNormal(child);
  child.attrs["xmlns"] = null;
  return writeNormal(child);
}

function writeReceipt({ state, from, ids }: ReceiptContent, { to }: Writing): Written {
  const text = ids.map((id) => writeState(state, `from='${from}' to='${escapeXML(to)}'`, escapeXML(id)));
  return { text: text.join(""), isContent: false };
}

function writeState(state: ReceiptContent["state"], addresses: string, id: string): string {
  const notice = (element: string): string =>
    `<message type='chat' ${addresses} id='${newId()}'>${element}<store xmlns='${NS.hints}'/></message>`;
  // XEP-0184 §5.3
  if (state === "delivered") return notice(`<received xmlns='${NS.receipts}' id='${id}'/>`);
  // XEP-0333 §4.3
  if (state === "read") return notice(`<displayed xmlns='${NS.chatMarkers}' id='${id}'/>`);
  if (state === "accepted") return "";
  const [type, condition, text] =
    state === "expired"
      ? ["wait", "recipient-unavailable", "nobody fetched this message in time"]
      : ["cancel", "not-acceptable", "no device of the recipient could read this message"];
  return (
    `<message type='error' ${addresses} id='${id}'><error type='${type}'>` +
    `<${condition} xmlns='${NS.stanzaErrors}'/><text xmlns='${NS.stanzaErrors}'>${text}</text></error></message>`
  );
}
