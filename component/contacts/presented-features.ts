import { NS } from "../../src/namespaces.js";
import { xml, type Element } from "../../src/xml.js";
import { capsHash } from "../../src/caps-hash.js";

/** What names the features of a person's app behind a number among all that announce caps. */
const CAPS_NODE = "urn:twotick:number";

/**
 * What an app behind a number can do that also works through the number.
 *
 * Left out is what would be a promise that nobody keeps: commands, rooms, file transfer between clients, `+notify`
 * (the number's own caps ask for events), and what tells more of a person than is asked for: version, time, software.
 */
const PASSED: ReadonlySet<string> = new Set([
  NS.chatMarkers,
  NS.chatStates,
  NS.correction,
  NS.encryption,
  NS.fallback,
  NS.idle,
  NS.jingle,
  NS.jingleMessage,
  NS.omemo2,
  NS.ping,
  NS.reactions,
  NS.receipts,
  NS.replies,
  NS.retraction,
  NS.stanzaIds,
  "jabber:x:oob",
  "urn:xmpp:styling:0",
  // XEP-0167, XEP-0176, XEP-0293, XEP-0294, XEP-0320, XEP-0338, XEP-0339: calls
  "urn:ietf:rfc:5576",
  "urn:ietf:rfc:5888",
  "urn:xmpp:jingle:apps:dtls:0",
  "urn:xmpp:jingle:apps:grouping:0",
  "urn:xmpp:jingle:apps:rtp:1",
  "urn:xmpp:jingle:apps:rtp:audio",
  "urn:xmpp:jingle:apps:rtp:rtcp-fb:0",
  "urn:xmpp:jingle:apps:rtp:rtp-hdrext:0",
  "urn:xmpp:jingle:apps:rtp:ssma:0",
  "urn:xmpp:jingle:apps:rtp:video",
  "urn:xmpp:jingle:transports:ice-udp:1",
  "urn:xmpp:jingle:transports:ice:0",
]);

/** What the component answers itself at the JID of an app behind a number, and gives for it: receipts are those of its mailbox. */
const ANSWERED: readonly string[] = [NS.caps, NS.discoInfo, NS.receipts];

/** The features of an app that hold through a number, sorted. */
export function passedFeatures(features: Iterable<string>): string[] {
  return [...new Set([...ANSWERED, ...[...features].filter((feature) => PASSED.has(feature))])].sort();
}

/** What disco#info says of an app behind a number: that there is one, and what works; not which one. */
export function describeApp(features: Iterable<string>): Element[] {
  return [
    xml("identity", { category: "client", type: "phone" }),
    ...passedFeatures(features).map((feature) => xml("feature", { var: feature })),
  ];
}

/** What all of several apps can do: true whichever of them a stanza reaches. */
export function commonFeatures(apps: readonly Iterable<string>[]): string[] {
  const [first, ...others] = apps.map((features) => new Set(passedFeatures(features)));
  if (!first) return [];
  return [...first].filter((feature) => others.every((features) => features.has(feature)));
}

/** The hash of what {@link describeApp} answers. Source: XEP-0115 §5.1 */
export function capsVersion(features: Iterable<string>): string {
  return capsHash(xml("query", { xmlns: NS.discoInfo }, ...describeApp(features)), "sha-1") ?? "";
}

/** The child of a presence that names an app's features by their hash. Source: XEP-0115 §4 */
export function capsElement(features: Iterable<string>): Element {
  return xml("c", { xmlns: NS.caps, hash: "sha-1", node: CAPS_NODE, ver: capsVersion(features) });
}

/** Whether a disco#info node is the one that an app's caps name. Source: XEP-0115 §6.2 */
export function isCapsNode(node: string, features: Iterable<string>): boolean {
  return node === `${CAPS_NODE}#${capsVersion(features)}`;
}
