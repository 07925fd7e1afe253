import { NS } from "../../src/namespaces.js";
import { writeNormal } from "../../src/payload.js";
import { childElements, type Element, namespaceOf } from "../../src/xml.js";

/** Namespaces of what only a server, a room or a service may say to somebody: it is left out, from whomever it comes. */
const SERVED: ReadonlySet<string> = new Set([
  NS.addresses,
  NS.archive,
  NS.bind,
  NS.carbons,
  NS.delay,
  NS.mailbox,
  NS.mucUser,
  NS.pubsub,
  NS.pubsubEvent,
  NS.pubsubOwner,
  NS.sasl,
  NS.signUp,
  NS.stanzaErrors,
  NS.stream,
  NS.streamErrors,
  NS.streamManagement,
  NS.tls,
  // XEP-0091, which XEP-0203 replaced and apps still read
  "jabber:x:delay",
  // XEP-0144 §3: whom to add is suggested by services
  "http://jabber.org/protocol/rosterx",
  // XEP-0297 §3: with it copies are forged that seem to come from somebody else
  "urn:xmpp:forward:0",
  // XEP-0355 §4.1, XEP-0356 §4.2
  "urn:xmpp:delegation:2",
  "urn:xmpp:privilege:2",
]);

/** The namespaces that a child of a message inherits from its stream. */
const STREAM_NAMESPACES: ReadonlySet<string> = new Set(["", NS.client, NS.component]);

/**
 * The children of a message that a person may say, each with its own namespace.
 *
 * The elements are those of the message, changed: prefixed attributes are gone.
 */
export function cleanChildren(message: Element): Element[] {
  return childElements(message).flatMap((child) => {
    const namespace = namespaceOf(child);
    if (SERVED.has(namespace) || isNotPlain(child)) return [];
    // XEP-0359 §5: the stanza id is a server's
    if (child.is("stanza-id", NS.stanzaIds)) return [];
    if (STREAM_NAMESPACES.has(namespace)) {
      // RFC 6121 §5.2: what else is in this namespace is a stanza or its error
      if (!["body", "subject", "thread"].includes(child.name)) return [];
      child.attrs["xmlns"] = NS.client;
    } else child.attrs["xmlns"] = namespace;
    return [child];
  });
}

/** Writes elements in normal form, as payloads of a mailbox are. */
export function writeChildren(elements: readonly Element[]): string {
  return elements.map((element) => writeNormal(element)).join("");
}

// A prefix stands for a namespace that is bound elsewhere
function isNotPlain(element: Element): boolean {
  if (element.name.includes(":")) return true;
  for (const name of Object.keys(element.attrs))
    if (name.includes(":") && !name.startsWith("xml:")) delete element.attrs[name];
  return childElements(element).some(isNotPlain);
}
