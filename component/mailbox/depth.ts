import type { Context } from "../capability.js";
import type { Remote } from "../store/operations.js";
import type { Depth } from "./depth-store.js";
import type { MailboxOperations } from "./store.js";

/** What was found out so long ago is said again: scrapes in a row cost the store nothing. */
const FRESH_MS = 10_000;

/** Makes what brings the gauges of the mailboxes up to date, in short turns between deliveries. */
export function depthGauges(
  { clock, metrics }: Context,
  store: Pick<Remote<MailboxOperations>, "depth">,
): () => Promise<void> {
  let doneAtMs = -FRESH_MS;
  return async () => {
    if (clock.monotonicMs() - doneAtMs < FRESH_MS) return;
    doneAtMs = clock.monotonicMs();
    const depth = await wholeDepth(store);
    metrics.mailboxEntries.set(depth.entries);
    metrics.mailboxBytes.set(depth.bytes);
    metrics.mailboxesWaiting.set(depth.waiting);
    metrics.mailboxFullestEntries.set(depth.fullest);
    const ageMs = depth.oldestAt === null ? 0 : clock.now() - depth.oldestAt;
    metrics.mailboxOldestSeconds.set(Math.max(0, ageMs / 1000));
  };
}

async function wholeDepth(store: Pick<Remote<MailboxOperations>, "depth">): Promise<Depth> {
  let whole = await store.depth();
  while (whole.next !== null) {
    const part = await store.depth(whole.next);
    const oldest = [whole.oldestAt, part.oldestAt].filter((at) => at !== null);
    whole = {
      entries: whole.entries + part.entries,
      bytes: whole.bytes + part.bytes,
      waiting: whole.waiting + part.waiting,
      fullest: Math.max(whole.fullest, part.fullest),
      oldestAt: oldest.length === 0 ? null : Math.min(...oldest),
      next: part.next,
    };
  }
  return whole;
}
