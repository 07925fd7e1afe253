import type { Context, Job } from "../capability.js";
import type { NewReceiptEntry } from "../receipts/store.js";
import type { Remote } from "../store/operations.js";
import type { CleanUp } from "./retention-store.js";
import type { MailboxOperations } from "./store.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What ends entries that nobody will fetch, and forgets what is over, in short turns between deliveries. */
export class Retention {
  readonly #store: Remote<MailboxOperations>;
  readonly #context: Context;
  readonly #offerReceipts: (receipts: readonly NewReceiptEntry[]) => void;
  readonly #keepMs: number;

  /** @param offerReceipts what tells the senders */
  constructor(
    context: Context,
    store: Remote<MailboxOperations>,
    offerReceipts: (receipts: readonly NewReceiptEntry[]) => void,
  ) {
    this.#context = context;
    this.#store = store;
    this.#offerReceipts = offerReceipts;
    this.#keepMs = context.config.mailbox.keepDays * DAY_MS;
  }

  /** Ends the entries of devices that are gone. */
  endOrphans(): Promise<void> {
    return this.#inTurns(() => this.#store.endOrphans(this.#context.clock.now()));
  }

  /** Ends the entries that waited for longer than they are kept. */
  expire(): Promise<void> {
    const { clock } = this.#context;
    return this.#inTurns(() => this.#store.expire(clock.now() - this.#keepMs, clock.now()));
  }

  /** Forgets messages whose entries have all ended. A day is added for receipts that are late. */
  async forget(): Promise<void> {
    let hasMore = true;
    while (hasMore) hasMore = await this.#store.forget(this.#context.clock.now() - this.#keepMs - DAY_MS);
  }

  /** Forgets numbers that nothing speaks of any more. */
  async forgetNumbers(): Promise<void> {
    let sweep = await this.#store.forgetNumbers();
    while (sweep) sweep = await this.#store.forgetNumbers(sweep);
  }

  /** The schedule of all this. */
  get jobs(): readonly Job[] {
    return [
      { name: "expire entries", everyMs: HOUR_MS, run: () => this.expire() },
      { name: "end orphans", everyMs: HOUR_MS, run: () => this.endOrphans() },
      { name: "forget messages", everyMs: HOUR_MS, run: () => this.forget() },
      { name: "forget numbers", everyMs: DAY_MS, run: () => this.forgetNumbers() },
    ];
  }

  async #inTurns(turn: () => Promise<CleanUp>): Promise<void> {
    let hasMore = true;
    while (hasMore) {
      const done = await turn();
      hasMore = done.hasMore;
      this.#context.metrics.entriesExpired.inc(done.expired);
      this.#offerReceipts(done.receipts);
    }
  }
}
