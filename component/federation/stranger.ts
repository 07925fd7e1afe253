import type { Jid } from "../../src/jid.js";
import { NS } from "../../src/namespaces.js";
import { escapeXML } from "../../src/xml.js";
import type { Context } from "../capability.js";
import { strangerLocal } from "./address.js";

/** Source: XEP-0085 §5 */
export const CHAT_STATES = "http://jabber.org/protocol/chatstates";

/** Somebody on another server, as the component knows them. */
export interface Stranger {
  readonly jid: Jid;
  /** The localpart of their address at the component's domain. */
  readonly local: string;
  /** That address. */
  readonly address: string;
  /** The keyed hash of the localpart. */
  readonly hash: Buffer;
}

/** Somebody on another server, if the configuration lets them write and they have an address here. */
export function knownStranger(
  { config, vault }: Pick<Context, "config" | "vault">,
  jid: Jid,
): Stranger | undefined {
  const { federation, host, link } = config;
  if (!federation.allowed || jid.domain === host.domain || jid.domain === link.domain) return undefined;
  if (federation.domains.length > 0 && !federation.domains.includes(jid.domain)) return undefined;
  const local = strangerLocal(jid);
  if (local === undefined) return undefined;
  return { jid, local, address: `${local}@${link.domain}`, hash: vault.hashLocalpart(local) };
}

/** Writes a receipt or a marker. Source: XEP-0184 §5.3, XEP-0333 §4 */
export function writeNotice(kind: "received" | "displayed", id: string): string {
  const namespace = kind === "received" ? NS.receipts : NS.chatMarkers;
  return `<${kind} xmlns='${namespace}' id='${escapeXML(id)}'/>`;
}
