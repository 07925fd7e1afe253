import type { Transaction, View } from "../../storage/port.js";
import { parseJson, readJson, writeJson } from "../records.js";
import type { Endpoint, Word } from "./automatic.js";
import { TRUST_ROOT } from "./records.js";

/** What one device may leave that is not authenticated: an own one tells a new one of everybody's keys. */
const MAX_WORDS = { own: 2048, contact: 128 } as const;

/** Devices of one address that may leave something at the same time. */
const MAX_SENDERS = 4;

/** The words of a sender, and the place of the record among those of the same address. */
interface StoredPending {
  /** Rises with each record that is written. */
  readonly order: number;
  readonly words: readonly Word[];
}

/**
 * Keeps what a device said until its key is authenticated.
 *
 * Of one key the newest word is kept. A device that has said too much is not listened to further; of too many
 * devices of an address the one that spoke longest ago is forgotten.
 *
 * Source: XEP-0450 0.4 §5.1.
 *
 * @param isOwn whether it is a device of the own account
 */
export function keepPending(
  transaction: Transaction,
  sender: Endpoint,
  words: readonly Word[],
  isOwn: boolean,
): void {
  if (words.length === 0) return;
  const { order } = makeRoom(transaction, sender);
  const kept = new Map(pendingOf(transaction, sender).map((word) => [nameOf(word), word]));
  for (const word of words) {
    const before = kept.get(nameOf(word));
    if (before && before.at > word.at) continue;
    if (before && before.at === word.at && before.level === "distrusted") continue;
    if (!before && kept.size >= MAX_WORDS[isOwn ? "own" : "contact"]) continue;
    kept.set(nameOf(word), word);
  }
  writeJson(transaction, keyOf(sender), { order, words: [...kept.values()] });
}

/** Takes out what a device had said. */
export function takePending(transaction: Transaction, sender: Endpoint): readonly Word[] {
  const words = pendingOf(transaction, sender);
  if (words.length > 0) transaction.delete(keyOf(sender));
  return words;
}

/** What a device said that is not authenticated. */
export function pendingOf(view: View, sender: Endpoint): readonly Word[] {
  return (readJson(view, keyOf(sender)) as StoredPending | undefined)?.words ?? [];
}

/** Sees to it that one more sender has room. @returns the place of its record */
function makeRoom(transaction: Transaction, sender: Endpoint): { order: number } {
  const others = transaction
    .scan(prefixOf(sender.address))
    .filter(([key]) => key !== keyOf(sender))
    .map(([key, value]) => ({ key, order: (parseJson(value) as StoredPending).order }))
    .sort((one, other) => one.order - other.order);
  for (const { key } of others.slice(0, Math.max(0, others.length - (MAX_SENDERS - 1)))) {
    transaction.delete(key);
  }
  return { order: (others.at(-1)?.order ?? 0) + 1 };
}

function nameOf({ owner, key }: Word): string {
  return `${owner}/${key.fingerprint}`;
}

// A bare JID has no slash (RFC 6122 §2.2, §2.3), so that no address can reach into the records of another
function prefixOf(address: string): string {
  return `${TRUST_ROOT}/pending/${address}/`;
}

function keyOf({ address, fingerprint }: Endpoint): string {
  return prefixOf(address) + fingerprint;
}
