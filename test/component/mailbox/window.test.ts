import { expect } from "chai";
import fc from "fast-check";
import { DeliveryWindow, type WindowLimits } from "../../../component/mailbox/window.js";

/** The same bookkeeping as simply as it can be told. */
class Model {
  readonly limits: WindowLimits;
  sent: number;
  highest: number;
  onTheWay: { seq: number; sizeBytes: number }[] = [];
  cautious: number;

  constructor(limits: WindowLimits, acknowledged: number, cautious: number) {
    this.limits = limits;
    this.sent = acknowledged;
    this.highest = acknowledged;
    this.cautious = cautious;
  }

  get bytes(): number {
    return this.onTheWay.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  get room(): number {
    if (this.bytes >= this.limits.bytes) return 0;
    return Math.max(0, (this.cautious > 0 ? 1 : this.limits.entries) - this.onTheWay.length);
  }
}

interface Pair {
  model: Model;
  window: DeliveryWindow;
}

function check({ model, window }: Pair): void {
  expect(window.sent).to.equal(model.sent);
  expect(window.isWaiting).to.equal(model.onTheWay.length > 0);
  expect(window.room).to.equal(model.room);
  expect(window.roomBytes).to.equal(Math.max(0, model.limits.bytes - model.bytes));
  for (const seq of [model.sent, model.sent + 1, model.sent + 2])
    expect(window.takes(seq)).to.equal(seq === model.sent + 1 && model.room > 0);
  expect(model.onTheWay.length).to.be.at.most(model.limits.entries);
}

type Step =
  { kind: "send"; sizeBytes: number; gap: number } | { kind: "acknowledge"; at: number } | { kind: "rewind" };

function apply({ model, window }: Pair, step: Step): void {
  if (step.kind === "rewind") {
    window.rewind();
    model.sent = (model.onTheWay[0]?.seq ?? model.sent + 1) - 1;
    model.onTheWay = [];
    return;
  }
  if (step.kind === "acknowledge") {
    const seq = Math.floor(step.at * (model.highest + 2));
    const left = model.onTheWay.filter((entry) => entry.seq > seq);
    const ended = model.onTheWay.length - left.length;
    expect(window.acknowledge(seq)).to.equal(ended > 0);
    model.onTheWay = left;
    model.cautious = Math.max(0, model.cautious - ended);
    return;
  }
  if (model.room === 0) return;
  const seq = model.sent + 1 + step.gap;
  expect(window.send(seq, step.sizeBytes)).to.equal(seq <= model.highest);
  model.onTheWay.push({ seq, sizeBytes: step.sizeBytes });
  model.sent = seq;
  model.highest = Math.max(model.highest, seq);
}

describe("DeliveryWindow", () => {
  it("does what its model does, whatever happens", () => {
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.record({
        kind: fc.constant("send" as const),
        sizeBytes: fc.integer({ min: 1, max: 400 }),
        gap: fc.constantFrom(0, 0, 0, 3),
      }),
      fc.record({
        kind: fc.constant("acknowledge" as const),
        at: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      fc.record({ kind: fc.constant("rewind" as const) }),
    );
    const limits = fc.record({
      entries: fc.integer({ min: 1, max: 8 }),
      bytes: fc.integer({ min: 1, max: 1000 }),
    });
    fc.assert(
      fc.property(
        limits,
        fc.nat(20),
        fc.nat(8),
        fc.array(step, { maxLength: 60 }),
        (limit, acknowledged, cautious, steps) => {
          const pair = {
            model: new Model(limit, acknowledged, cautious),
            window: new DeliveryWindow(limit, acknowledged, cautious),
          };
          check(pair);
          for (const one of steps) {
            apply(pair, one);
            check(pair);
          }
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  it("sends again from the first that is unacknowledged", () => {
    const window = new DeliveryWindow({ entries: 10, bytes: 1000 }, 4);
    for (const seq of [5, 6, 7]) expect(window.send(seq, 1)).to.equal(false);
    window.acknowledge(5);
    window.rewind();
    expect(window.takes(6)).to.equal(true);
    expect([6, 7, 8].map((seq) => window.send(seq, 1))).to.deep.equal([true, true, false]);
  });

  it("sends one at a time until it need not be cautious", () => {
    const window = new DeliveryWindow({ entries: 10, bytes: 1000 }, 0, 2);
    for (const seq of [1, 2]) {
      expect(window.room).to.equal(1);
      window.send(seq, 1);
      expect(window.room).to.equal(0);
      window.acknowledge(seq);
    }
    expect(window.room).to.equal(10);
  });
});
