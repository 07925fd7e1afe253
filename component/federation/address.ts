import { Jid } from "../../src/jid.js";

/** The localpart of a JID is this long at most, in bytes. Source: RFC 6122 §2.3 */
const MAX_LOCAL_BYTES = 1023;

/**
 * The localpart under which somebody on another server stands at the component's domain: the bare JID, escaped.
 *
 * @returns `undefined` when it has none: a bare domain, or an address that is too long
 * Source: XEP-0106 §4.2
 */
export function strangerLocal(jid: Jid): string | undefined {
  if (jid.local === "" || jid.domain.includes("\\")) return undefined;
  // A backslash of its own could otherwise be read as the beginning of an escape
  const local = `${jid.local.replaceAll("\\", "\\5c")}\\40${jid.domain}`;
  return Buffer.byteLength(local) <= MAX_LOCAL_BYTES ? local : undefined;
}

/** The bare JID of whom a localpart made by {@link strangerLocal} stands for; `undefined` for every other one. */
export function strangerJid(local: string): Jid | undefined {
  const at = local.lastIndexOf("\\40");
  if (at < 1) return undefined;
  const jid = Jid.tryParse(`${local.slice(0, at).replaceAll("\\5c", "\\")}@${local.slice(at + 3)}`);
  // One address for each, and each address for one
  return jid && !jid.isFull && strangerLocal(jid) === local ? jid : undefined;
}
