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
  /** XEP-0033 §3: multicasting that servers act on */
  addresses: "http://jabber.org/protocol/address",
  /** XEP-0055 §2 */
  search: "jabber:iq:search",
  /** XEP-0045 §7: what rooms say of themselves and their occupants */
  mucUser: "http://jabber.org/protocol/muc#user",
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
  /** XEP-0077 §3 */
  register: "jabber:iq:register",
  /** XEP-0100 §6.3 */
  gateway: "jabber:iq:gateway",
  /** XEP-0115 §4 */
  caps: "http://jabber.org/protocol/caps",
  /** XEP-0133 §4 */
  admin: "http://jabber.org/protocol/admin",
  /** XEP-0144 §3 */
  rosterExchange: "http://jabber.org/protocol/rosterx",
  /** XEP-0184 §5 */
  receipts: "urn:xmpp:receipts",
  /** XEP-0198 §3 */
  streamManagement: "urn:xmpp:sm:3",
  /** XEP-0199 §4 */
  ping: "urn:xmpp:ping",
  /** XEP-0203 §2 */
  delay: "urn:xmpp:delay",
  /** XEP-0280 §4 */
  carbons: "urn:xmpp:carbons:2",
  /** XEP-0308 §4 */
  correction: "urn:xmpp:message-correct:0",
  /** XEP-0313 §4 */
  archive: "urn:xmpp:mam:2",
  /** XEP-0359 §3 */
  stanzaIds: "urn:xmpp:sid:0",
  /** XEP-0333 §4 */
  chatMarkers: "urn:xmpp:chat-markers:0",
  /** XEP-0384 0.3 §4: the OMEMO that most apps speak */
  omemo: "eu.siacs.conversations.axolotl",
  /** XEP-0384 0.8 §5: OMEMO 2 */
  omemo2: "urn:xmpp:omemo:2",
  /** XEP-0420 §6.1 */
  sce: "urn:xmpp:sce:1",
  /** XEP-0424 §4 */
  retraction: "urn:xmpp:message-retract:1",
  /** XEP-0428 §3 */
  fallback: "urn:xmpp:fallback:0",
  /** XEP-0444 §3 */
  reactions: "urn:xmpp:reactions:0",
  /** XEP-0461 §3 */
  replies: "urn:xmpp:reply:0",
  /** XEP-0434 0.6 §4 */
  trustMessages: "urn:xmpp:tm:1",
  /** XEP-0450 0.4 §4: the usage that a trust message of automatic trust management names */
  automaticTrust: "urn:xmpp:atm:1",
  /** XEP-0380 §3 */
  encryption: "urn:xmpp:eme:0",
  /** XEP-0334 §4 */
  hints: "urn:xmpp:hints",
  /** XEP-0401: the prefix of the commands that make invitations */
  invite: "urn:xmpp:invite",
  /** docs/sign-up-api.md: the phone books of Quicksy's apps */
  phoneBook: "im.quicksy.synchronization:0",
  /** XEP-0012 §3 */
  lastActivity: "jabber:iq:last",
  /** XEP-0054 §3 */
  vcardTemp: "vcard-temp",
  /** XEP-0084 §4.1 */
  avatarData: "urn:xmpp:avatar:data",
  /** XEP-0084 §4.2 */
  avatarMetadata: "urn:xmpp:avatar:metadata",
  /** XEP-0085 §5 */
  chatStates: "http://jabber.org/protocol/chatstates",
  /** XEP-0153 §4 */
  vcardUpdate: "vcard-temp:x:update",
  /** XEP-0166 §7 */
  jingle: "urn:xmpp:jingle:1",
  /** XEP-0172 §3 */
  nick: "http://jabber.org/protocol/nick",
  /** XEP-0191 §3 */
  blocking: "urn:xmpp:blocking",
  /** XEP-0292 §4: the vCard itself, and the node that it is published at */
  vcard4: "urn:ietf:params:xml:ns:vcard-4.0",
  vcard4Node: "urn:xmpp:vcard4",
  /** XEP-0319 §3 */
  idle: "urn:xmpp:idle:1",
  /** XEP-0353 §3 */
  jingleMessage: "urn:xmpp:jingle-message:0",
  /** docs/decisions/0009-names-in-envelopes.md: to whom a number's message is, inside its envelope */
  envelope: "urn:twotick:envelope:1",
  /** docs/protocol.md: submit, attach, deliver */
  mailbox: "urn:twotick:mailbox:1",
  /** docs/sign-up-api.md: why a sign-up was refused, as an application-specific error condition */
  signUp: "urn:twotick:sign-up:1",
} as const;

/** XEP-0384 0.3 §4.2: the PEP node that holds a person's OMEMO device list. */
export const OMEMO_DEVICE_LIST_NODE = `${NS.omemo}.devicelist`;

/** XEP-0384 0.3 §4.3: bundle nodes are this prefix and the device id. */
export const OMEMO_BUNDLE_NODE_PREFIX = `${NS.omemo}.bundles:`;

/** XEP-0384 0.8 §5.3.1: the PEP node that holds a person's OMEMO 2 device list. */
export const OMEMO2_DEVICE_LIST_NODE = `${NS.omemo2}:devices`;

/** XEP-0384 0.8 §5.3.2: the PEP node that holds all OMEMO 2 bundles, each in the item named by its device id. */
export const OMEMO2_BUNDLES_NODE = `${NS.omemo2}:bundles`;
