import { expect } from "chai";
import { array, assert, integer, property } from "fast-check";
import { fullAt, giveBack, take, type Bucket, type Rate } from "../../../component/sign-up/limits.js";

const rate: Rate = { burst: 3, everySeconds: 10 };
const NOON = Date.UTC(2026, 0, 1, 12);

describe("take", () => {
  it("lets a burst through, then one every so often", () => {
    let bucket: Bucket | undefined;
    const ask = (now: number): number => {
      const taken = take(bucket, rate, now);
      if (!taken.isTaken) return taken.waitMs;
      bucket = taken.bucket;
      return 0;
    };
    expect([0, 0, 0, 0, 4000, 10_000, 10_000, 20_000].map((at) => ask(NOON + at))).to.deep.equal([
      0, 0, 0, 10_000, 6000, 0, 10_000, 0,
    ]);
  });

  it("saves up no more than the burst, however long nobody asked", () => {
    let bucket: Bucket | undefined = { tokens: 0, at: NOON };
    const later = NOON + 365 * 86_400_000;
    let count = 0;
    for (let taken = take(bucket, rate, later); taken.isTaken; taken = take(bucket, rate, later)) {
      ({ bucket } = taken);
      count += 1;
    }
    expect(count).to.equal(rate.burst);
  });

  it("gives nothing for a clock that steps back", () => {
    const empty = { tokens: 0, at: NOON };
    expect(take(empty, rate, NOON - 3_600_000)).to.deep.equal({ isTaken: false, waitMs: 10_000 });
  });

  it("starts a daily budget anew at midnight UTC, not before and not when the clock steps back", () => {
    const budget = { perDay: 1 };
    const used = take(undefined, budget, NOON);
    expect(used.isTaken).to.equal(true);
    const bucket = (used as { bucket: Bucket }).bucket;
    expect(take(bucket, budget, NOON + 1)).to.deep.equal({ isTaken: false, waitMs: 12 * 3_600_000 - 1 });
    expect(take(bucket, budget, NOON - 24 * 3_600_000).isTaken).to.equal(false);
    expect(take(bucket, budget, NOON + 12 * 3_600_000).isTaken).to.equal(true);
  });

  it("never lets more through than burst and time allow", () => {
    const steps = array(integer({ min: -5000, max: 30_000 }), { maxLength: 200 });
    assert(
      property(steps, (gaps) => {
        let bucket: Bucket | undefined;
        let now = NOON;
        let taken = 0;
        let forward = 0;
        for (const gap of gaps) {
          now += gap;
          forward += Math.max(0, gap);
          const answer = take(bucket, rate, now);
          if (!answer.isTaken) continue;
          bucket = answer.bucket;
          taken++;
        }
        expect(taken).to.be.at.most(rate.burst + Math.floor(forward / 10_000) + 1);
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

describe("giveBack", () => {
  it("undoes one, and never holds more than the burst", () => {
    expect(giveBack({ tokens: 0, at: NOON }, rate, NOON)).to.deep.equal({ tokens: 1, at: NOON });
    expect(giveBack(undefined, rate, NOON).tokens).to.equal(3);
    expect(giveBack({ tokens: 4, at: NOON }, { perDay: 5 }, NOON).tokens).to.equal(5);
  });
});

describe("fullAt", () => {
  it("says from when on the bucket may be forgotten", () => {
    const bucket = { tokens: 1, at: NOON };
    const at = fullAt(bucket, rate);
    expect(at).to.equal(NOON + 20_000);
    expect(take(bucket, rate, at)).to.deep.equal(take({ tokens: 3, at }, rate, at));
    expect(fullAt(bucket, { perDay: 5 })).to.equal(Date.UTC(2026, 0, 2));
  });
});
