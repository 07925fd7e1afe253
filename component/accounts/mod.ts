import { InvalidInput } from "../../src/errors.js";
import type { CapabilityModule, Context } from "../capability.js";
import { accountCommands } from "./commands.js";
import { removeHostAccounts } from "./removals.js";
import type { AccountOperations } from "./store.js";

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
    context.events.onAccountGone(removeSoon);
    return {
      commands: accountCommands(context, removeSoon),
      jobs: [{ name: "account-removals", everyMs: REMOVE_EVERY_MS, run: remove }],
      onOnline: removeSoon,
      start: () => requireKey(context),
    };
  },
};

// Under another key every number would look free, and its owner would be lost at the next sign-up
async function requireKey({ store, vault }: Context): Promise<void> {
  const sealed = await store.of<AccountOperations>("accounts").sealedSample();
  if (sealed && !vault.open("number", sealed))
    throw new InvalidInput("store.key: is not the key that the numbers in the store were sealed with");
}
