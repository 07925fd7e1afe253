import type { Implementation } from "./implementation.js";

const CALLS: Implementation = {
  component: [
    "partial",
    "passed between the apps of two numbers unread; announced for a number's apps that can",
  ],
  tests: ["plays/passing", "interop/slixmpp-contacts"],
};

/** Every XEP that is spoken. One whose section the sources name stands here or in `docs/named-only.ts`. */
export const IMPLEMENTED: Readonly<Record<string, Implementation>> = {
  "XEP-0004": {
    component: [
      "partial",
      "forms of the types form, submit, result and cancel; fields as the commands need them",
    ],
    sdk: ["partial", "submits forms of linking, and node configurations"],
    tests: ["src/data-form", "plays/registration", "component/commands/xep-0050"],
  },
  "XEP-0012": {
    component: ["partial", "answered for a number, to those whom its person lets know; no server uptime"],
    tests: ["plays/contacts-profile"],
  },
  "XEP-0030": {
    component: [
      "complete",
      "info and items of the component, its commands, numbers and the apps behind them",
    ],
    sdk: ["partial", "answers what the device can do; asks nothing but whether the component is there"],
    tests: ["plays/contacts-presence", "plays/pep-notifications", "component/commands/xep-0050"],
  },
  "XEP-0050": {
    component: ["complete", "all actions and error conditions; commands of several forms, or one form a run"],
    sdk: ["partial", "links a number by the component's command"],
    tests: [
      "component/commands/xep-0050",
      "plays/registration",
      "interop/profanity-sign-up",
      "sdk/sign-up/link-number",
      "interop/slixmpp-sign-up",
    ],
  },
  "XEP-0054": {
    component: ["partial", "read of a number: name and picture; never written through it"],
    tests: ["plays/contacts-profile", "component/contacts/vcard", "interop/slixmpp-contacts"],
  },
  "XEP-0055": {
    component: ["partial", "search by number, with a form or the old field"],
    tests: ["plays/lookups", "interop/slixmpp-contacts"],
  },
  "XEP-0060": {
    component: [
      "partial",
      "reading of an allow-list of nodes of a number, and subscribing to its news for as long as the app is there; nothing can be written or configured",
    ],
    sdk: ["partial", "publishes own OMEMO nodes and configures them, reads those of others, takes events"],
    tests: ["plays/bundles", "plays/pep-notifications", "sdk/omemo/publish", "sdk/omemo/prosody"],
  },
  "XEP-0068": {
    component: ["complete", "the forms' FORM_TYPE"],
    sdk: ["complete", "the forms' FORM_TYPE"],
    tests: ["src/data-form"],
  },
  "XEP-0077": {
    component: [
      "partial",
      "links the number of an account that exists, by fields and by form; gives it up; no passwords",
    ],
    tests: ["plays/registration", "interop/slixmpp-sign-up"],
  },
  "XEP-0082": {
    component: ["partial", "DateTime in UTC"],
    sdk: ["partial", "DateTime in UTC"],
    tests: ["src/clock"],
  },
  "XEP-0084": {
    component: [
      "partial",
      "data and metadata read of a number by those who may see it, without addresses of pictures; changes pushed to those who ask by caps",
    ],
    tests: ["plays/contacts-profile", "plays/profile-notifications", "interop/slixmpp-profile"],
  },
  "XEP-0085": {
    component: ["partial", "passed to apps that are online, never kept"],
    tests: ["plays/apps-messages", "component/apps/message", "interop/slixmpp"],
  },
  "XEP-0100": {
    component: ["partial", "the prompt of jabber:iq:gateway; there is no other network behind it"],
    tests: ["plays/lookups", "interop/slixmpp-contacts"],
  },
  "XEP-0106": {
    component: ["partial", "escapes the addresses of people on other servers, where federation is allowed"],
    tests: ["component/federation/address", "abuse/federation-allowed", "interop/slixmpp-strangers"],
  },
  "XEP-0114": {
    component: ["complete", "the component's side of the accept stream"],
    tests: ["component/link/link", "component/link/link-prosody"],
  },
  "XEP-0115": {
    component: ["partial", "own, of every number and of the apps behind it; hashes of apps are verified"],
    sdk: ["partial", "announces its own"],
    tests: ["src/caps-hash", "plays/contacts-presence", "plays/availability"],
  },
  "XEP-0133": {
    component: ["partial", "asks the host to add and delete users, to change passwords and to end sessions"],
    tests: ["component/accounts/host-accounts"],
  },
  "XEP-0144": {
    component: ["partial", "suggests additions, to apps that announce it"],
    tests: ["plays/lookups", "interop/slixmpp-sign-up"],
  },
  "XEP-0153": {
    component: ["partial", "the hash in an app's presence is passed on to those who may see the picture"],
    tests: ["plays/presence-details"],
  },
  "XEP-0163": {
    component: [
      "partial",
      "a number's OMEMO device lists, nickname and picture are pushed to apps that ask by caps; no publishing at a number",
    ],
    sdk: ["partial", "publishes its own lists and takes pushed ones"],
    tests: [
      "plays/pep-notifications",
      "plays/profile-notifications",
      "plays/bundles",
      "sdk/omemo/publish",
      "interop/slixmpp-profile",
    ],
  },
  "XEP-0166": CALLS,
  "XEP-0167": CALLS,
  "XEP-0170": {
    sdk: ["complete", "TLS, SASL, then binding or resumption"],
    tests: ["sdk/connection/tls", "sdk/connection/connection", "sdk/connection/reconnect"],
  },
  "XEP-0172": {
    component: [
      "partial",
      "the published nickname of a number is read by those who may see it, and pushed to those of them who ask by caps",
    ],
    tests: ["plays/contacts-profile", "plays/profile-notifications", "interop/slixmpp-profile"],
  },
  "XEP-0176": CALLS,
  "XEP-0184": {
    component: [
      "partial",
      "an app's receipt acknowledges its mailbox entry and becomes the sender's; the chat gives its own",
    ],
    tests: [
      "plays/apps-messages",
      "plays/speaking-resource",
      "plays/chat",
      "interop/slixmpp",
      "interop/profanity-messages",
    ],
  },
  "XEP-0191": {
    component: [
      "partial",
      "block, unblock and list at the component, pushed to whoever asked for the list; blocks made on the host are found out",
    ],
    sdk: ["partial", "blocks and unblocks numbers, reads the list"],
    tests: ["plays/blocking", "plays/contacts-presence", "sdk/client/blocking", "interop/slixmpp-contacts"],
  },
  "XEP-0198": {
    sdk: ["partial", "acknowledgement and resumption; no location hint"],
    tests: ["sdk/connection/stream-management", "sdk/connection/reconnect"],
  },
  "XEP-0199": {
    component: ["complete", "answers, and probes the link; passes pings between apps of two numbers"],
    sdk: ["complete", "answers, and probes its connection"],
    tests: ["component/link/link", "sdk/connection/heartbeat", "plays/passing"],
  },
  "XEP-0201": {
    component: ["partial", "a thread is kept with what is said"],
    tests: ["component/apps/message", "plays/chat"],
  },
  "XEP-0203": {
    component: ["partial", "written on what waited; one that an app wrote is left out"],
    sdk: ["partial", "the time of a message of which the sender does not tell"],
    tests: ["plays/apps-messages", "component/apps/message", "src/envelope-affixes", "interop/slixmpp"],
  },
  "XEP-0280": {
    component: [
      "partial",
      "its own messages ask for no copies; forged ones are left out; carbons are the host's",
    ],
    tests: ["plays/apps-messages", "interop/slixmpp"],
  },
  "XEP-0292": {
    component: ["partial", "the published card read of a number: name and embedded picture"],
    tests: ["plays/contacts-profile", "component/contacts/vcard"],
  },
  "XEP-0293": CALLS,
  "XEP-0294": CALLS,
  "XEP-0300": {
    component: [
      "partial",
      "names of the hash functions in caps: the SHA-1 and SHA-2 that Node has, none that is forbidden",
    ],
    tests: ["src/caps-hash"],
  },
  "XEP-0308": {
    component: ["partial", "passed"],
    sdk: ["partial", "written and read; that a correction may be applied is for the program on it to decide"],
    tests: ["plays/apps-messages", "src/message-content", "interop/slixmpp"],
  },
  "XEP-0319": {
    component: ["partial", "passed on in presence to those who may know when the person was last there"],
    tests: ["plays/presence-details"],
  },
  "XEP-0320": CALLS,
  "XEP-0333": {
    component: ["partial", "displayed markers, to and from apps and devices"],
    sdk: ["partial", "displayed, as a state that is submitted to the component"],
    tests: ["plays/apps-messages", "plays/mailbox", "interop/slixmpp"],
  },
  "XEP-0334": {
    component: ["partial", "no-store is obeyed; store and no-store are written"],
    sdk: ["partial", "store is written on what is encrypted"],
    tests: ["plays/apps-messages", "component/apps/message"],
  },
  "XEP-0338": CALLS,
  "XEP-0339": CALLS,
  "XEP-0353": CALLS,
  "XEP-0359": {
    component: [
      "partial",
      "the origin id is the message's id; a stanza id is given, forged ones are left out",
    ],
    sdk: ["partial", "the origin id is the message's id"],
    tests: ["plays/apps-messages", "component/apps/message"],
  },
  "XEP-0368": {
    sdk: ["partial", "direct TLS to an address that is given; SRV records are not looked up"],
    tests: ["sdk/connection/xep-0368", "sdk/connection/options"],
  },
  "XEP-0380": {
    sdk: ["partial", "written on what is encrypted"],
    tests: ["src/omemo"],
  },
  "XEP-0384": {
    component: [
      "partial",
      "0.3 and 0.8: lists and bundles read and pushed at numbers; names of readers as each knows itself",
    ],
    sdk: ["partial", "0.3 and 0.8 between two people and their own devices; no rooms"],
    tests: [
      "plays/bundles",
      "plays/pep-messages",
      "plays/pep-notifications",
      "interop/matrix",
      "sdk/omemo/versions",
      "interop/profanity-messages",
    ],
  },
  "XEP-0401": {
    component: ["partial", "asks the host for account invitations, for the page and the API of sign-up"],
    tests: ["component/invitations/xep-0401", "component/welcome/chromium"],
  },
  "XEP-0420": {
    sdk: ["partial", "the envelope of OMEMO 2 with its affixes, and what may stand in it"],
    tests: ["src/envelope", "src/envelope-affixes"],
  },
  "XEP-0424": {
    component: ["partial", "passed"],
    sdk: ["partial", "written and read"],
    tests: ["plays/apps-messages", "src/message-content", "interop/slixmpp"],
  },
  "XEP-0426": { sdk: ["complete", "code points"], tests: ["src/message-content"] },
  "XEP-0428": { sdk: ["partial", "of retractions and quotes"], tests: ["src/message-content"] },
  "XEP-0434": {
    sdk: ["partial", "trust messages, encrypted, about own and others' keys"],
    tests: ["src/trust-message", "sdk/omemo/trust-messages"],
  },
  "XEP-0444": {
    component: ["partial", "passed"],
    sdk: ["partial", "written and read"],
    tests: ["plays/apps-messages", "src/message-content", "interop/slixmpp"],
  },
  "XEP-0445": {
    component: ["partial", "hands out the host's tokens; registering is between app and host"],
    tests: ["component/invitations/xep-0401", "component/welcome/chromium"],
  },
  "XEP-0450": {
    sdk: ["partial", "decisions made, kept and applied by trust messages"],
    tests: ["sdk/omemo/trust/xep-0450", "sdk/omemo/trust-policy"],
  },
  "XEP-0461": {
    component: ["partial", "passed"],
    sdk: ["partial", "written and read, with the quote"],
    tests: ["plays/apps-messages", "src/message-content", "interop/slixmpp"],
  },
};
