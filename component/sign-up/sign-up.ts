import { StorageError } from "../../src/errors.js";
import { countryOf, type PhoneNumber } from "../../src/phone-number.js";
import { HostAccountError, HostAccounts, newPassword } from "../accounts/host-accounts.js";
import { hashPin, isPin, isRightPin } from "../accounts/pin.js";
import { removeHostAccounts } from "../accounts/removals.js";
import type { NewDevice } from "../accounts/store.js";
import type { Context } from "../capability.js";
import type { Remote } from "../store/operations.js";
import type { Codes } from "./codes.js";
import { SignUpRefusal } from "./refusal.js";
import { isChoosableLocalpart, newLocalpart } from "./service.js";
import type { Checked, Committed, Reserved, SignUpOperations } from "./store.js";

/** What a person gives to prove a number. */
export interface Proof {
  readonly code: string;
  /** The PIN that protects the number. */
  readonly pin?: string | undefined;
  /** The PIN that shall protect it from now on; the empty text for none. */
  readonly newPin?: string | undefined;
  readonly device?: NewDevice | undefined;
  /** The localpart that a newcomer would like. */
  readonly localpart?: string | undefined;
}

/** What a newcomer gets. */
export interface SignedUp {
  /** Bare JID of the account. */
  readonly account: string;
  readonly password: string;
  readonly number: PhoneNumber;
}

type RightCheck = Extract<Checked, { status: "right" }>;
type Reservation = Extract<Reserved, { status: "reserved" | "done" }>;

/**
 * Turns a proven number into an account, or links it to one.
 *
 * What is about to be made is written down before the host is asked, so that after a crash anywhere the same
 * request goes on where it stopped.
 */
export class SignUp {
  readonly #context: Context;
  readonly #codes: Codes;
  readonly #host: HostAccounts;
  readonly #operations: Remote<SignUpOperations>;
  readonly #removeHostAccounts: () => Promise<void>;
  /** The last finishing step of each session: one session makes one account at a time. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  /** @param codes knows how sessions and codes are named in the store */
  constructor(context: Context, codes: Codes) {
    this.#context = context;
    this.#codes = codes;
    this.#host = new HostAccounts(context.link, context.config.host.domain, context.config.link.domain);
    this.#operations = context.store.of<SignUpOperations>("sign-up");
    this.#removeHostAccounts = removeHostAccounts(context);
  }

