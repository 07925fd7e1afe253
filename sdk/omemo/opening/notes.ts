import type { Session } from "../../ratchet/mod.js";
import type { Transaction } from "../../storage/port.js";
import { isFresh, type OmemoContext } from "../context.js";
import { outdateList } from "../devices/directory.js";
import { needsAnswer } from "../upkeep/answers.js";
import { noteHeard } from "../own/own-devices.js";
import { isListed, type Peer } from "../records.js";
import { delistedAt, markAnswerDue, markDelisted } from "../upkeep/upkeep-records.js";

/** How exactly it is known when a device that stands in no list last wrote: each note is a write. */
const NOTE_INTERVAL_MS = 60 * 60 * 1000;

/**
 * Notes what follows, besides its content, from a message that could be opened, in the transaction that advances the
 * ratchet.
 *
 * @param session the next state of the session, if it is one that is sent with
 */
export function noteOpened(
  context: OmemoContext,
  transaction: Transaction,
  peer: Peer,
  session: Session | undefined,
): void {
  const { clock, enqueue, keys, times } = context;
  if (enqueue && session && needsAnswer(session, times)) {
    markAnswerDue(transaction, peer);
    context.answerDue?.();
  }
  if (peer.address === keys.address) noteHeard(transaction, peer.device);
  if (isListed(transaction, peer)) return;
  // There is a newer list than the one that is known
  outdateList(transaction, peer.version, peer.address);
  const since = delistedAt(transaction, peer);
  if (since === undefined || !isFresh(context, since, NOTE_INTERVAL_MS)) {
    markDelisted(transaction, peer, clock.now());
  }
}
