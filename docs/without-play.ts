/** Why a specification has no play, and what shows that it is spoken: of its tests in `docs/support.ts`, those that stand in for it. */
export interface Excuse {
  readonly reason: string;
  readonly shownBy: readonly string[];
}

/** XEPs that are spoken and of which no play of stanzas can be written, and why; all others have `test/plays/xeps/xep-….scs`. */
export const WITHOUT_PLAY: Readonly<Record<string, Excuse>> = {
  "XEP-0106": {
    reason: "spoken where people of other servers may write, which takes a second server",
    shownBy: ["abuse/federation-allowed", "component/federation/address"],
  },
  "XEP-0170": {
    reason: "over before the first stanza; the server takes no other order",
    shownBy: ["sdk/connection/tls", "sdk/connection/reconnect"],
  },
  "XEP-0198": {
    reason: "below the stanzas, which come the same whether a session was resumed or begun anew",
    shownBy: ["sdk/connection/reconnect", "sdk/connection/stream-management"],
  },
  "XEP-0368": {
    reason: "below the stanzas, and the server of plays has no certificate",
    shownBy: ["sdk/connection/xep-0368"],
  },
  "XEP-0401": {
    reason: "asked of the host by the component for the web page and the API of sign-up",
    shownBy: ["component/invitations/xep-0401", "component/welcome/chromium"],
  },
  "XEP-0420": {
    reason: "within what SDK devices encrypt",
    shownBy: ["src/envelope", "src/envelope-affixes"],
  },
  "XEP-0434": {
    reason: "within what SDK devices encrypt",
    shownBy: ["src/trust-message", "sdk/omemo/trust-messages"],
  },
  "XEP-0445": {
    reason: "handed out by the web page and the API of sign-up, and used before there is an account",
    shownBy: ["component/invitations/xep-0401", "component/welcome/chromium"],
  },
  "XEP-0450": {
    reason: "within what SDK devices encrypt, and what they make of it",
    shownBy: ["sdk/omemo/trust/xep-0450"],
  },
};
