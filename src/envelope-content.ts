import { NS } from "./namespaces.js";
import { type Element, namespaceOf } from "./xml.js";

/** Namespaces of which nothing may come out of an envelope: servers and services act on them, or speak by them. */
const SERVED: ReadonlySet<string> = new Set([
  // XEP-0420 §9: hints, addresses and the encryption stand beside the envelope
  NS.hints,
  NS.addresses,
  NS.encryption,
  // An envelope holds no second one, open or encrypted
  NS.sce,
  NS.omemo,
  NS.omemo2,
  // What only a server, a room or a pubsub service may say
  NS.archive,
  NS.carbons,
  NS.delay,
  NS.mucUser,
  NS.pubsubEvent,
  NS.stanzaErrors,
  NS.streamManagement,
  // What makes a stream, and not a message
  NS.bind,
  NS.component,
  NS.sasl,
  NS.stream,
  NS.streamErrors,
  NS.tls,
  // What the component says
  NS.mailbox,
  NS.signUp,
]);

/** RFC 6121 §5.2: what else is in this namespace is a stanza or its error. */
const CLIENT_ELEMENTS: ReadonlySet<string> = new Set(["body", "subject", "thread"]);

/**
 * Whether an element may be read from `<content/>`, as if it had stood in the stanza.
 *
 * @param element a child of `<content/>`, unprefixed. Source: XEP-0420 §9, §10.
 */
export function isAllowedInEnvelope(element: Element): boolean {
  const namespace = namespaceOf(element);
  if (namespace === NS.client) return CLIENT_ELEMENTS.has(element.name);
  // XEP-0359 §3: the origin id is the sender's own, the stanza id a server's
  if (namespace === NS.stanzaIds) return element.name === "origin-id";
  return !SERVED.has(namespace);
}
