import { NS } from "../../../src/namespaces.js";
import type { TrustKeyOwner, TrustMessage } from "../../../src/trust-message.js";
import type { View } from "../../storage/port.js";
import type { Fingerprint } from "../port.js";
import type { Dispatch } from "./automatic.js";
import { keyIdentifier } from "./key-identifier.js";
import { readPerson } from "./records.js";

/** Keys in one message: some 16 KiB, a quarter of what an encrypted payload may have. */
const MAX_KEYS = 256;

/** One key as a message names it. */
interface NamedKey {
  readonly owner: string;
  readonly verdict: "trusted" | "distrusted";
  readonly encryption: string;
  readonly id: Buffer;
}

/**
 * The messages that say what a dispatch says: several when there is much to say, or keys of either version of OMEMO,
 * as one message names one encryption.
 *
 * Source: XEP-0434 0.6 §4.
 */
export function trustMessagesOf(view: View, { statements }: Pick<Dispatch, "statements">): TrustMessage[] {
  const keys = statements.flatMap(({ owner, trusted, distrusted }) => {
    const { identities } = readPerson(view, owner);
    const name = (fingerprints: readonly Fingerprint[], verdict: NamedKey["verdict"]): NamedKey[] =>
      fingerprints.map((fingerprint) => {
        const ed25519 = identities.get(fingerprint)?.ed25519;
        return { owner, verdict, ...keyIdentifier({ fingerprint, ed25519 }) };
      });
    return [...name(trusted, "trusted"), ...name(distrusted, "distrusted")];
  });
  return [...new Set(keys.map(({ encryption }) => encryption))].flatMap((encryption) => {
    const group = keys.filter((key) => key.encryption === encryption);
    const pages = Array.from({ length: Math.ceil(group.length / MAX_KEYS) }, (_, page) =>
      group.slice(page * MAX_KEYS, (page + 1) * MAX_KEYS),
    );
    return pages.map((page) => ({ usage: NS.automaticTrust, encryption, keyOwners: ownersOf(page) }));
  });
}

function ownersOf(keys: readonly NamedKey[]): TrustKeyOwner[] {
  return [...new Set(keys.map(({ owner }) => owner))].map((jid) => {
    const idsOf = (verdict: NamedKey["verdict"]): Buffer[] =>
      keys.filter((key) => key.owner === jid && key.verdict === verdict).map(({ id }) => id);
    return { jid, trusted: idsOf("trusted"), distrusted: idsOf("distrusted") };
  });
}
