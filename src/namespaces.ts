/** Every XML namespace that Twotick reads or writes, by the name of its specification. */
export const NS = {
  /** RFC 6120 §4.8.2 */
  client: "jabber:client",
  /** XEP-0114 §4 */
  component: "jabber:component:accept",
  /** RFC 6120 §8.3.3 */
  stanzaErrors: "urn:ietf:params:xml:ns:xmpp-stanzas",
  /** RFC 6120 §4.9.2 */
  streamErrors: "urn:ietf:params:xml:ns:xmpp-streams",
  /** RFC 6120 §4.8.1 */
  stream: "http://etherx.jabber.org/streams",
  /** RFC 6120 §5.4.2.1 */
  tls: "urn:ietf:params:xml:ns:xmpp-tls",
  /** RFC 6120 §6.4.1 */
  sasl: "urn:ietf:params:xml:ns:xmpp-sasl",
  /** RFC 6120 §7.4 */
  bind: "urn:ietf:params:xml:ns:xmpp-bind",
  /** XEP-0004 §3 */
  dataForms: "jabber:x:data",
  /** XEP-0030 §3 */
  discoInfo: "http://jabber.org/protocol/disco#info",
  /** XEP-0030 §4 */
  discoItems: "http://jabber.org/protocol/disco#items",
  /** XEP-0050 §4 */
  commands: "http://jabber.org/protocol/commands",
  /** XEP-0060 §15 */
  pubsub: "http://jabber.org/protocol/pubsub",
  /** XEP-0060 §7.1.5 */
  publishOptions: "http://jabber.org/protocol/pubsub#publish-options",
  /** XEP-0060 §8.2 */
  pubsubOwner: "http://jabber.org/protocol/pubsub#owner",
  /** XEP-0060 §16.4.3 */
  nodeConfig: "http://jabber.org/protocol/pubsub#node_config",
  /** XEP-0060 §6.1.7 */
  pubsubErrors: "http://jabber.org/protocol/pubsub#errors",
  /** XEP-0060 §7.1.2.1 */
  pubsubEvent: "http://jabber.org/protocol/pubsub#event",
  /** XEP-0115 §4 */
  caps: "http://jabber.org/protocol/caps",
  /** XEP-0133 §4 */
  admin: "http://jabber.org/protocol/admin",
  /** XEP-0198 §3 */
  streamManagement: "urn:xmpp:sm:3",
  /** XEP-0199 §4 */
  ping: "urn:xmpp:ping",
  /** XEP-0333 §4 */
  chatMarkers: "urn:xmpp:chat-markers:0",
  /** XEP-0384 0.3 §4: the OMEMO that most apps speak */
  omemo: "eu.siacs.conversations.axolotl",
  /** XEP-0380 §3 */
  encryption: "urn:xmpp:eme:0",
  /** XEP-0334 §4 */
  hints: "urn:xmpp:hints",
  /** docs/protocol.md: submit, attach, deliver */
  mailbox: "urn:twotick:mailbox:1",
  /** docs/sign-up-api.md: why a sign-up was refused, as an application-specific error condition */
  signUp: "urn:twotick:sign-up:1",
} as const;

/** XEP-0384 0.3 §4.2: the PEP node that holds a person's OMEMO device list. */
export const OMEMO_DEVICE_LIST_NODE = `${NS.omemo}.devicelist`;

/** XEP-0384 0.3 §4.3: bundle nodes are this prefix and the device id. */
export const OMEMO_BUNDLE_NODE_PREFIX = `${NS.omemo}.bundles:`;
