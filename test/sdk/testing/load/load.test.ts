import { expect } from "chai";
import { compareLoads, type LoadReport, writeLoadHtml } from "../../../../sdk/testing/mod.js";
import { LoadLedger } from "../../../../sdk/testing/load/ledger.js";
import { LoadMeter } from "../../../../sdk/testing/load/meter.js";
import { resolveScenario, schedule } from "../../../../sdk/testing/load/scenario.js";
import { InvalidInput } from "../../../../src/errors.js";

describe("schedule", () => {
  it("offers as many messages as the ramps say, spread as they say", () => {
    const ramps = [
      { seconds: 10, from: 0, to: 100 },
      { seconds: 5, to: 100 },
    ];
    for (const arrivals of ["even", "random"] as const) {
      const due = [...schedule(resolveScenario({ ramps, arrivals }), [1, 1])].map(({ dueMs }) => dueMs);
      expect(due.length).to.be.closeTo(1_000, arrivals === "even" ? 2 : 100);
      expect(due).to.deep.equal([...due].sort((a, b) => a - b));
      // A quarter of the ramp's messages come in its first half
      expect(due.filter((at) => at < 5_000).length).to.be.closeTo(125, arrivals === "even" ? 2 : 40);
    }
  });

  it("counts a message to a group once for each who gets it", () => {
    const scenario = resolveScenario({ ramps: [{ seconds: 10, to: 30 }], arrivals: "even" });
    expect([...schedule(scenario, [3])]).to.have.length.within(99, 100);
  });

  it("refuses what never ends, or in which nobody writes", () => {
    expect(() => resolveScenario({ ramps: [{ seconds: 0, to: 5 }] })).to.throw(InvalidInput);
    expect(() => resolveScenario({ pairs: 0 })).to.throw(InvalidInput);
  });
});

describe("LoadLedger", () => {
  function ledger(): LoadLedger {
    const book = new LoadLedger();
    for (const id of ["1", "2"]) {
      book.send(id, "a", "b", `text ${id}`);
      book.accept(id);
    }
    return book;
  }
  const kinds = ({ faults }: LoadLedger): string[] => faults.map(({ kind }) => kind);

  it("is content with each message once, in order", () => {
    const book = ledger();
    book.show("1", "a", "b", "text 1");
    expect(book.isSettled).to.equal(false);
    book.show("2", "a", "b", "text 2");
    book.close();
    expect([book.isSettled, book.faultCount, book.shown]).to.deep.equal([true, 0, 2]);
  });

  for (const [kind, show] of [
    ["lost", (book) => book.show("1", "a", "b", "text 1")],
    ["out-of-order", (book) => ["2", "1"].forEach((id) => book.show(id, "a", "b", `text ${id}`))],
    ["shown-twice", (book) => ["1", "1", "2"].forEach((id) => book.show(id, "a", "b", `text ${id}`))],
    ["changed", (book) => ["1", "2"].forEach((id) => book.show(id, "a", "b", "text 1"))],
    ["never-sent", (book) => ["1", "2", "3"].forEach((id) => book.show(id, "a", "b", `text ${id}`))],
  ] as [string, (book: LoadLedger) => void][])
    it(`finds what is ${kind}`, () => {
      const book = ledger();
      show(book);
      book.close();
      expect(kinds(book)).to.deep.equal([kind]);
    });
});

describe("writeLoadHtml", () => {
  /** A report of one message, which took so long at each stage. */
  function report(name: string, ms: number): LoadReport {
    const meter = new LoadMeter();
    meter.offer(0);
    for (const stage of ["begun", "queued", "accepted", "shown", "delivered"] as const)
      meter.record(stage, 0, ms);
    return {
      format: "twotick-load-1",
      startedAt: "2026-01-01T00:00:00.000Z",
      scenario: resolveScenario({ name }),
      machine: { node: "v20", platform: "linux", cpus: 2 },
      seconds: 10,
      drainSeconds: 0,
      counts: { sent: 1, accepted: 1, failed: 0, shown: 1, delivered: 1 },
      failures: {},
      faultCount: 0,
      faults: [],
      stages: meter.stages(),
      perSecond: meter.seconds(),
      cpuMicros: { prosody: 100, component: null, generator: 5 },
    };
  }

  it("is one file with pictures, of which nothing comes from elsewhere", () => {
    const html = writeLoadHtml(report("<now>", 4), report("before", 2));
    expect(html.match(/<figure>/g)).to.have.length(3);
    expect(html).to.not.match(/<script|<link|src=|url\(|https?:/);
    expect(html).to.include("prefers-color-scheme:dark").and.to.include("&lt;now&gt;");
    expect(html).to.match(/class="line c0 before"/);
  });

  it("compares two runs figure by figure", () => {
    const rows = compareLoads(report("a", 2), report("b", 4));
    expect(rows.find(({ name }) => name === "accepted p99")?.ratio).to.be.closeTo(2, 0.01);
    expect(rows.map(({ name }) => name)).to.not.include("CPU of component for a message");
  });
});
