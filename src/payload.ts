import { InvalidInput } from "./errors.js";
import { StreamParser } from "./stream-parser.js";
import { type Element, escapeXML, escapeXMLText } from "./xml.js";

/**
 * Writes an element in normal form: attributes in the order of their names, no `xmlns` that says what the parent's does.
 *
 * A server may pass attributes on in any order (Prosody: in that of a hash table, another one after each start), so
 * that only this form tells whether two messages are the same.
 */
export function writeNormal(element: Element, parentNamespace?: string): string {
  const attributes = element.attrs as Record<string, string | number | null | undefined>;
  const namespace = typeof attributes.xmlns === "string" ? attributes.xmlns : parentNamespace;
  let text = `<${element.name}`;
  const names = Object.keys(attributes);
  for (const name of names.length > 1 ? names.sort() : names) {
    const value = attributes[name];
    if (value === null || value === undefined || (name === "xmlns" && value === parentNamespace)) continue;
    text += ` ${name}="${escapeXML(String(value))}"`;
  }
  if (element.children.length === 0) return `${text}/>`;
  text += ">";
  for (const child of element.children)
    text += typeof child === "string" ? escapeXMLText(child) : writeNormal(child, namespace);
  return `${text}</${element.name}>`;
}

/**
 * Parses the XML of a payload, strictly and within the limits of a stream: any number of whole elements.
 *
 * @throws {InvalidInput} Source: RFC 6120 §11.
 */
export function parsePayload(text: string): Element[] {
  const elements: Element[] = [];
  let failure: unknown;
  const parser = new StreamParser();
  parser.on("element", (element) => elements.push(element));
  parser.on("refused", (_head, error) => (failure ??= error));
  parser.on("error", (error) => (failure ??= error));
  parser.write("<payload>");
  const isInside = parser.write(text);
  parser.end("</payload>");
  if (!isInside || failure !== undefined || elements.length === 0)
    throw new InvalidInput("a payload is well-formed XML within the limits", failure);
  return elements;
}
