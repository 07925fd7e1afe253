import { createHash } from "node:crypto";
import { NS, OMEMO2_DEVICE_LIST_NODE, OMEMO_DEVICE_LIST_NODE } from "../../src/namespaces.js";
import { attribute, type Element, xml } from "../../src/xml.js";

const NODE = "urn:twotick:sdk";
const IDENTITY = { category: "client", type: "bot", name: "Twotick" };

/** What this device can do; XEP-0163 §4.3: `+notify` asks for pushed device lists. */
const FEATURES = [
  NS.discoInfo,
  NS.caps,
  NS.ping,
  // What tells it from an ordinary app: it opens its mailbox itself
  NS.mailbox,
  NS.omemo,
  NS.omemo2,
  `${OMEMO_DEVICE_LIST_NODE}+notify`,
  `${OMEMO2_DEVICE_LIST_NODE}+notify`,
].sort();

/** XEP-0115 §5.1: the hash that names these abilities. */
const VERIFICATION = createHash("sha1")
  .update(`${IDENTITY.category}/${IDENTITY.type}//${IDENTITY.name}<${FEATURES.join("<")}<`)
  .digest("base64");

/**
 * The presence that makes the server push device lists here.
 *
 * Its priority is negative: plain messages to the account are for its other apps. Source: RFC 6121 §8.5.2.1.1
 */
export function presenceWithCaps(): Element {
  return xml(
    "presence",
    {},
    xml("priority", {}, "-1"),
    xml("c", { xmlns: NS.caps, hash: "sha-1", node: NODE, ver: VERIFICATION }),
  );
}

/** Answers what this device can do. Source: XEP-0030 §3.1. */
export function describeDevice(query: Element): Element {
  return xml(
    "query",
    { xmlns: NS.discoInfo, node: attribute(query, "node") },
    xml("identity", IDENTITY),
    ...FEATURES.map((name) => xml("feature", { var: name })),
  );
}
