import { HostAccountError, HostAccounts } from "../accounts/host-accounts.js";
import type { Context } from "../capability.js";
import { HostInvitations } from "../invitations/host-invitations.js";
import type { NewInvitation } from "../invitations/store.js";
import type { Remote } from "../store/operations.js";
import { SignUpRefusal } from "./refusal.js";
import type { Reserved, SignUpOperations } from "./store.js";

/** An address that is kept for this sign-up, or that has its account already. */
export type Reservation = Extract<Reserved, { status: "reserved" | "done" }>;

/** The links of invitations are sealed for this purpose. */
const SEAL = "invitation";

/** Gets accounts made on the host: with a password, or by an invitation which an app uses. */
export class Provisioning {
  readonly #context: Context;
  readonly #accounts: HostAccounts;
  readonly #invitations: HostInvitations;
  readonly #operations: Remote<SignUpOperations>;

  /** @param context whose link reaches the host */
  constructor(context: Context) {
    const { link, config, store } = context;
    this.#context = context;
    this.#accounts = new HostAccounts(link, config.host.domain, config.link.domain);
    this.#invitations = new HostInvitations(link, config.host.domain, config.link.domain);
    this.#operations = store.of<SignUpOperations>("sign-up");
  }

  /**
   * Makes the account, or sets the password of the one that was made.
   *
   * @param key names the sign-up in the store @throws {SignUpRefusal}
   */
  async makeAccount(key: Buffer, reserved: Reservation, account: string, password: string): Promise<void> {
    await this.#refusable("provision", async () => {
      if (reserved.isInvited) await this.#makeInvited(key, account, password);
      else if (reserved.status === "done") await this.#accounts.setPassword(account, password);
      else await this.#make(key, reserved, account, password);
    });
  }

  /** Has an invitation made for an account to come. @throws {SignUpRefusal} `invitations-unavailable` and others */
  async invite(account: string): Promise<NewInvitation> {
    if (!this.#context.config.signUp.invitations) throw new SignUpRefusal("invitations-unavailable");
    return this.#refusable("invite", async () => {
      if (!(await this.#invitations.areOffered())) throw new SignUpRefusal("invitations-unavailable");
      const { uri, expiresAt } = await this.#invitations.create(account);
      return { uriSealed: this.#context.vault.seal(SEAL, Buffer.from(uri)), expiresAt };
    });
  }

  /** The link of an invitation that was kept. */
  openLink({ uriSealed }: NewInvitation): string {
    const opened = this.#context.vault.open(SEAL, uriSealed);
    // Sealed with another key: as good as none
    if (!opened) throw new SignUpRefusal("session-unknown");
    return opened.toString();
  }

  /** Whether the host has this account now. @throws {SignUpRefusal} */
  exists(account: string): Promise<boolean> {
    return this.#refusable("look", () => this.#accounts.exists(account));
  }

  // The app may have been faster; whoever has the code may set the password of what it made
  async #makeInvited(key: Buffer, account: string, password: string): Promise<void> {
    await this.#operations.setAttempted(key, this.#context.clock.now());
    const outcome = await this.#tryToAdd(key, account, password);
    if (outcome === "exists") await this.#accounts.setPassword(account, password);
    await this.#operations.withdrawInvitation(key, this.#context.clock.now());
  }

  async #make(key: Buffer, reserved: Reservation, account: string, password: string): Promise<void> {
    if (!reserved.isAttempted) {
      // Before the mark, "exists" means somebody else's; after it, ours of an attempt whose answer was lost
      if (await this.#accounts.exists(account)) await this.#giveUp(key);
      await this.#operations.setAttempted(key, this.#context.clock.now());
    }
    const outcome = await this.#tryToAdd(key, account, password);
    if (outcome === "made") return;
    if (!reserved.isAttempted) await this.#giveUp(key);
    await this.#accounts.setPassword(account, password);
  }

  async #tryToAdd(key: Buffer, account: string, password: string): Promise<"made" | "exists"> {
    try {
      return await this.#accounts.add(account, password);
    } catch (error) {
      // Said no: nothing was made. Said nothing: nobody knows, the mark stays
      if (error instanceof HostAccountError && error.code === "host-refused")
        await this.#operations.setAttempted(key, null);
      throw error;
    }
  }

  async #giveUp(key: Buffer): Promise<never> {
    await this.#operations.release(key);
    throw new SignUpRefusal("localpart-taken");
  }

  async #refusable<Result>(step: string, work: () => Promise<Result>): Promise<Result> {
    const { metrics, log } = this.#context;
    try {
      const result = await work();
      metrics.signUps.inc({ step, outcome: "done" });
      return result;
    } catch (error) {
      if (!(error instanceof HostAccountError)) throw error;
      metrics.signUps.inc({ step, outcome: error.code });
      log.warn({ reason: error.message }, "the host did not do what a sign-up asked of it");
      if (error.code === "host-refused")
        throw new SignUpRefusal("host-refused", { retryAfterMs: 60_000, cause: error });
      throw new SignUpRefusal("host-unavailable", { retryAfterMs: 5000, cause: error });
    }
  }
}
