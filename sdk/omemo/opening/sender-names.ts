import type { Jid } from "../../../src/jid.js";
import type { Transaction, View } from "../../storage/port.js";
import type { OmemoContext } from "../context.js";
import type { Fingerprint } from "../port.js";
import { nameKey, readJson, writeJson } from "../records.js";

/** An identity that proved itself by a message, and the address that the message came from. */
export interface NamedSender {
  readonly address: string;
  readonly fingerprint: Fingerprint;
}

/** Under which number, and by which account's name, an identity key was met first. */
interface NameRecord {
  readonly address: string;
  readonly account: string;
}

/**
 * Whether a sender may call itself by the name of its account, as apps do that know of no number.
 *
 * Only the server knows whose account is behind a number, and it is not to be asked: so a key is bound, by the first
 * message that it opens, to the number and to the account. From then on the server can pass what it says off as
 * no other number's. docs/decisions/0009-names-in-envelopes.md
 */
export function mayBeNamed(
  { account, keys }: OmemoContext,
  view: View,
  { address, fingerprint }: NamedSender,
  name: Jid,
): boolean {
  // Nobody on a number domain, and nobody of another server, is behind a number
  if (name.local === "" || name.domain !== account.domain) return false;
  const isOwn = address === keys.address;
  if (isOwn !== (name.bare === account.bare)) return false;
  const known = readJson(view, nameKey(fingerprint)) as NameRecord | undefined;
  return known === undefined || (known.address === address && known.account === name.bare);
}

/** Binds a key to the number and to the account's name with which it was met first. */
export function keepName(transaction: Transaction, { address, fingerprint }: NamedSender, name: Jid): void {
  const key = nameKey(fingerprint);
  if (transaction.get(key) !== undefined) return;
  const record: NameRecord = { address, account: name.bare };
  writeJson(transaction, key, record);
}
