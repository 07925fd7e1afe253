import { InvalidInput } from "./errors.js";
import { StreamParser } from "./stream-parser.js";
import { attribute, type Element, namespaceOf, xml } from "./xml.js";

/** Bytes of one envelope: a text of 64 KiB, with room for what it is wrapped in. */
export const MAX_ENVELOPE_BYTES = 68 * 1024;

const LIMITS = {
  maxStanzaBytes: MAX_ENVELOPE_BYTES,
  maxDepth: 32,
  maxElements: 2000,
  maxAttributes: 32,
} as const;

const QUALIFIED_NAME = /^[^:]+(?::[^:]+)?$/;

/**
 * Parses one element that a peer made, by the rules of a stream: no DTD, no comment, no processing instruction,
 * nothing beside it, valid UTF-8, every prefix bound, within limits.
 *
 * The elements that come out have no prefixes, and `xmlns` wherever the namespace changes. A prefixed attribute other
 * than of `xml:` is left out.
 *
 * @throws {InvalidInput} Source: XEP-0420 §10, RFC 6120 §11.
 */
export function parseStrictly(text: string | Uint8Array): Element {
  if (text.length > MAX_ENVELOPE_BYTES) throw new InvalidInput("the envelope is too large");
  const elements: Element[] = [];
  const failures: unknown[] = [];
  const parser = new StreamParser(LIMITS);
  parser.on("element", (element) => elements.push(element));
  parser.on("refused", (_head, error) => failures.push(error));
  parser.on("error", (error) => failures.push(error));
  parser.write("<wrapper>");
  const isInside = parser.write(text);
  // What the input leaves open, an element or half a character, makes this closing tag fail
  parser.end(Buffer.from("</wrapper>"));
  const [element, second] = elements;
  if (!isInside || failures.length > 0 || !element || second) {
    throw new InvalidInput("the envelope is not one well-formed element within the limits", {
      cause: failures[0],
    });
  }
  return withoutPrefixes(element, "");
}

function withoutPrefixes(element: Element, parentNamespace: string): Element {
  const namespace = namespaceOf(element);
  if (!QUALIFIED_NAME.test(element.name) || (namespace === "" && element.name.includes(":"))) {
    throw new InvalidInput("the envelope has a name whose prefix is not bound");
  }
  const copy = xml(element.getName(), namespace === parentNamespace ? {} : { xmlns: namespace });
  for (const name of Object.keys(element.attrs)) {
    if (name !== "xmlns" && (!name.includes(":") || name.startsWith("xml:")))
      copy.attrs[name] = attribute(element, name);
  }
  for (const child of element.children) {
    if (typeof child === "string") copy.t(child);
    else copy.append(withoutPrefixes(child, namespace));
  }
  return copy;
}
