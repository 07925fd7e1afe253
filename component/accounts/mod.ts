import type { CapabilityModule } from "../capability.js";
import { accountCommands } from "./commands.js";
import { removeHostAccounts } from "./removals.js";

const REMOVE_EVERY_MS = 30_000;

/** Accounts, the numbers that belong to them and their devices. */
export const accounts: CapabilityModule = {
  name: "accounts",
  store: new URL("store.js", import.meta.url),
  create(context) {
    const remove = removeHostAccounts(context);
    const removeSoon = (): void => {
      remove().catch((error: unknown) => {
        context.log.error(
          { reason: (error as Error).message },
          "accounts could not be removed from the host",
        );
      });
    };
    return {
      commands: accountCommands(context, removeSoon),
      jobs: [{ name: "account-removals", everyMs: REMOVE_EVERY_MS, run: remove }],
      onOnline: removeSoon,
    };
  },
};
