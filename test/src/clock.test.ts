import { expect } from "chai";
import fc from "fast-check";
import { formatStamp, parseStamp, systemClock } from "../../src/clock.js";
import { InvalidInput } from "../../src/errors.js";

describe("XEP-0082", () => {
  it("reads what it writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), (at) => {
        expect(parseStamp(formatStamp(at))).to.equal(at);
      }),
      { seed: 1 },
    );
  });

  const GOOD: readonly [text: string, at: number][] = [
    ["1969-07-21T02:56:15Z", Date.UTC(1969, 6, 21, 2, 56, 15)],
    ["1969-07-20T21:56:15-05:00", Date.UTC(1969, 6, 21, 2, 56, 15)],
    ["2026-01-31T09:30:00.5Z", Date.UTC(2026, 0, 31, 9, 30, 0, 500)],
    ["2026-01-31T09:30:00.123456789Z", Date.UTC(2026, 0, 31, 9, 30, 0, 123)],
  ];
  it("refuses what lies, its offset taken off, outside of the years that can be written", () => {
    for (const text of ["0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59.999-00:01"])
      expect(() => parseStamp(text)).to.throw(InvalidInput);
    for (const text of ["0000-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"])
      expect(formatStamp(parseStamp(text))).to.equal(text);
  });

  for (const [text, at] of GOOD) {
    it(`reads ${text}`, () => {
      expect(parseStamp(text)).to.equal(at);
    });
  }

  const BAD = [undefined, "", "now", "2026-01-31", "2026-01-31T09:30:00", "2026-13-01T00:00:00Z"];
  for (const text of [...BAD, "2026-01-31 09:30:00Z", "20260131T09:30:00Z", "2026-01-31T25:00:00Z", "0"]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseStamp(text)).to.throw(InvalidInput);
    });
  }
});

describe("systemClock", () => {
  it("calls once after the delay, unless cancelled", async () => {
    let cancelled = 0;
    systemClock.after(1, () => (cancelled += 1))();
    await new Promise<void>((resolve) => {
      const alive = setInterval(() => {}, 1000);
      systemClock.after(5, () => (clearInterval(alive), resolve()));
    });
    expect(cancelled).to.equal(0);
  });

  it("never steps back in its monotonic time", () => {
    const first = systemClock.monotonicMs();
    expect(systemClock.monotonicMs()).to.be.at.least(first);
  });
});
