import { randomBytes, randomInt } from "node:crypto";
import { formatStamp, parseStamp, type EpochMs } from "./clock.js";
import { isAllowedInEnvelope } from "./envelope-content.js";
import { parseStrictly } from "./envelope-xml.js";
import { InvalidInput } from "./errors.js";
import { Jid } from "./jid.js";
import { NS } from "./namespaces.js";
import { attribute, childElements, type Element, escapeXML, namespaceOf } from "./xml.js";

export { MAX_ENVELOPE_BYTES } from "./envelope-xml.js";

/** The most characters of padding that are written; longer ones are read. Source: XEP-0420 §4. */
export const MAX_RPAD_LENGTH = 200;

/** Years have four digits. Source: XEP-0082 §3.1. */
const END_OF_STAMPS = Date.UTC(10_000, 0);

/** What is to be put into an envelope. */
export interface Envelope {
  /** The children of `<content/>` as XML, each with its own `xmlns`; empty for a message without content. */
  readonly content: string;
  /** The sender and the recipient; only the bare JID is written. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** When it is encrypted. */
  readonly time?: EpochMs | undefined;
  /** Characters of padding, at most {@link MAX_RPAD_LENGTH}; drawn at random when it is not given. */
  readonly rpadLength?: number | undefined;
}

/** What an envelope held. Nothing of it is checked against the stanza yet: see `checkAffixes`. */
export interface OpenedEnvelope {
  /** `<content/>`; its children are what may stand there, unprefixed, each with its own `xmlns`. */
  readonly content: Element;
  readonly from: Jid | undefined;
  readonly to: Jid | undefined;
  readonly time: EpochMs | undefined;
}

/**
 * Writes an `<envelope/>`, and holds it to what is read.
 *
 * @throws {InvalidInput} when a JID or the time is none, when the content is not well-formed or holds what must not
 * come out of an envelope, or when all is larger than {@link MAX_ENVELOPE_BYTES}. Source: XEP-0420 §4, §7; XEP-0384 0.8 §5.5.1.
 */
export function writeEnvelope(envelope: Envelope): string {
  const { content, from, to, time, rpadLength = randomInt(MAX_RPAD_LENGTH + 1) } = envelope;
  const written =
    `<envelope xmlns='${NS.sce}'><content>${content}</content><rpad>${randomText(rpadLength)}</rpad>` +
    (time === undefined ? "" : `<time stamp='${stampOf(time)}'/>`) +
    (from === undefined ? "" : `<from jid='${escapeXML(Jid.parse(from).bare)}'/>`) +
    (to === undefined ? "" : `<to jid='${escapeXML(Jid.parse(to).bare)}'/>`) +
    "</envelope>";
  const inside = contentOf(parseStrictly(written));
  // XEP-0420 §10: a sender leaves out what a reader has to drop
  if (!childElements(inside).every(isAllowedInEnvelope)) {
    throw new InvalidInput("the content has an element that must not be in an envelope");
  }
  return written;
}

function stampOf(time: EpochMs): string {
  if (!(time >= 0 && time < END_OF_STAMPS)) throw new InvalidInput("not a time");
  return formatStamp(time);
}

function randomText(length: number): string {
  if (!Number.isInteger(length) || length < 0 || length > MAX_RPAD_LENGTH) {
    throw new InvalidInput(`the padding has 0 to ${MAX_RPAD_LENGTH} characters`);
  }
  return randomBytes(length).toString("base64url").slice(0, length);
}

/**
 * Reads a decrypted `<envelope/>`; what must not come out of one, and text between elements, is dropped.
 *
 * @throws {InvalidInput} when it is not well-formed or not an envelope. Source: XEP-0420 §4, §8, §10.
 */
export function readEnvelope(text: string | Uint8Array): OpenedEnvelope {
  const envelope = parseStrictly(text);
  if (envelope.name !== "envelope" || namespaceOf(envelope) !== NS.sce) {
    throw new InvalidInput("not an envelope");
  }
  const content = contentOf(envelope);
  content.children = childElements(content).filter(isAllowedInEnvelope);
  const time = atMostOne(envelope, "time");
  return {
    content,
    from: readJid(atMostOne(envelope, "from")),
    to: readJid(atMostOne(envelope, "to")),
    time: time && parseStamp(attribute(time, "stamp")),
  };
}

function contentOf(envelope: Element): Element {
  const content = atMostOne(envelope, "content");
  if (!content) throw new InvalidInput("an envelope without content");
  return content;
}

function readJid(affix: Element | undefined): Jid | undefined {
  return affix && Jid.parse(attribute(affix, "jid") ?? "");
}

function atMostOne(envelope: Element, name: string): Element | undefined {
  const [child, second] = envelope.getChildren(name, NS.sce);
  if (second) throw new InvalidInput(`an envelope has one <${name}/> at most`);
  return child;
}
