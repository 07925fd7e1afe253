import { expect } from "chai";
import { Harness, problemOf } from "../component/sign-up/harness.js";

/** Sign-ups tried in each sequence. */
const NUMBERS = 10_000;
const PORTION = 200;
const MINUTE = 60_000;

/** A number of the sequence: `step` apart, so that neighbours share a prefix or do not. */
function numberAt(index: number, step: number): string {
  return `+1555${String(2_000_000 + index * step).padStart(7, "0")}`;
}

describe(`${NUMBERS} numbers in sequence`, () => {
  let harness: Harness;
  afterEach(() => harness.stop());

  /** Tries them all, restarts half-way, and answers what came of them. */
  const tryAll = async (step: number, addressAt: (index: number) => string): Promise<Map<string, number>> => {
    const outcomes = new Map<string, number>();
    for (let first = 0; first < NUMBERS; first += PORTION) {
      if (first === NUMBERS / 2) await harness.restart();
      const portion = Array.from({ length: PORTION }, async (_, offset) => {
        const index = first + offset;
        const more = { remoteAddress: addressAt(index) };
        const response = await harness.post("/v1/sign-ups", { number: numberAt(index, step) }, more);
        const outcome = response.statusCode === 201 ? "begun" : problemOf(response);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      });
      await Promise.all(portion);
    }
    return outcomes;
  };
  /** An address of its own, in a network of its own, for each. */
  const everywhere = (index: number): string =>
    `${20 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.1`;
  const wide = { burst: 1_000_000, everySeconds: 1 };
  const allBut = (...limits: readonly string[]): Record<string, object> =>
    Object.fromEntries(
      ["prefix", "country", "address", "network"]
        .filter((limit) => !limits.includes(limit))
        .map((limit) => [limit, wide]),
    );

  const cases: readonly (readonly [
    what: string,
    begun: number,
    limit: string,
    step: number,
    at: (i: number) => string,
  ])[] = [
    ["from one address", 10, "address", 701, () => "192.0.2.1"],
    ["from one IPv6 /64", 10, "address", 701, (i) => `2001:db8::${i.toString(16)}`],
    ["from one network, an address each", 100, "network", 701, (i) => `2001:db8:0:${i.toString(16)}::1`],
    ["from everywhere, to neighbours of each other", 30, "prefix", 1, everywhere],
    ["from everywhere, to one country", 1000, "country", 701, everywhere],
  ];
  for (const [what, begun, limit, step, at] of cases)
    it(`${what}: ${begun} get a code, restart or not, and no more is sent than was begun`, async function () {
      this.timeout(60_000);
      const number = limit === "prefix" ? { number: wide } : {};
      harness = await Harness.start({
        signUp: { dailyBudget: 1_000_000, limits: { ...allBut(limit), ...number } },
      });
      const outcomes = await tryAll(step, at);
      expect(outcomes.get("begun")).to.equal(begun);
      expect(harness.sms.received).to.have.length(begun);
      expect(outcomes.size).to.equal(2);
    });

  it("with every limit set wide: the day's budget is all that is sent", async function () {
    this.timeout(60_000);
    const limits = { ...allBut(), number: wide };
    harness = await Harness.start({ signUp: { dailyBudget: 50, limits } });
    const outcomes = await tryAll(701, everywhere);
    expect(Object.fromEntries(outcomes)).to.deep.equal({ begun: 50, "codes-unavailable": NUMBERS - 50 });
    expect(harness.sms.received).to.have.length(50);
  });

  it("opens the breaker, which stays open over a restart, and closes no other country", async function () {
    this.timeout(60_000);
    const limits = { ...allBut(), number: wide };
    harness = await Harness.start({ signUp: { countries: ["US", "DE"], limits } });
    for (let index = 0; index < 60; index++)
      await harness.begin(numberAt(index, 701), { remoteAddress: everywhere(index) });
    harness.clock.advance(31 * MINUTE);
    await harness.sweep();
    expect(await tryAll(701, everywhere).then((outcomes) => Object.fromEntries(outcomes))).to.deep.equal({
      "codes-unavailable": NUMBERS,
    });
    await harness.begin("+4915112345678", { remoteAddress: "203.0.113.1" });
    expect(harness.sms.received).to.have.length(61);
  });
});
