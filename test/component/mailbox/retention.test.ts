import { expect } from "chai";
import { createMetrics } from "../../../component/metrics.js";
import { Retention } from "../../../component/mailbox/retention.js";
import type { NewReceiptEntry } from "../../../component/receipts/store.js";
import { ManualClock } from "../../support/manual-clock.js";

const DAY_MS = 86_400_000;

describe("Retention", () => {
  const clock = new ManualClock();
  const metrics = createMetrics();
  let asked: [operation: string, ...times: number[]][];
  let told: unknown[];
  let turns: number;
  beforeEach(() => {
    [asked, told, turns] = [[], [], 1];
  });

  const expired = async (): Promise<number> => (await metrics.entriesExpired.get()).values[0]?.value ?? 0;

  /** The operations are the store's, which the contract of the mailbox store covers: here it is when they are asked. */
  function retention(keepDays: number): Retention {
    const turn = (operation: string, ...times: number[]) => {
      asked.push([operation, ...times]);
      turns -= 1;
      return Promise.resolve({ expired: 1, receipts: [{ operation }], hasMore: turns > 0 });
    };
    const store = {
      expire: (before: number, now: number) => turn("expire", before, now),
      endOrphans: (now: number) => turn("endOrphans", now),
      forget: (before: number) => (asked.push(["forget", before]), Promise.resolve(--turns > 0)),
      forgetNumbers: () => (asked.push(["forgetNumbers"]), Promise.resolve()),
    };
    const context = { clock, metrics, config: { mailbox: { keepDays } } };
    const tell = (receipts: readonly NewReceiptEntry[]) => void told.push(...receipts);
    return new Retention(context as never, store as never, tell);
  }

  it("ends what waited for longer than mailbox.keep_days, turn by turn, and tells the senders", async () => {
    turns = 2;
    const before = await expired();
    await retention(2.5).expire();
    expect((await expired()) - before, "twotick_entries_expired_total").to.equal(2);
    const once = ["expire", clock.now() - 2.5 * DAY_MS, clock.now()];
    expect(asked).to.deep.equal([once, once]);
    expect(told).to.deep.equal([{ operation: "expire" }, { operation: "expire" }]);
  });

  it("keeps ids and receipts a day longer, for those that are late", async () => {
    await retention(30).forget();
    expect(asked).to.deep.equal([["forget", clock.now() - 31 * DAY_MS]]);
  });

  it("has all of it done on a schedule", async () => {
    for (const job of retention(30).jobs) {
      turns = 1;
      await job.run();
    }
    expect(asked.map(([operation]) => operation)).to.have.members([
      "expire",
      "endOrphans",
      "forget",
      "forgetNumbers",
    ]);
  });
});
