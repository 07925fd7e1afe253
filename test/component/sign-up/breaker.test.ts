import { expect } from "chai";
import { type Breaker, CLOSED, pass, record } from "../../../component/sign-up/breaker.js";

const rules = { minShare: 0.5, minSignUps: 10, openMinutes: 60, trials: 4 };
const NOW = 1_000_000_000;
const HOUR = 3_600_000;

const end = (breaker: Breaker, used: number, unused: number, startedAt = NOW, now = NOW): Breaker => {
  let result = breaker;
  for (let i = 0; i < used; i++) result = record(result, rules, { isUsed: true, startedAt }, now);
  for (let i = 0; i < unused; i++) result = record(result, rules, { isUsed: false, startedAt }, now);
  return result;
};

describe("record", () => {
  it("stays closed while enough codes are used", () => expect(end(CLOSED, 5, 5).state).to.equal("closed"));
  it("stays closed while too few have ended", () => expect(end(CLOSED, 0, 9).state).to.equal("closed"));
  it("opens when the share falls", () => expect(end(CLOSED, 4, 6).state).to.equal("open"));
  it("sees a fraud however long all was well", () => {
    const long = end(CLOSED, 1000, 0);
    expect(end(long, 0, 25).state).to.equal("open");
  });
  it("counts nothing while open", () => {
    const open = end(CLOSED, 0, 10);
    expect(end(open, 100, 0)).to.deep.equal(open);
  });
});

describe("pass", () => {
  const open = end(CLOSED, 0, 10);
  const halfOpen = (): Breaker => {
    let breaker = open;
    for (let i = 0; i < rules.trials; i++) {
      const passed = pass(breaker, rules, NOW + HOUR);
      expect(passed.isPassed).to.equal(true);
      breaker = (passed as { breaker: Breaker }).breaker;
    }
    return breaker;
  };

  it("lets nothing through while open, and says for how long", () =>
    expect(pass(open, rules, NOW + 1)).to.deep.equal({ isPassed: false, waitMs: HOUR - 1 }));

  it("lets a few through after that, then waits for how they end", () => {
    expect(halfOpen().state).to.equal("half-open");
    expect(pass(halfOpen(), rules, NOW + HOUR).isPassed).to.equal(false);
  });

  it("closes when the few are used", () => {
    const closed = end(halfOpen(), 3, 1, NOW + HOUR, NOW + HOUR + 1);
    expect(closed.state).to.equal("closed");
    expect(pass(closed, rules, NOW + HOUR + 2).isPassed).to.equal(true);
  });

  it("opens again when they are not", () => {
    const again = end(halfOpen(), 1, 3, NOW + HOUR, NOW + HOUR + 1);
    expect(again).to.include({ state: "open", since: NOW + HOUR + 1 });
  });

  it("does not count among the few what began before", () =>
    expect(end(halfOpen(), 10, 0, NOW, NOW + HOUR + 1).state).to.equal("half-open"));

  it("is not held half-open for ever by trials that never end", () =>
    expect(pass(halfOpen(), rules, NOW + 2 * HOUR).isPassed).to.equal(true));
});
