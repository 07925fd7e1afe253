import type { Context } from "../capability.js";
import { HostAccounts } from "./host-accounts.js";
import type { AccountOperations } from "./store.js";

const FIRST_RETRY_MS = 30_000;
const LONGEST_RETRY_MS = 6 * 3_600_000;

/** When to try again to delete an account after so many failures, in milliseconds. */
export function removalRetryMs(attempts: number): number {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts, 12));
}

/** Makes the job that deletes accounts on the host that are to be gone; running it twice at once does no harm. */
export function removeHostAccounts(context: Context): () => Promise<void> {
  const accounts = context.store.of<AccountOperations>("accounts");
  const { config, link, clock, log } = context;
  const host = new HostAccounts(link, config.host.domain, config.link.domain);
  return async () => {
    if (!host.isReachable) return;
    for (const { jid, attempts } of await accounts.dueRemovals(clock.now())) {
      try {
        await host.remove(jid);
        await accounts.removalDone(jid);
      } catch (error) {
        await accounts.removalFailed(jid, clock.now() + removalRetryMs(attempts));
        log.warn(
          { reason: (error as Error).message, attempts },
          "an account could not be deleted on the host",
        );
      }
    }
  };
}
