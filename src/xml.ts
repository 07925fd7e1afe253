import { createElement, Element, escapeXML, escapeXMLText, Parser } from "@xmpp/xml";
import { InvalidInput, isStanzaCondition, StanzaError } from "./errors.js";
import { NS } from "./namespaces.js";

export { Element, escapeXML, escapeXMLText };

/** Attributes of an element to be made; `undefined` leaves one out. */
export type Attributes = Record<string, string | number | undefined>;

/** Makes an element: name, attributes, children (elements or text). */
export function xml(
  name: string,
  attributes: Attributes = {},
  ...children: readonly (Element | string | undefined)[]
): Element {
  const element = createElement(name, attributes);
  for (const child of children) {
    if (child === undefined) continue;
    if (typeof child === "string") element.t(child);
    else element.append(child);
  }
  return element;
}

/** The child elements of an element, without its text. */
export function childElements(element: Element): Element[] {
  return element.children.filter((child): child is Element => typeof child !== "string");
}

/** The namespace that an element is in: its own `xmlns` or an ancestor's. */
export function namespaceOf(element: Element): string {
  return element.getNS() ?? "";
}

/** An attribute that must be there. @throws {StanzaError} `bad-request` naming it when it is not. */
export function requireAttribute(element: Element, name: string): string {
  const value: unknown = Object.hasOwn(element.attrs, name) ? element.attrs[name] : undefined;
  if (typeof value !== "string")
    throw new StanzaError("bad-request", `<${element.name}/> lacks the attribute ${name}`);
  return value;
}

/** An attribute that may be missing. */
export function attribute(element: Element, name: string): string | undefined {
  const value: unknown = Object.hasOwn(element.attrs, name) ? element.attrs[name] : undefined;
  return typeof value === "string" ? value : undefined;
}

/**
 * Runs a reader of untrusted values and turns what it finds wrong into a `bad-request` that says so.
 *
 * @throws {StanzaError} in place of any `InvalidInput`
 */
export function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    // Anything else is a fault of ours, whose text is not for peers
    if (!(error instanceof InvalidInput)) throw error;
    throw new StanzaError("bad-request", error.message, { cause: error });
  }
}

/** Writes a stanza error as its `<error/>` element. Source: RFC 6120 §8.3.2. */
export function stanzaErrorElement(error: StanzaError): Element {
  return xml(
    "error",
    { type: error.type },
    xml(error.condition, { xmlns: NS.stanzaErrors }),
    xml("text", { xmlns: NS.stanzaErrors }, error.message),
    error.applicationCondition === undefined
      ? undefined
      : xml(error.applicationCondition, { xmlns: error.applicationNamespace ?? NS.mailbox }),
  );
}

/** Reads an `<error/>` element; what is unknown becomes `undefined-condition`. Source: RFC 6120 §8.3.2. */
export function parseStanzaError(error: Element | undefined): StanzaError {
  const children = error ? childElements(error) : [];
  const condition = children.find((c) => namespaceOf(c) === NS.stanzaErrors && c.name !== "text");
  const text = error?.getChildText("text", NS.stanzaErrors) ?? condition?.name ?? "the peer refused";
  const application = children.find((c) => namespaceOf(c) !== NS.stanzaErrors);
  const type = error ? attribute(error, "type") : undefined;
  const known = isStanzaCondition(condition?.name) ? condition.name : "undefined-condition";
  return new StanzaError(known, text, {
    ...(isStanzaErrorType(type) ? { type } : {}),
    ...(application
      ? { applicationCondition: application.name, applicationNamespace: namespaceOf(application) }
      : {}),
  });
}

function isStanzaErrorType(type: string | undefined): type is StanzaError["type"] {
  return type !== undefined && ["auth", "cancel", "continue", "modify", "wait"].includes(type);
}

/**
 * Parses one whole XML document of our own making (a stored payload).
 *
 * @throws {StanzaError} `bad-request` when it is not one well-formed element
 */
export function parseXml(text: string): Element {
  const parser = new Parser();
  let root: Element | undefined;
  let isWhole = false;
  let failure: unknown;
  const failWith = (reason: unknown): void => void (failure ??= reason);
  parser.on("start", (element: Element) => (root = element));
  parser.on("element", (element: Element) =>
    isWhole ? failWith(new InvalidInput("a second element")) : root?.append(element),
  );
  parser.on("end", () => (isWhole ? failWith(new InvalidInput("closed twice")) : (isWhole = true)));
  parser.on("error", failWith);
  try {
    parser.write(text);
  } catch (error) {
    // The parser takes a closing tag without an opening one, and an unknown entity, for a fault of its caller
    failWith(error);
  }
  if (failure !== undefined || !root || !isWhole)
    throw new StanzaError("bad-request", "not well-formed XML", { cause: failure });
  return root;
}
