import type { EpochMs } from "../../src/clock.js";
import { StorageError } from "../../src/errors.js";
import { type PhoneNumber } from "../../src/phone-number.js";
import { countryOf } from "../../src/written-number.js";
import { newPassword } from "../accounts/host-accounts.js";
import { removeHostAccounts } from "../accounts/removals.js";
import type { Context } from "../capability.js";
import type { Remote } from "../store/operations.js";
import type { NewInvitation } from "../invitations/store.js";
import type { Codes } from "./codes.js";
import { OneAtATime } from "./one-at-a-time.js";
import { type Proof, Proofs, type RightCheck } from "./proofs.js";
import { Provisioning, type Reservation } from "./provisioning.js";
import { SignUpRefusal } from "./refusal.js";
import { isChoosableLocalpart, newLocalpart } from "./service.js";
import type { NextSteps } from "./service.js";
import type { Committed, SignUpOperations } from "./store.js";

/** What a newcomer gets. */
export interface SignedUp {
  /** Bare JID of the account. */
  readonly account: string;
  readonly password: string;
  readonly number: PhoneNumber;
}

/** What a newcomer gets whose app makes the account. */
export interface Invited {
  /** Bare JID that the account is to have; the number belongs to it already. */
  readonly account: string;
  readonly number: PhoneNumber;
  /** The link that opens an app. Source: XEP-0445 §2.1. */
  readonly uri: string;
  readonly expiresAt: EpochMs;
}

/** How far a sign-up has come, as who began it may see it without the code. */
export interface Progress {
  readonly number: PhoneNumber;
  readonly steps: NextSteps;
  /** Bare JID of the account that the number belongs to by now. */
  readonly account: string | undefined;
  /** The invitation to make that account, and whether it has been used; undefined for an account with a password. */
  readonly invitation: (Pick<Invited, "uri" | "expiresAt"> & { readonly isUsed: boolean }) | undefined;
}

/**
 * Turns a proven number into an account, or links it to one.
 *
 * What is about to be made is written down before the host is asked, so that after a crash anywhere the same
 * request goes on where it stopped.
 */
export class SignUp {
  /** Accounts (bare JIDs) that were left to apps to make and were not seen online yet. */
  readonly toCome = new Set<string>();
  readonly #context: Context;
  readonly #codes: Codes;
  readonly #host: Provisioning;
  readonly #proofs: Proofs;
  readonly #operations: Remote<SignUpOperations>;
  readonly #removeHostAccounts: () => Promise<void>;
  /** The finishing steps of each session: one session makes one account at a time. */
  readonly #steps = new OneAtATime();

  /** @param codes knows how sessions and codes are named in the store */
  constructor(context: Context, codes: Codes) {
    this.#context = context;
    this.#codes = codes;
    this.#host = new Provisioning(context);
    this.#proofs = new Proofs(context, codes);
    this.#operations = context.store.of<SignUpOperations>("sign-up");
    this.#removeHostAccounts = removeHostAccounts(context);
  }

