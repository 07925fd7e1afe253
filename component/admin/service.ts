import type { PhoneNumber } from "../../src/phone-number.js";
import type { AccountOperations } from "../accounts/store.js";
import type { Context, Job } from "../capability.js";
import { loggedNumber } from "../log.js";
import type { MailboxOperations } from "../mailbox/store.js";
import type { NewReceiptEntry } from "../receipts/store.js";
import type { Remote } from "../store/operations.js";
import { exportLines, type ExportLine } from "./export.js";
import { accountLimitKey, numberLimitKeys } from "./limit-keys.js";
import type { SetAsideOutcome, SetAsideRow } from "./set-aside-store.js";
import type { AdminOperations } from "./store.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Entries that one answer lists. */
const LIST_ENTRIES = 500;

/** What came of a deletion. */
export interface Deleted {
  /** Bare JID of the account that the number was taken from. */
  readonly account: string | undefined;
  /** Whether the account itself is being deleted on the host. */
  readonly isAccountDeleted: boolean;
  /** Whether something is left that waits for other people. */
  readonly isComplete: boolean;
}

/** What an admin can look at and mend. */
export class Administration {
  readonly #context: Context;
  readonly #store: Remote<AdminOperations>;
  readonly #mailbox: Remote<MailboxOperations>;
  readonly #accounts: Remote<AccountOperations>;

  constructor(context: Context) {
    this.#context = context;
    this.#store = context.store.of<AdminOperations>("admin");
    this.#mailbox = context.store.of<MailboxOperations>("mailbox");
    this.#accounts = context.store.of<AccountOperations>("accounts");
  }

  /** What returns on a schedule: ending what is set aside, going on with deletions. */
  get jobs(): readonly Job[] {
    return [
      { name: "end set aside", everyMs: HOUR_MS, run: () => this.#endSetAside() },
      { name: "go on deleting", everyMs: HOUR_MS, run: async () => void (await this.#erase()) },
    ];
  }

  /** Entries that are set aside, after an id, as many as one answer lists. */
  setAside(after: number): Promise<SetAsideRow[]> {
    return this.#store.setAside(after, LIST_ENTRIES);
  }

  /** Delivers an entry again, behind everything that waits for its device. */
  async retry(id: number): Promise<SetAsideOutcome["status"]> {
    const outcome = await this.#store.retry(id, this.#context.clock.now());
    this.#context.log.info({ entry: id, outcome: outcome.status }, "an entry is delivered again");
    if (outcome.status === "done") this.#context.events.entriesAdded([outcome.device]);
    return outcome.status;
  }

  /** Ends an entry for good. */
  async drop(id: number): Promise<SetAsideOutcome["status"]> {
    const outcome = await this.#store.drop(id, this.#context.clock.now());
    this.#context.log.info({ entry: id, outcome: outcome.status }, "an entry that was set aside is dropped");
    if (outcome.status === "done") this.#tell(outcome.receipts);
    return outcome.status;
  }

  /** Removes the registration PIN of a number. Answers whether it belongs to an account. */
  async resetPin(number: PhoneNumber): Promise<boolean> {
    const account = await this.#accounts.findByNumber(this.#context.vault.hashNumber(number));
    if (!account) return false;
    this.#context.log.info({ who: loggedNumber(this.#context.vault, number) }, "a PIN was removed");
    return this.#accounts.setPin(account.jid, null);
  }

  /** Everything that is kept about a number; `undefined` when nothing is. */
  async export(number: PhoneNumber): Promise<AsyncIterable<ExportLine> | undefined> {
    const { vault, log } = this.#context;
    const person = await this.#store.person(vault.hashNumber(number));
    if (!person) return undefined;
    log.info({ who: loggedNumber(vault, number) }, "what is kept about a number is exported");
    return exportLines({ store: this.#store, vault }, number, person);
  }

  /** Deletes everything about a number. @param isAtOnce also what still waits for other people */
  async delete(number: PhoneNumber, isAtOnce: boolean): Promise<Deleted | undefined> {
    const { vault, clock, log, events } = this.#context;
    const numberHash = vault.hashNumber(number);
    const owner = await this.#accounts.findByNumber(numberHash);
    const limitKeys = [
      ...numberLimitKeys(vault, number),
      ...(owner ? [accountLimitKey(vault, owner.jid)] : []),
    ];
    const begun = await this.#store.beginErasure({ numberHash, limitKeys, isAtOnce, now: clock.now() });
    if (!begun) return undefined;
    log.info({ who: loggedNumber(vault, number) }, "everything about a number is deleted");
    const { retired } = begun;
    if (retired) events.accountGone(retired.jid);
    if (!isAtOnce) await this.#endOrphans();
    const isComplete = await this.#erase();
    return { account: retired?.jid, isAccountDeleted: retired?.isMadeHere ?? false, isComplete };
  }

  async #erase(): Promise<boolean> {
    let progress = await this.#store.erase();
    while (progress === "more") progress = await this.#store.erase();
    return progress === "done";
  }

  async #endOrphans(): Promise<void> {
    for (let hasMore = true; hasMore;) {
      const ended = await this.#mailbox.endOrphans(this.#context.clock.now());
      this.#context.metrics.entriesExpired.inc(ended.expired);
      this.#tell(ended.receipts);
      hasMore = ended.hasMore;
    }
  }

  async #endSetAside(): Promise<void> {
    const { clock, config } = this.#context;
    for (let hasMore = true; hasMore;) {
      const now = clock.now();
      const ended = await this.#store.dropStale(now - config.mailbox.keepDays * DAY_MS, now);
      this.#tell(ended.receipts);
      hasMore = ended.hasMore;
    }
  }

  // The mailbox reads them where they were committed
  #tell(receipts: readonly NewReceiptEntry[]): void {
    for (const { state, ids } of receipts) this.#context.metrics.receipts.inc({ state }, ids.length);
    this.#context.events.entriesAdded(receipts.map(({ device }) => device));
  }
}