  /**
   * Checks a code and makes the account; the same again answers the same account with a fresh password.
   *
   * @throws {SignUpRefusal}
   */
  async finish(session: string, proof: Proof): Promise<SignedUp> {
    if (proof.localpart !== undefined) this.#checkLocalpart(proof.localpart);
    const checked = await this.#check(session, proof, null);
    return this.#oneAtATime(session, async () => {
      const reserved = await this.#reserve(session, proof, checked, null);
      const { jid: account } = reserved;
      if (account === null) throw new SignUpRefusal("session-unknown");
      const password = newPassword();
      await this.#provision(session, reserved, account, password);
      await this.#commit(session, null);
      return { account, password, number: this.#countUsed(reserved, checked) };
    });
  }

  /** Checks a code and gives the number to this account. @throws {SignUpRefusal} */
  async link(session: string, proof: Proof, account: string): Promise<PhoneNumber> {
    const checked = await this.#check(session, proof, account);
    return this.#oneAtATime(session, async () => {
      const reserved = await this.#reserve(session, proof, checked, account);
      await this.#commit(session, account);
      return this.#countUsed(reserved, checked);
    });
  }

  #checkLocalpart(localpart: string): void {
    if (!this.#context.config.signUp.chosenLocalparts || !isChoosableLocalpart(localpart))
      throw new SignUpRefusal("localpart-invalid");
  }

  async #check(session: string, proof: Proof, linkJid: string | null): Promise<RightCheck> {
    for (const pin of [proof.pin, proof.newPin])
      if (pin !== undefined && pin !== "" && !isPin(pin)) throw new SignUpRefusal("pin-invalid");
    const { clock, config, metrics } = this.#context;
    const checked = await this.#operations.check(
      this.#codes.sessionKey(session),
      linkJid,
      this.#codes.codeHash(session, proof.code),
      config.signUp.breaker,
      clock.now(),
    );
    metrics.signUps.inc({ step: "check", outcome: checked.status });
    if (checked.status === "right") return checked;
    throw checkRefusal(checked);
  }

  async #reserve(
    session: string,
    proof: Proof,
    checked: RightCheck,
    linkJid: string | null,
  ): Promise<Reservation> {
    const { config, clock } = this.#context;
    const passedPin = checked.pinHash && (await this.#passPin(checked, checked.pinHash, proof.pin));
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
        newPin: await this.#hashNewPin(proof.newPin),
        now: clock.now(),
      },
      linkJid,
    );
    if (reserved.status === "reserved" || reserved.status === "done") return reserved;
    throw new SignUpRefusal(reserved.status === "no-session" ? "session-unknown" : reserved.status);
  }

  async #hashNewPin(pin: string | undefined): Promise<Uint8Array | null> {
    if (pin === undefined) return null;
    return pin === "" ? new Uint8Array() : hashPin(this.#context.vault, pin);
  }

  // The guess is counted before it is evaluated, so that many at once are not many
  async #passPin(checked: RightCheck, hash: Uint8Array, pin: string | undefined): Promise<Uint8Array> {
    const { config, clock, vault, metrics } = this.#context;
    if (pin === undefined || pin === "") throw new SignUpRefusal("pin-required");
    const rate = config.signUp.limits.pin;
    const waitMs = await this.#operations.takePinTry(checked.numberHash, rate, clock.now());
    if (waitMs > 0) {
      metrics.limiterHits.inc({ limit: "pin" });
      throw new SignUpRefusal("pin-locked", { retryAfterMs: waitMs });
    }
    const isRight = await isRightPin(vault, pin, hash);
    metrics.signUps.inc({ step: "pin", outcome: isRight ? "right" : "wrong" });
    if (!isRight) throw new SignUpRefusal("pin-wrong");
    await this.#operations.givePinTryBack(checked.numberHash, rate, clock.now());
    return hash;
  }

  async #provision(session: string, reserved: Reservation, account: string, password: string): Promise<void> {
    try {
      if (reserved.status === "done") await this.#host.setPassword(account, password);
      else await this.#makeAccount(session, reserved, account, password);
      this.#context.metrics.signUps.inc({ step: "provision", outcome: "done" });
    } catch (error) {
      if (!(error instanceof HostAccountError)) throw error;
      this.#context.metrics.signUps.inc({ step: "provision", outcome: error.code });
      this.#context.log.warn({ reason: error.message }, "an account could not be made on the host");
      if (error.code === "host-refused")
        throw new SignUpRefusal("host-refused", { retryAfterMs: 60_000, cause: error });
      throw new SignUpRefusal("host-unavailable", { retryAfterMs: 5000, cause: error });
    }
  }

  async #makeAccount(
    session: string,
    reserved: Reservation,
    account: string,
    password: string,
  ): Promise<void> {
    const key = this.#codes.sessionKey(session);
    if (!reserved.isAttempted) {
      // Before the mark, "exists" means somebody else's; after it, ours of an attempt whose answer was lost
      if (await this.#host.exists(account)) await this.#giveUp(key);
      await this.#operations.setAttempted(key, this.#context.clock.now());
    }
    const outcome = await this.#tryToAdd(key, account, password);
    if (outcome === "made") return;
    if (!reserved.isAttempted) await this.#giveUp(key);
    await this.#host.setPassword(account, password);
  }

  async #tryToAdd(key: Buffer, account: string, password: string): Promise<"made" | "exists"> {
    try {
      return await this.#host.add(account, password);
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

  async #commit(session: string, linkJid: string | null): Promise<void> {
    const { clock, events, metrics } = this.#context;
    const key = this.#codes.sessionKey(session);
    const committed: Committed = await this.#operations.commit(key, linkJid, clock.now());
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

  async #oneAtATime<T>(session: string, work: () => Promise<T>): Promise<T> {
    const before = this.#underWay.get(session);
    const mine = (async () => {
      await before?.catch(() => undefined);
      return work();
    })();
    this.#underWay.set(session, mine);
    try {
      return await mine;
    } finally {
      if (this.#underWay.get(session) === mine) this.#underWay.delete(session);
    }
  }
}

function checkRefusal(checked: Exclude<Checked, { status: "right" }>): SignUpRefusal {
  switch (checked.status) {
    case "no-session":
      return new SignUpRefusal("session-unknown");
    case "exhausted":
      return new SignUpRefusal("checks-exhausted");
    case "too-early":
      return new SignUpRefusal("too-early", { retryAfterMs: checked.waitMs });
    case "wrong":
    case "expired": {
      const { checkInMs, checksLeft } = checked.steps;
      const isLast = checkInMs === undefined;
      return new SignUpRefusal(checked.status === "wrong" ? "code-wrong" : "code-expired", {
        checksLeft,
        ...(isLast ? {} : { retryAfterMs: checkInMs }),
      });
    }
  }
}