  /**
   * Checks a code and makes the account; the same again answers the same account with a fresh password.
   *
   * @param password for the account; a random one unless given
   * @throws {SignUpRefusal}
   */
  async finish(session: string, proof: Proof, password = newPassword()): Promise<SignedUp> {
    if (proof.localpart !== undefined) this.#checkLocalpart(proof.localpart);
    const checked = await this.#proofs.check(session, proof, null);
    return this.#steps.run(session, async () => {
      const reserved = await this.#reserve(session, proof, checked, null);
      const { jid: account } = reserved;
      if (account === null) throw new SignUpRefusal("session-unknown");
      await this.#host.makeAccount(this.#codes.sessionKey(session), reserved, account, password);
      await this.#commit(session, null);
      this.#context.events.numberLinked(account);
      return { account, password, number: this.#countUsed(reserved, checked) };
    });
  }

  /**
   * Checks a code and invites an app to make the account, whose address has the number from now on.
   *
   * The same again answers the same invitation, or another one where it has expired.
   *
   * @param proof without a localpart: whoever guesses the address could make the account in one's place
   * @throws {SignUpRefusal} `account-made` when there is nothing left to be made
   */
  async invite(session: string, proof: Omit<Proof, "localpart">): Promise<Invited> {
    const checked = await this.#proofs.check(session, proof, null);
    return this.#steps.run(session, async () => {
      const reserved = await this.#reserve(session, proof, checked, null);
      const { jid: account } = reserved;
      if (account === null) throw new SignUpRefusal("session-unknown");
      if (reserved.status === "done" && !reserved.isInvited) throw new SignUpRefusal("account-made");
      if (await this.#host.exists(account)) throw new SignUpRefusal("account-made");
      const kept = reserved.isInvited ? await this.#invitation(session) : undefined;
      const invitation = kept ?? (await this.#host.invite(account));
      this.toCome.add(account);
      if (!kept) await this.#commit(session, null, invitation);
      const { expiresAt } = invitation;
      return {
        account,
        number: this.#countUsed(reserved, checked),
        uri: this.#host.openLink(invitation),
        expiresAt,
      };
    });
  }

  /** How far a newcomer's sign-up has come. @throws {SignUpRefusal} `session-unknown` */
  async look(session: string): Promise<Progress> {
    const { clock, vault } = this.#context;
    const row = await this.#operations.look(this.#codes.sessionKey(session), clock.now());
    if (!row) throw new SignUpRefusal("session-unknown");
    const { account, steps } = row;
    const progress = { number: vault.openNumber(row.numberSealed), steps, account: account?.jid };
    if (!account?.invitation) return { ...progress, invitation: undefined };
    const uri = this.#host.openLink(account.invitation);
    const { seenAt, expiresAt } = account.invitation;
    const isUsed = seenAt !== null || (!account.isAttempted && (await this.#host.exists(account.jid)));
    return { ...progress, invitation: { uri, expiresAt, isUsed } };
  }

  /**
   * Makes another invitation in place of one that has expired, for who has shown the code in this sign-up.
   *
   * @throws {SignUpRefusal}
   */
  async inviteAgain(session: string): Promise<void> {
    await this.#steps.run(session, async () => {
      const { account, invitation } = await this.look(session);
      if (!account || !invitation || invitation.isUsed) throw new SignUpRefusal("account-made");
      if (invitation.expiresAt > this.#context.clock.now()) return;
      await this.#commit(session, null, await this.#host.invite(account));
    });
  }

  /**
   * Makes the account with a password in place of an invitation that was not used, for who has shown the code.
   *
   * @throws {SignUpRefusal} `account-made` when an app has used the invitation
   */
  async takePassword(session: string, password: string): Promise<void> {
    await this.#steps.run(session, async () => {
      const { account, invitation } = await this.look(session);
      if (!account) throw new SignUpRefusal("session-unknown");
      if (!invitation) return;
      if (invitation.isUsed) throw new SignUpRefusal("account-made");
      const reserved: Reservation = {
        status: "done",
        jid: account,
        isChosen: false,
        isAttempted: false,
        isInvited: true,
      };
      await this.#host.makeAccount(this.#codes.sessionKey(session), reserved, account, password);
      this.#context.events.numberLinked(account);
    });
  }

  async #invitation(session: string): Promise<NewInvitation | undefined> {
    const now = this.#context.clock.now();
    const row = await this.#operations.look(this.#codes.sessionKey(session), now);
    const invitation = row?.account?.invitation;
    return invitation && invitation.expiresAt > now ? invitation : undefined;
  }

  /** Checks a code and gives the number to this account. @throws {SignUpRefusal} */
  async link(session: string, proof: Proof, account: string): Promise<PhoneNumber> {
    const checked = await this.#proofs.check(session, proof, account);
    return this.#steps.run(session, async () => {
      const reserved = await this.#reserve(session, proof, checked, account);
      await this.#commit(session, account);
      this.#context.events.numberLinked(account);
      return this.#countUsed(reserved, checked);
    });
  }

  #checkLocalpart(localpart: string): void {
    if (!this.#context.config.signUp.chosenLocalparts || !isChoosableLocalpart(localpart))
      throw new SignUpRefusal("localpart-invalid");
  }

  async #reserve(
    session: string,
    proof: Proof,
    checked: RightCheck,
    linkJid: string | null,
  ): Promise<Reservation> {
    const { config, clock } = this.#context;
    const passedPin = checked.pinHash && (await this.#proofs.passPin(checked, checked.pinHash, proof.pin));
    const localpart = proof.localpart ?? newLocalpart();
    const account = {
      jid: `${localpart}@${config.host.domain}`,
      isChosen: proof.localpart !== undefined,
    };
    const reserved = await this.#operations.reserve(
      {
        session: this.#codes.sessionKey(session),
        device: proof.device,
        account: linkJid === null ? account : null,
        passedPin,
        newPin: await this.#proofs.hashNewPin(proof.newPin),
        now: clock.now(),
      },
      linkJid,
    );
    if (reserved.status === "reserved" || reserved.status === "done") return reserved;
    throw new SignUpRefusal(reserved.status === "no-session" ? "session-unknown" : reserved.status);
  }

  async #commit(session: string, linkJid: string | null, invitation?: NewInvitation): Promise<void> {
    const { clock, events, metrics } = this.#context;
    const key = this.#codes.sessionKey(session);
    const committed: Committed = await this.#operations.commit(key, linkJid, clock.now(), invitation);
    metrics.signUps.inc({ step: linkJid === null ? "sign-up" : "link", outcome: committed.status });
    if (committed.status !== "committed")
      throw new SignUpRefusal(committed.status === "no-session" ? "session-unknown" : committed.status);
    for (const gone of committed.gone) events.accountGone(gone);
    if (committed.gone.length > 0) this.#removeSoon();
  }

  // Once for each code that was sent and led to a number, however often the request is repeated
  #countUsed(reserved: Reservation, { numberSealed }: RightCheck): PhoneNumber {
    const { vault, config, metrics } = this.#context;
    const number = vault.openNumber(numberSealed);
    const isSent = !Object.hasOwn(config.signUp.testNumbers, number);
    if (isSent && reserved.status === "reserved")
      metrics.signUpCodes.inc({ country: countryOf(number) ?? "ZZ", outcome: "used" });
    return number;
  }

  // The job tries again; the person signing up need not wait for it
  #removeSoon(): void {
    this.#removeHostAccounts().catch((error: unknown) => {
      if (error instanceof StorageError) return;
      this.#context.log.error({ reason: (error as Error).message }, "old accounts could not be removed");
    });
  }
}
