import { Element, xml } from "../../src/xml.js";

/** A tag with its attributes, or the text up to the next one. */
const PIECE = /<(\/?)([a-zA-Z][\w:-]*)((?:\s+[\w:.-]+\s*=\s*(?:'[^']*'|"[^"]*"))*)\s*(\/?)>|<|[^<]+/g;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:'([^']*)'|"([^"]*)")/g;

/**
 * A tree out of anything: what is not well-formed is text, what is not closed ends with its parent.
 *
 * What is fuzzed here are the readers of elements, which a parser stands before: an input that lost one bracket would not
 * come to them at all.
 */
export function treeOf(input: Uint8Array): Element {
  const root = xml("nothing");
  let open: Element = root;
  for (const [piece, closing, name, attributes = "", alone] of Buffer.from(input)
    .toString("utf8")
    .matchAll(PIECE)) {
    if (name === undefined) open.t(piece);
    else if (closing === "/") open = open.parent ?? root;
    else {
      const child = new Element(name, attributesOf(attributes));
      open.append(child);
      if (alone === "") open = child;
    }
  }
  const first = root.children.find((child): child is Element => typeof child !== "string");
  if (first) first.parent = null;
  return first ?? root;
}

function attributesOf(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name = "", single, double] of text.matchAll(ATTRIBUTE)) {
    if (attributes[name] === undefined) attributes[name] = single ?? double ?? "";
  }
  return attributes;
}
