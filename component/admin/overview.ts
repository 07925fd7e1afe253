import type { DeviceId } from "../../src/ids.js";
import type { PhoneNumber } from "../../src/phone-number.js";
import { Keeping } from "../accounts/keeping.js";
import type { AccountOperations } from "../accounts/store.js";
import type { Context } from "../capability.js";
import { loggedNumber } from "../log.js";
import { type Bucket, type DailyBudget, fullAt, type Rate, take } from "../sign-up/limits.js";
import { TEST_NUMBER_RATE } from "../sign-up/service.js";
import type { Remote } from "../store/operations.js";
import { numberLimitKeys } from "./limit-keys.js";
import type { LimitKeys, MailboxRow, NumberRow } from "./overview-store.js";
import type { PersonDevice } from "./person-store.js";
import type { AdminOperations } from "./store.js";

/** Numbers that one answer lists. */
const LIST_NUMBERS = 500;
/** Mailboxes that one answer lists at most. */
export const MAX_MAILBOXES = 1_000;

/** Somebody who is signed up. */
export type ListedNumber = Omit<NumberRow, "sealed" | "hasPin"> & {
  readonly number: string;
  readonly hasPin: boolean;
};

/** What is left of a limit. */
export interface LimitLeft {
  readonly limit: "sign-ups" | "pin" | "lookups" | "daily-budget";
  /** How many more there may be now. */
  readonly left: number;
  /** How many there may be at most. */
  readonly of: number;
  /** When all of it is there again; null when it is. */
  readonly fullAt: number | null;
}

/** What an admin looks at while the component runs, beside what is set aside. */
export class Overview {
  readonly #context: Context;
  readonly #store: Remote<AdminOperations>;
  readonly #accounts: Remote<AccountOperations>;
  readonly #keeping: Keeping;

  constructor(context: Context) {
    this.#context = context;
    this.#store = context.store.of<AdminOperations>("admin");
    this.#accounts = context.store.of<AccountOperations>("accounts");
    this.#keeping = new Keeping(context);
  }

  /** Who is signed up, from behind a row on, as many as one answer lists. */
  async numbers(after: number): Promise<ListedNumber[]> {
    const rows = await this.#store.numbers(after, LIST_NUMBERS);
    return rows.map(({ sealed, hasPin, ...row }) => ({
      number: this.#context.vault.openLocalpart(sealed),
      ...row,
      hasPin: hasPin === 1,
    }));
  }

  /** The devices and apps of a number; `undefined` when it belongs to no account. */
  async devices(number: PhoneNumber): Promise<readonly PersonDevice[] | undefined> {
    const person = await this.#store.person(this.#context.vault.hashNumber(number));
    // A mailbox that waits for the first device is none
    return person?.account && person.devices.filter(({ deviceId, resource }) => deviceId ?? resource);
  }

  /** Unbinds a device of a number. Answers whether there was one. */
  async removeDevice(number: PhoneNumber, device: DeviceId): Promise<boolean> {
    const { vault, log } = this.#context;
    const account = await this.#accounts.findByNumber(vault.hashNumber(number));
    if (!account) return false;
    const removed = await this.#keeping.removeDevices(account.jid, [device]);
    log.info({ who: loggedNumber(vault, number), device }, "a device was removed by the admin");
    return removed.length > 0;
  }

  /** The mailboxes in which most entries wait. */
  mailboxes(limit: number): Promise<MailboxRow[]> {
    return this.#store.fullestMailboxes(Math.min(limit, MAX_MAILBOXES));
  }

  /** What is left of today's budget of codes, and the countries to which none go as usual. */
  async limits() {
    const [[budget], countries] = await Promise.all([
      this.#store.limits({ signUp: ["budget:all"] }),
      this.#store.openBreakers(),
    ]);
    const rate = { perDay: this.#context.config.signUp.dailyBudget };
    return { limits: [this.#left("daily-budget", budget, rate)], countries };
  }

  /** What is left of the limits of a number. */
  async limitsOf(number: PhoneNumber): Promise<LimitLeft[]> {
    const { signUp, lookups } = this.#context.config;
    const isTest = Object.hasOwn(signUp.testNumbers, number);
    const [signUps, pin, asked] = await this.#store.limits(this.#keysOf(number));
    return [
      this.#left("sign-ups", signUps, isTest ? TEST_NUMBER_RATE : signUp.limits.number),
      this.#left("pin", pin, signUp.limits.pin),
      this.#left("lookups", asked, lookups),
    ];
  }

  /** Makes the limits of a number as if nothing had been used. */
  async resetLimits(number: PhoneNumber): Promise<void> {
    const { vault, log } = this.#context;
    log.info({ who: loggedNumber(vault, number) }, "the limits of a number were reset by the admin");
    await this.#store.forgetLimits(this.#keysOf(number));
  }

  #keysOf(number: PhoneNumber): LimitKeys {
    const { vault } = this.#context;
    return { signUp: numberLimitKeys(vault, number), lookups: vault.hashNumber(number) };
  }

  #left(limit: LimitLeft["limit"], bucket: Bucket | undefined, rate: Rate | DailyBudget): LimitLeft {
    const now = this.#context.clock.now();
    const of = "perDay" in rate ? rate.perDay : rate.burst;
    // To take none answers what there is
    const taken = take(bucket, rate, now, 0);
    if (!bucket || !taken.isTaken || taken.bucket.tokens >= of) return { limit, left: of, of, fullAt: null };
    return { limit, left: Math.floor(taken.bucket.tokens), of, fullAt: fullAt(taken.bucket, rate) };
  }
}
