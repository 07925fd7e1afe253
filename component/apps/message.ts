import { StanzaError } from "../../src/errors.js";
import { messageId, newMessageId, type MessageId } from "../../src/ids.js";
import { MAX_PAYLOAD_BYTES } from "../../src/mailbox-submit.js";
import { NS } from "../../src/namespaces.js";
import { attribute, childElements, type Element, namespaceOf, reading } from "../../src/xml.js";
import type { Stanza } from "../capability.js";
import type { AppTraits } from "./messages-store.js";
import { cleanChildren, writeChildren } from "./payload.js";

/** Chat states: never kept. Source: XEP-0085 §5.1 */
const CHAT_STATES = "http://jabber.org/protocol/chatstates";

/** What an app says of a message that it was sent. */
export interface Notice {
  /** `displayed` when the person has seen it, `received` when the app has it. Source: XEP-0184 §5.3, XEP-0333 §4 */
  readonly kind: "received" | "displayed";
  readonly id: MessageId;
}

/** A message of an ordinary app to a number, read and cleaned. */
export interface AppMessage {
  /** What it is deduplicated by, and what the receiver sees as its id. */
  readonly id: MessageId;
  readonly traits: AppTraits;
  /** Elements to be kept for the recipient, as XML; empty when there are none. */
  readonly payload: string;
  /** Elements for those who are there now, as XML; empty when there are none. */
  readonly passing: string;
  /** What tells a repeated message from another under the same id. */
  readonly identity: string;
  readonly notices: readonly Notice[];
}

/**
 * Reads what an ordinary app sends to a number.
 *
 * Whatever only a server, a room or a pubsub service may say is left out; a message that says nothing else is refused.
 *
 * @throws {StanzaError} `not-allowed` for such a one, `bad-request`, `policy-violation` for one that is too large
 */
export function readAppMessage({ element, type }: Pick<Stanza, "element" | "type">): AppMessage {
  // XEP-0045 §7.4: rooms are elsewhere
  if (type === "groupchat") throw new StanzaError("not-allowed", "a number is not a room");
  const origin = element.getChild("origin-id", NS.stanzaIds);
  const [stanzaId, originId] = [attribute(element, "id"), origin && attribute(origin, "id")];
  const children = cleanChildren(element);
  const notices = children.flatMap(readNotice);
  const said = children.filter((child) => !CONTROL.has(namespaceOf(child)));
  // XEP-0201 §3: a thread alone says nothing
  const content = said.every((child) => child.is("thread", NS.client)) ? [] : said;
  const states = children.filter((child) => namespaceOf(child) === CHAT_STATES);
  if (
    content.length + states.length + notices.length === 0 &&
    childElements(element).length > children.length
  )
    throw new StanzaError("not-allowed", "only servers may say this");
  const isKept = content.length > 0 && type !== "headline" && !children.some(forbidsStore);
  const payload = isKept ? writeChildren(content) : "";
  const passing = isKept ? "" : writeChildren([...content, ...states]);
  if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES || passing.length > MAX_PAYLOAD_BYTES)
    throw new StanzaError("policy-violation", `a message has at most ${MAX_PAYLOAD_BYTES} bytes`);
  const id = readId(originId ?? stanzaId);
  const traits = {
    wantsReceipt: children.some((child) => child.is("request", NS.receipts)),
    wantsMarker: children.some((child) => child.is("markable", NS.chatMarkers)),
    stanzaId: stanzaId !== undefined && stanzaId !== id ? stanzaId : null,
  };
  return { id, traits, payload, passing, identity: identityOf(content, payload), notices };
}

// RFC 6120 §8.1.3: a message may come without an id; nothing can then be said of it
function readId(text: string | undefined): MessageId {
  return text === undefined ? newMessageId() : reading(() => messageId(text));
}

function readNotice(child: Element): Notice[] {
  const namespace = namespaceOf(child);
  const id = attribute(child, "id");
  if (id === undefined || child.name === "request" || child.name === "markable") return [];
  if (namespace !== NS.receipts && namespace !== NS.chatMarkers) return [];
  const isDisplayed = child.name === "displayed" || child.name === "acknowledged";
  return [{ kind: isDisplayed ? "displayed" : "received", id: reading(() => messageId(id)) }];
}

/** What says something of a message and is none itself. */
const CONTROL: ReadonlySet<string> = new Set([
  NS.hints,
  NS.receipts,
  NS.chatMarkers,
  NS.stanzaIds,
  CHAT_STATES,
]);

// XEP-0334 §4.1, §4.2
function forbidsStore(child: Element): boolean {
  return child.is("no-store", NS.hints) || child.is("no-permanent-store", NS.hints);
}

// An app that sends a message again because it does not know whether it was taken encrypts it anew: the ratchet has
// gone on, while id and device are the same
function identityOf(content: readonly Element[], payload: string): string {
  const encrypted = content.filter((child) => child.name === "encrypted");
  if (encrypted.length === 0) return payload;
  return encrypted
    .map((child) => `${namespaceOf(child)} ${attribute(child.getChild("header") ?? child, "sid") ?? ""}`)
    .join("\n");
}
