import type { AccountOperations } from "../accounts/store.js";
import { HostAccountError, HostAccounts } from "../accounts/host-accounts.js";
import type { Context } from "../capability.js";
import type { SignUpOperations } from "../sign-up/store.js";
import { HostInvitations } from "./host-invitations.js";

/**
 * Makes the job that looks what came of invitations which have expired.
 *
 * Where an app has made the account, all is well. Where none has, none can any more: the number is free again.
 */
export function settleInvitations(context: Context): () => Promise<void> {
  const { config, link, clock, log, events, store } = context;
  const signUps = store.of<SignUpOperations>("sign-up");
  const accounts = store.of<AccountOperations>("accounts");
  const host = new HostAccounts(link, config.host.domain, config.link.domain);
  return async () => {
    if (!host.isReachable) return;
    for (const { jid, seenAt } of await signUps.dueInvitations(clock.now())) {
      try {
        if (seenAt !== null || (await host.exists(jid))) await signUps.forgetInvitation(jid);
        else if (await accounts.remove(jid, clock.now())) events.accountGone(jid);
      } catch (error) {
        if (!(error instanceof HostAccountError)) throw error;
        log.warn(
          { reason: error.message },
          "what came of an invitation could not be seen; it is asked again",
        );
      }
    }
  };
}

/**
 * Tells the other capabilities of accounts that apps make, when they first come online: until then there is nobody.
 *
 * @param toCome bare JIDs; those from before a restart are added, and those that came are taken out
 */
export async function awaitAccounts(context: Context, toCome: Set<string>): Promise<void> {
  const { availability, clock, events, log, store } = context;
  const signUps = store.of<SignUpOperations>("sign-up");
  for (const jid of await signUps.accountsToCome()) toCome.add(jid);
  availability.onAvailable(({ account }) => {
    if (!toCome.delete(account)) return;
    signUps.accountCame(account, clock.now()).then(
      (isFirst) => isFirst && events.numberLinked(account),
      (error: unknown) => log.error({ reason: (error as Error).message }, "an arrival could not be noted"),
    );
  });
}

/** Says in the log that the host makes no invitations, where the web page is to offer them. */
export async function tellWhetherOffered({ config, link, log }: Context): Promise<void> {
  if (!config.welcome.enabled || !config.signUp.invitations) return;
  try {
    const invitations = new HostInvitations(link, config.host.domain, config.link.domain);
    if (await invitations.areOffered()) return;
    log.warn(
      {},
      'the host makes no account invitations, so newcomers get an address and a password: add "invites_adhoc" and "invites_register" to its modules_enabled, or set sign_up.invitations = false',
    );
  } catch (error) {
    if (!(error instanceof HostAccountError)) throw error;
    log.warn({ reason: error.message }, "whether the host makes account invitations could not be seen");
  }
}
