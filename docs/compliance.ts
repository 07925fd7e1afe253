/** Whom XEP-0479 asks for a feature: `all` from the first level on, `advanced` at the advanced one, `none` at neither. */
type Asked = "all" | "advanced" | "none";

/** A row of a compliance suite, and how it is met. */
export interface Feature {
  readonly name: string;
  /** Specifications that provide it. */
  readonly providers: readonly string[];
  readonly server: Asked;
  readonly client: Asked;
  /** The server side: the stock host with the component. */
  readonly host: Met;
  /** The client side: the SDK. */
  readonly sdk: Met;
}

/** How far, how, and the tests that show it (paths below `test/`, without `.test.ts`). */
export type Met = readonly [
  degree: "yes" | "partly" | "no" | "n/a",
  how: string,
  ...tests: readonly string[],
];

const NONE: Met = ["n/a", ""];
const OF_THE_HOST = "the host's own";

function row(name: string, providers: string, asked: readonly [Asked, Asked], host: Met, sdk: Met): Feature {
  return { name, providers: providers.split(", "), server: asked[0], client: asked[1], host, sdk };
}

const CALL: Met = ["no", "the SDK has no calls"];

/** The suites of XEP-0479 0.1.0 (2023), row by row; the Web suite is left out: the SDK opens TCP connections only. */
export const SUITES: Readonly<Record<string, readonly Feature[]>> = {
  Core: [
    row(
      "Core features",
      "RFC 6120",
      ["all", "all"],
      ["yes", OF_THE_HOST],
      ["yes", "", "sdk/connection/connection"],
    ),
    row(
      "TLS",
      "RFC 7590",
      ["all", "all"],
      ["yes", OF_THE_HOST],
      ["yes", "unless forbidden, for tests on loopback", "sdk/connection/tls"],
    ),
    row(
      "Direct TLS",
      "XEP-0368",
      ["advanced", "advanced"],
      ["yes", `${OF_THE_HOST} (\`c2s_direct_tls_ports\`)`],
      ["partly", "to an address that is given; no SRV look-up", "sdk/connection/xep-0368"],
    ),
    row(
      "Feature discovery",
      "XEP-0030",
      ["all", "all"],
      ["yes", "host, component and numbers", "plays/contacts-presence", "plays/pep-notifications"],
      ["partly", "answers; asks little", "plays/pep-notifications"],
    ),
    row(
      "Feature broadcasts",
      "XEP-0115",
      ["advanced", "all"],
      ["yes", "host, component and numbers", "plays/contacts-presence", "src/caps-hash"],
      ["partly", "announces its own; reads nobody's"],
    ),
    row(
      "Server extensibility",
      "XEP-0114",
      ["all", "none"],
      ["yes", "this is how the component is attached", "component/link/link-prosody"],
      NONE,
    ),
    row(
      "Event publishing",
      "XEP-0163",
      ["advanced", "advanced"],
      [
        "yes",
        "`pep` on the host; at a number, reading, and events of OMEMO, name and picture",
        "plays/bundles",
        "plays/pep-notifications",
        "plays/profile-notifications",
      ],
      ["partly", "OMEMO nodes", "sdk/omemo/publish"],
    ),
  ],
  IM: [
    row(
      "Core features",
      "RFC 6121",
      ["all", "all"],
      ["yes", "host; subscription and presence at numbers", "plays/contacts-presence"],
      ["no", "messages by number; no roster, no subscriptions"],
    ),
    row("The /me command", "XEP-0245", ["none", "all"], NONE, ["no", "a text like any other"]),
    row(
      "User avatars",
      "XEP-0084",
      ["none", "advanced"],
      [
        "partly",
        "read at a number by those who may, and pushed to them as it changes",
        "plays/contacts-profile",
        "plays/profile-notifications",
        "interop/slixmpp-profile",
      ],
      ["no", ""],
    ),
    row(
      "User avatar compatibility",
      "XEP-0398, XEP-0153",
      ["advanced", "advanced"],
      ["partly", "the host's own; at a number the hash in presence is passed on", "plays/presence-details"],
      ["no", ""],
    ),
    row(
      "vcard-temp",
      "XEP-0054",
      ["all", "all"],
      [
        "partly",
        "the host's own; read at a number: name and picture",
        "plays/contacts-profile",
        "interop/slixmpp-contacts",
      ],
      ["no", ""],
    ),
    row(
      "Outbound message synchronization",
      "XEP-0280",
      ["all", "all"],
      [
        "yes",
        "`carbons` on the host; what the component brings is not copied",
        "plays/apps-messages",
        "interop/slixmpp",
      ],
      ["no", "the component gives each device its copy"],
    ),
    row(
      "User blocking",
      "XEP-0191",
      ["advanced", "advanced"],
      [
        "partly",
        "`blocklist` on the host; the component answers too, and finds out what is blocked on the host",
        "plays/contacts-presence",
        "interop/slixmpp-contacts",
      ],
      ["partly", "of numbers", "sdk/client/blocking"],
    ),
    row("Group chat", "XEP-0045, XEP-0249", ["all", "all"], ["no", "not through numbers"], ["no", ""]),
    row(
      "Advanced group chat",
      "XEP-0048, XEP-0313, XEP-0402, XEP-0410",
      ["advanced", "advanced"],
      ["no", "not through numbers"],
      ["no", ""],
    ),
    row(
      "Persistent storage of private data via PubSub",
      "XEP-0223",
      ["advanced", "advanced"],
      ["yes", OF_THE_HOST],
      ["no", ""],
    ),
    row("Private XML storage", "XEP-0049", ["advanced", "advanced"], ["yes", OF_THE_HOST], ["no", ""]),
    row(
      "Stream management",
      "XEP-0198",
      ["advanced", "advanced"],
      ["yes", OF_THE_HOST],
      ["yes", "", "sdk/connection/stream-management", "sdk/connection/reconnect"],
    ),
    row(
      "Message acknowledgements",
      "XEP-0184",
      ["none", "advanced"],
      ["yes", "an app's receipt is its acknowledgement", "plays/apps-messages", "interop/slixmpp"],
      ["partly", "a receipt is an acknowledgement of the mailbox protocol", "plays/mailbox"],
    ),
    row(
      "History storage and retrieval",
      "XEP-0313",
      ["advanced", "advanced"],
      ["no", "the archive is best off: the mailbox stands in its place"],
      ["no", ""],
    ),
    row(
      "Chat states",
      "XEP-0085",
      ["none", "advanced"],
      ["yes", "passed to apps that are online", "plays/apps-messages"],
      ["no", ""],
    ),
    row(
      "Message correction",
      "XEP-0308",
      ["none", "advanced"],
      ["yes", "passed", "plays/apps-messages"],
      ["yes", "written and read", "src/message-content"],
    ),
    row(
      "File upload",
      "XEP-0363",
      ["all", "all"],
      ["partly", "the host's own, where enabled; links pass", "plays/pep-messages"],
      ["no", ""],
    ),
    row(
      "Direct file transfer",
      "XEP-0234, XEP-0261",
      ["none", "advanced"],
      ["no", "refused between numbers", "plays/passing"],
      ["no", ""],
    ),
  ],
  Mobile: [
    row(
      "Stream management",
      "XEP-0198",
      ["all", "all"],
      ["yes", OF_THE_HOST],
      ["yes", "", "sdk/connection/stream-management", "sdk/connection/reconnect"],
    ),
    row(
      "Client state indication",
      "XEP-0352",
      ["all", "all"],
      ["yes", `${OF_THE_HOST} (\`csi_simple\`)`],
      ["no", ""],
    ),
    row(
      "Third party push notifications",
      "XEP-0357",
      ["advanced", "advanced"],
      ["no", "not in Prosody 0.12; not in the component"],
      ["no", ""],
    ),
  ],
  Calls: [
    row(
      "Call set-up",
      "XEP-0167, XEP-0353",
      ["none", "all"],
      ["yes", "passed between apps of two numbers", "plays/passing", "interop/slixmpp-contacts"],
      CALL,
    ),
    row("Transport", "XEP-0176", ["none", "all"], ["yes", "passed within Jingle", "plays/xeps"], CALL),
    row("Encryption", "XEP-0320", ["none", "all"], ["yes", "passed within Jingle", "plays/xeps"], CALL),
    row(
      "STUN and TURN server discovery",
      "XEP-0215",
      ["all", "all"],
      ["yes", `${OF_THE_HOST} (\`turn_external\`), asked for there, not at a number`],
      CALL,
    ),
    row(
      "Quality and performance improvements",
      "XEP-0293, XEP-0294, XEP-0338, XEP-0339",
      ["none", "advanced"],
      ["yes", "passed within Jingle", "plays/xeps"],
      CALL,
    ),
  ],
};
