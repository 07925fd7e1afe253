import { StanzaError } from "../../src/errors.js";
import type { Jid } from "../../src/jid.js";
import { type PhoneNumber } from "../../src/phone-number.js";
import { countryOf, parsePhoneNumber } from "../../src/written-number.js";
import type { AccountOperations, AccountRow } from "../accounts/store.js";
import type { Context } from "../capability.js";
import type { Remote } from "../store/operations.js";
import type { DirectoryOperations } from "./store.js";

/** A number that somebody asked for. */
export interface Finding {
  readonly number: PhoneNumber;
  /** The number JID, if the number belongs to an account. */
  readonly jid: string | undefined;
}

/**
 * Tells people with a number which other numbers belong to somebody here.
 *
 * Whoever could ask for any number of them would have a list of everybody: hence the quota, which all ways to ask share.
 */
export class Directory {
  readonly #context: Context;
  readonly #accounts: Remote<AccountOperations>;
  readonly #operations: Remote<DirectoryOperations>;

  constructor(context: Context) {
    this.#context = context;
    this.#accounts = context.store.of<AccountOperations>("accounts");
    this.#operations = context.store.of<DirectoryOperations>("directory");
  }

  /**
   * Looks one number up, as somebody wrote it: international, national by the country of their own, or a number JID.
   *
   * @throws {StanzaError} `not-acceptable` when it is no number, `registration-required`, `forbidden`, `policy-violation`
   */
  async find(from: Jid, text: string): Promise<Finding> {
    const asker = await this.#asker(from);
    const number = this.#read(asker, text);
    const [jid] = (await this.#lookUp(asker, [number], true)).values();
    return { number, jid };
  }

  /**
   * Looks many numbers up.
   *
   * @returns the number JIDs of those that belong to accounts
   * @throws {StanzaError} as {@link find}
   */
  async findAll(from: Jid, numbers: readonly PhoneNumber[]): Promise<ReadonlyMap<PhoneNumber, string>> {
    const asker = await this.#asker(from);
    return this.#lookUp(asker, [...new Set(numbers)], false);
  }

  async #asker(from: Jid): Promise<AccountRow> {
    if (from.domain !== this.#context.config.host.domain || from.local === "")
      throw new StanzaError("forbidden", "this service is for accounts of its own server");
    const asker = await this.#accounts.findByJid(from.bare);
    if (!asker) throw needsNumber();
    return asker;
  }

  #read({ numberSealed }: AccountRow, text: string): PhoneNumber {
    const { vault, config } = this.#context;
    const domain = `@${config.link.domain}`;
    const trimmed = text.trim().replace(/^(?:tel|xmpp):/i, "");
    const written = trimmed.endsWith(domain) ? trimmed.slice(0, -domain.length) : trimmed;
    try {
      return parsePhoneNumber(written, countryOf(vault.openNumber(numberSealed)));
    } catch (error) {
      throw new StanzaError("not-acceptable", "this is not a phone number", { cause: error });
    }
  }

  async #lookUp(
    asker: AccountRow,
    numbers: readonly PhoneNumber[],
    isTold: boolean,
  ): Promise<ReadonlyMap<PhoneNumber, string>> {
    const { vault, clock, config, metrics } = this.#context;
    const { burst, everySeconds } = config.lookups;
    const answer = await this.#operations.lookUp({
      account: asker.jid,
      hashes: numbers.map((number) => vault.hashNumber(number)),
      isTold,
      quota: { burst, everySeconds },
      now: clock.now(),
    });
    if (answer.status === "no-number") throw needsNumber();
    if (answer.status === "limited") {
      metrics.limiterHits.inc({ limit: "lookup" });
      throw limited(answer.waitMs);
    }
    return new Map(
      answer.found.map(({ id, sealed }) => [
        vault.openNumber(sealed),
        this.#context.numbers.jidOf({ id, sealed }),
      ]),
    );
  }
}

function needsNumber(): StanzaError {
  return new StanzaError("registration-required", "link a phone number of your own first");
}

function limited(waitMs: number | undefined): StanzaError {
  if (waitMs === undefined)
    return new StanzaError("policy-violation", "these are more numbers than may be looked up at once", {
      type: "modify",
    });
  const seconds = Math.ceil(waitMs / 1000);
  return new StanzaError("policy-violation", `too many numbers were looked up (wait ${seconds} s)`, {
    type: "wait",
  });
}
