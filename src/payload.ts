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

/** Reads payloads as the stanzas of one stream: to begin a stream takes longer than to read a short payload. */
class PayloadReader {
  readonly #parser = new StreamParser();
  #elements: Element[] = [];
  #failure: unknown;

  constructor() {
    this.#parser.on("element", (element) => this.#elements.push(element));
    this.#parser.on("refused", (_head, error) => (this.#failure ??= error));
    this.#parser.on("error", (error) => (this.#failure ??= error));
    this.#parser.write("<payload>");
  }

  /** Why it could not read a payload, after which it is not to be used any more. */
  get failure(): unknown {
    return this.#failure;
  }

  /** `undefined` when it is no number of whole elements. */
  read(text: string): Element[] | undefined {
    const elements: Element[] = [];
    this.#elements = elements;
    this.#parser.write(text);
    const count = elements.length;
    // An element of our own is one of the stream only when everything before it is closed
    this.#parser.write("<end/>");
    const isWhole = elements.length === count + 1 && this.#failure === undefined;
    return isWhole && count > 0 ? elements.slice(0, count) : undefined;
  }
}

let reader = new PayloadReader();

/**
 * Parses the XML of a payload, strictly and within the limits of a stream: any number of whole elements.
 *
 * @throws {InvalidInput} Source: RFC 6120 §11.
 */
export function parsePayload(text: string): Element[] {
  const elements = reader.read(text);
  if (elements) return elements;
  const { failure } = reader;
  reader = new PayloadReader();
  throw new InvalidInput("a payload is well-formed XML within the limits", failure);
}
