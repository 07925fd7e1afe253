import { Jid } from "../../src/jid.js";
import type { SetAsideRow } from "../admin/set-aside-store.js";

/** An entry that is set aside, as the dashboard shows it: a browser learns no address. */
export type ShownEntry = Omit<SetAsideRow, "messageId">;

/** Leaves out of an entry what a page has no need to know. */
export function shownEntry(row: SetAsideRow): ShownEntry {
  const { id, kind, account, deviceId, sizeBytes, enteredAt, setAsideAt } = row;
  const shown = account === null ? null : maskedAccount(account);
  return { id, kind, account: shown, deviceId, sizeBytes, enteredAt, setAsideAt };
}

/** A bare JID whose localpart, which may be or hold a number, can be recognized but not read. */
export function maskedAccount(account: string): string {
  const { local, domain } = Jid.parse(account);
  const shown = local.length < 8 ? local.slice(0, 1) : `${local.slice(0, 2)}…${local.slice(-2)}`;
  return `${shown}${local.length < 8 ? "…" : ""}@${domain}`;
}
