import { StanzaError } from "../../src/errors.js";
import type { Context, IqRequest } from "../capability.js";
import type { Remote } from "../store/operations.js";
import type { Party } from "./pair-store.js";
import type { Acquaintance } from "./people-store.js";
import type { ContactOperations } from "./store.js";

/** What asking about a number needs. */
export type AskingPorts = Pick<Context, "config" | "numbers"> & { readonly store: Remote<ContactOperations> };

/** Somebody with a number asks about somebody with a number. */
export type Asked = Acquaintance & { readonly asker: Party; readonly person: Party };

/**
 * Who asks about whom, and what that one may see.
 *
 * @throws {StanzaError} `forbidden` for accounts of other servers, `registration-required` without a number of one's
 *   own, `item-not-found` for a number of nobody and for whoever is blocked: the two look the same
 */
export async function whoAsks(
  { config, numbers, store }: AskingPorts,
  { from, to }: Pick<IqRequest, "from" | "to">,
): Promise<Asked> {
  if (from.domain !== config.host.domain || from.local === "")
    throw new StanzaError("forbidden", "only accounts of this service may ask");
  const hash = numbers.hashOf(to);
  const found = hash && (await store.acquaintance(from.bare, hash));
  if (found && !found.asker)
    throw new StanzaError("registration-required", "link your phone number to this account first");
  if (!found?.asker || !found.person || found.isBlocked) throw nobody();
  return { ...found, asker: found.asker, person: found.person };
}

/** What whoever asks about a number is told that belongs to nobody, or to somebody who wants nothing to do with that one. */
export function nobody(): StanzaError {
  return new StanzaError("item-not-found", "nobody can be reached under this number");
}
