import { messageId, type MessageId } from "./ids.js";
import { NS } from "./namespaces.js";
import { attribute, type Element, namespaceOf, xml } from "./xml.js";

/** What an answer refers to. */
export interface Quote {
  /** The id of the message that is answered. */
  readonly id: MessageId;
  /** Whose message it was: a bare JID. */
  readonly author?: string | undefined;
  /** What of it is shown above the answer, for apps that do not know the message (any more). */
  readonly text?: string | undefined;
}

/** What a message says: a text, perhaps in place of an earlier one, or something about an earlier message. */
export type MessageContent =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly quote?: Quote | undefined;
      /** The message of the same sender that this one stands in place of. Source: XEP-0308 §4 */
      readonly replaces?: MessageId | undefined;
    }
  /** All reactions of the sender to a message: those of before no longer count. Source: XEP-0444 §3.1 */
  | { readonly kind: "reaction"; readonly of: MessageId; readonly emojis: readonly string[] }
  /** The sender takes a message back. Source: XEP-0424 §4 */
  | { readonly kind: "retraction"; readonly of: MessageId };

/** A content as it is encrypted: the text of the body, and what stands beside it. */
export interface WrittenContent {
  readonly text: string | undefined;
  readonly elements: readonly Element[];
}

/** More than this of a quoted text is not repeated. */
const MAX_QUOTED_CHARACTERS = 200;

/** More reactions of one person to one message are not read. */
export const MAX_REACTIONS = 32;

/** A reaction is one emoji, which may be a sequence of many code points. */
const MAX_REACTION_CHARACTERS = 64;

/** What apps show that do not know retractions. */
const RETRACTION_TEXT = "This message was taken back, which this app cannot show.";

/** Writes a content, for apps that know less with a text that says the same. */
export function writeContent(content: MessageContent): WrittenContent {
  if (content.kind === "reaction") return { text: undefined, elements: [writeReactions(content)] };
  if (content.kind === "retraction") {
    return {
      text: RETRACTION_TEXT,
      // XEP-0424 §4: the body is there for apps that do not know better
      elements: [xml("retract", { xmlns: NS.retraction, id: content.of }), fallback(NS.retraction)],
    };
  }
  const { text, quote, replaces } = content;
  const correction = replaces === undefined ? [] : [xml("replace", { xmlns: NS.correction, id: replaces })];
  if (!quote) return { text, elements: correction };
  const shown = quote.text === undefined ? "" : quoted(quote.text);
  const reply = xml("reply", { xmlns: NS.replies, id: quote.id, to: quote.author });
  // XEP-0461 §3.2: what of the body only repeats the quoted message
  const range = shown === "" ? [] : [fallback(NS.replies, codePoints(shown).length)];
  return { text: shown + text, elements: [...correction, reply, ...range] };
}

function writeReactions({ of, emojis }: Extract<MessageContent, { kind: "reaction" }>): Element {
  const children = emojis.map((emoji) => xml("reaction", {}, emoji));
  return xml("reactions", { xmlns: NS.reactions, id: of }, ...children);
}

/** XEP-0428 §3: the body, or its first characters, stand in for an element of another namespace. */
function fallback(of: string, end?: number): Element {
  const body = end === undefined ? [] : [xml("body", { start: 0, end })];
  return xml("fallback", { xmlns: NS.fallback, for: of }, ...body);
}

/** XEP-0426 §3: characters are code points. */
function codePoints(text: string): string[] {
  return Array.from(text);
}

function quoted(text: string): string {
  const characters = codePoints(text);
  const start = characters.slice(0, MAX_QUOTED_CHARACTERS).join("");
  const shown = characters.length > MAX_QUOTED_CHARACTERS ? `${start}…` : start;
  return shown
    .split("\n")
    .map((line) => `> ${line}\n`)
    .join("");
}

/**
 * Reads what a message says.
 *
 * @param text the body; missing when there is none
 * @returns nothing when it says nothing that is known. Elements that cannot be read count as not there.
 */
export function readContent(
  text: string | undefined,
  elements: readonly Element[],
): MessageContent | undefined {
  const find = (name: string, namespace: string): Element | undefined =>
    elements.find((element) => element.name === name && namespaceOf(element) === namespace);
  const retracted = idOf(find("retract", NS.retraction));
  if (retracted) return { kind: "retraction", of: retracted };
  const reactions = find("reactions", NS.reactions);
  const reactedTo = idOf(reactions);
  if (reactions && reactedTo) return { kind: "reaction", of: reactedTo, emojis: readEmojis(reactions) };
  if (text === undefined) return undefined;
  const replaces = idOf(find("replace", NS.correction));
  return { kind: "text", replaces, ...readQuote(text, elements, find("reply", NS.replies)) };
}

function readEmojis(reactions: Element): string[] {
  const emojis = reactions
    .getChildren("reaction", NS.reactions)
    .map((reaction) => reaction.getText().trim())
    .filter((emoji) => emoji !== "" && emoji.length <= MAX_REACTION_CHARACTERS);
  // XEP-0444 §4.1: each emoji counts once
  return [...new Set(emojis)].slice(0, MAX_REACTIONS);
}

function readQuote(
  text: string,
  elements: readonly Element[],
  reply: Element | undefined,
): { text: string; quote: Quote | undefined } {
  const id = idOf(reply);
  if (!reply || !id) return { text, quote: undefined };
  const author = attribute(reply, "to");
  const end = fallbackEnd(elements);
  if (end === 0) return { text, quote: { id, author } };
  const characters = codePoints(text);
  const repeated = characters.slice(0, end).join("");
  const shown = repeated.replaceAll(/^> ?/gm, "").trimEnd();
  return { text: characters.slice(end).join(""), quote: { id, author, text: shown } };
}

/** How many characters at the start of the body only repeat what is answered. */
function fallbackEnd(elements: readonly Element[]): number {
  const found = elements.find(
    (element) =>
      element.name === "fallback" && namespaceOf(element) === NS.fallback && element.attrs.for === NS.replies,
  );
  const body = found?.getChild("body", NS.fallback);
  if (!body || Number(attribute(body, "start") ?? 0) !== 0) return 0;
  const end = Number(attribute(body, "end"));
  return Number.isSafeInteger(end) && end > 0 ? end : 0;
}

function idOf(element: Element | undefined): MessageId | undefined {
  if (!element) return undefined;
  try {
    return messageId(attribute(element, "id"));
  } catch {
    return undefined;
  }
}
