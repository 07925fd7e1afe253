import { InvalidInput } from "../../src/errors.js";
import { ILLEGAL_CHARACTER } from "../../src/stream-chars.js";
import type { Element } from "../../src/xml.js";

/** Why a stanza cannot be sent: the server would end the whole stream for it. */
export type UnsendableReason =
  "foreign-from" | "illegal-character" | "no-recipient" | "not-a-stanza" | "too-large";

/** A stanza that was not sent because the server would have ended the stream; sending it again does not help. */
export class UnsendableStanza extends InvalidInput {
  readonly reason: UnsendableReason;

  /** @param reason which rule it broke */
  constructor(reason: UnsendableReason) {
    super(`the stanza cannot be sent: ${reason}`);
    this.reason = reason;
  }
}

/** What a stanza to be sent is held to. */
export interface SendRules {
  readonly domain: string;
  readonly maxSentBytes: number;
}

/**
 * The XML of a stanza that the server will take; an element without `from` gets the component's domain.
 *
 * Of a ready string only the start tag is read: it must have been written by an escaping writer.
 * @throws {UnsendableStanza}
 * Source: XEP-0114 §3, RFC 6120 §8.1.
 */
export function sendableXml(stanza: Element | string, rules: SendRules): string {
  if (typeof stanza !== "string") return checked(elementXml(stanza, rules), rules);
  const tagEnd = stanza.indexOf(">");
  const tag = stanza.slice(0, tagEnd + 1);
  if (!/^<(?:message|presence|iq)[\s/>]/.test(tag)) throw new UnsendableStanza("not-a-stanza");
  checkAddresses(attributeOf(tag, " from="), attributeOf(tag, " to="), rules);
  return checked(stanza, rules);
}

function elementXml(stanza: Element, rules: SendRules): string {
  const { name, attrs } = stanza as Element & { attrs: Record<string, unknown> };
  if (name !== "message" && name !== "presence" && name !== "iq") throw new UnsendableStanza("not-a-stanza");
  attrs["from"] ??= rules.domain;
  checkAddresses(attrs["from"], attrs["to"], rules);
  return stanza.toString();
}

// XEP-0114 §3: the server checks the from address; Prosody ends the stream when it is another domain's
function checkAddresses(from: unknown, to: unknown, rules: SendRules): void {
  if (typeof from !== "string" || domainOf(from) !== rules.domain) throw new UnsendableStanza("foreign-from");
  if (to === undefined || to === null || to === "") throw new UnsendableStanza("no-recipient");
}

function checked(xml: string, rules: SendRules): string {
  // no character takes more than three bytes a code unit
  if (xml.length * 3 > rules.maxSentBytes && Buffer.byteLength(xml) > rules.maxSentBytes) {
    throw new UnsendableStanza("too-large");
  }
  if (ILLEGAL_CHARACTER.test(xml)) throw new UnsendableStanza("illegal-character");
  return xml;
}

function attributeOf(tag: string, mark: string): string | undefined {
  const at = tag.indexOf(mark);
  if (at < 0) return undefined;
  const start = at + mark.length;
  return tag.slice(start + 1, tag.indexOf(tag[start] ?? '"', start + 1));
}

/** The domainpart of an address as text, without checking the other parts. */
function domainOf(jid: string): string {
  const slash = jid.indexOf("/");
  const bare = slash < 0 ? jid : jid.slice(0, slash);
  return bare.slice(bare.indexOf("@") + 1).toLowerCase();
}
