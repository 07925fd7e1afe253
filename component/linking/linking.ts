import { StanzaError } from "../../src/errors.js";
import type { Jid } from "../../src/jid.js";
import { isPhoneNumber, type PhoneNumber } from "../../src/phone-number.js";
import { countryOf } from "../../src/written-number.js";
import type { AccountOperations } from "../accounts/store.js";
import type { Context } from "../capability.js";
import { type SignUpParts, signUpParts } from "../sign-up/parts.js";
import { SignUpRefusal } from "../sign-up/refusal.js";
import { type Channel, SESSION_TTL_MS } from "../sign-up/service.js";
import type { Proof } from "../sign-up/proofs.js";
import type { Remote } from "../store/operations.js";
import type { Vault } from "../store/vault.js";
import type { LinkingOperations } from "./store.js";

/** A linking that waits for its code. */
export interface Waiting {
  /** Names the sign-up; it never leaves the component. */
  readonly session: string;
  readonly number: PhoneNumber;
}

const PURPOSE = "linking";

/**
 * Gives numbers to accounts of the host, whichever way their owners ask: command, registration or chat.
 *
 * An account waits for one code at a time, and a code asked for in one way can be given in another.
 */
export class Linking {
  readonly #context: Context;
  readonly #accounts: Remote<AccountOperations>;
  readonly #waiting: Remote<LinkingOperations>;
  readonly #parts: SignUpParts;

  constructor(context: Context) {
    this.#context = context;
    this.#accounts = context.store.of<AccountOperations>("accounts");
    this.#waiting = context.store.of<LinkingOperations>("linking");
    this.#parts = signUpParts(context);
  }

  /** Whether this is an account of the host, which alone can have a number here. */
  isOfHost(from: Jid): boolean {
    return from.domain === this.#context.config.host.domain && from.local !== "";
  }

  /** @throws {StanzaError} `forbidden` for accounts of other hosts */
  requireOfHost(from: Jid): void {
    if (!this.isOfHost(from))
      throw new StanzaError("forbidden", "this service is for accounts of its own server");
  }

  /** The number that belongs to an account (bare JID). */
  async numberOf(account: string): Promise<PhoneNumber | undefined> {
    const row = await this.#accounts.findByJid(account);
    return row && this.#context.vault.openNumber(row.numberSealed);
  }

  /** Reads a number as a person of this account writes it: national, too, if we know the country. @throws {SignUpRefusal} */
  async readNumber(account: string, text: string): Promise<PhoneNumber> {
    const own = await this.numberOf(account);
    return this.#parts.codes.readNumber(text, own && countryOf(own));
  }

  /** Sends a number its first code. @throws {SignUpRefusal} */
  async begin(account: string, number: PhoneNumber, channel: Channel): Promise<Waiting> {
    const { session } = await this.#parts.codes.begin(number, channel, { account });
    const { vault, clock } = this.#context;
    const sealed = vault.seal(PURPOSE, Buffer.from(`${session} ${number}`));
    await this.#waiting.keep(account, sealed, clock.now() + SESSION_TTL_MS);
    return { session, number };
  }

  /** What an account waits for; `undefined` when it is nothing. */
  async waiting(account: string): Promise<Waiting | undefined> {
    const sealed = await this.#waiting.find(account, this.#context.clock.now());
    return sealed && openWaiting(this.#context.vault, sealed);
  }

  /** Sends another code. @throws {SignUpRefusal} */
  async again(account: string, { session }: Waiting, channel: Channel): Promise<void> {
    await this.#parts.codes.again(session, channel, account);
  }

  /** Takes the code; the number belongs to the account then. @throws {SignUpRefusal} */
  async finish(account: string, { session }: Waiting, proof: Omit<Proof, "localpart">): Promise<PhoneNumber> {
    try {
      const number = await this.#parts.signUp.link(session, proof, account);
      await this.#waiting.remove(account);
      return number;
    } catch (error) {
      if (error instanceof SignUpRefusal && ENDS.has(error.code)) await this.#waiting.remove(account);
      throw error;
    }
  }

  /** Gives up what an account waits for. */
  async giveUp(account: string): Promise<void> {
    await this.#waiting.remove(account);
  }
}

/** Refusals after which no code of this linking can be right. */
const ENDS: ReadonlySet<string> = new Set(["session-unknown", "checks-exhausted", "no-more-codes"]);

/** What is sealed of a linking that waits; `undefined` when it cannot be opened. */
export function openWaiting(vault: Vault, sealed: Uint8Array): Waiting | undefined {
  const [session, number] = vault.open(PURPOSE, sealed)?.toString().split(" ") ?? [];
  return session !== undefined && number !== undefined && isPhoneNumber(number)
    ? { session, number }
    : undefined;
}
