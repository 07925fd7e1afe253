import { expect } from "chai";
import { bytes, count, countryName, duration, money } from "../../../component/dashboard/page/format.js";
import {
  Model,
  niceTicks,
  quantile,
  type News,
  type Sample,
} from "../../../component/dashboard/page/model.js";

const MINUTE = 60_000;
const NOW = 100 * 3_600_000 + 30_000;

function news(samples: Sample[], more: Partial<News> = {}): News {
  return {
    run: "a",
    taken: samples.length,
    domain: "phone.example.org",
    startedAt: 0,
    now: NOW,
    sampleMs: 5_000,
    historyMs: 60 * MINUTE,
    state: { isLinked: true, isStoreOpen: true, hasRoom: true },
    totals: {},
    countries: [],
    currency: "EUR",
    boundsSeconds: [1, 2, 4],
    columns: ["accepted", "waiting"],
    samples,
    ...more,
  };
}

const sample = (at: number, accepted: number, waiting = 0, accepts: number[] = []): Sample => [
  at,
  [accepted, waiting],
  accepts,
  [],
];

describe("the dashboard's Model", () => {
  it("puts every sample into the stretch of its time, and leaves gaps where it knows nothing", () => {
    const model = new Model();
    model.take(news([sample(NOW - 2 * MINUTE, 3, 7), sample(NOW - 5_000, 1, 2), sample(NOW, 4, 1)]));
    const stretches = model.stretches(3 * MINUTE, MINUTE);
    expect(stretches.map((stretch) => model.sum(stretch, "accepted"))).to.deep.equal([3, 0, 5]);
    expect(stretches.map((stretch) => model.highest(stretch, "waiting"))).to.deep.equal([7, Number.NaN, 2]);
    // Three samples stand for five seconds each, whatever the stretch is long
    expect(model.perMinute(stretches[2]!, "accepted")).to.equal(30);
    expect(model.perMinute(stretches[1]!, "accepted")).to.be.NaN;
    expect(stretches.at(-1)?.to).to.equal(NOW + 30_000);
    expect(model.latest("waiting")).to.equal(1);
  });

  it("knows the last minute, across the end of one of the clock's", () => {
    const model = new Model();
    const now = 100 * 3_600_000 + 2_000;
    model.take(news([sample(now - MINUTE, 9), sample(now - 5_000, 1), sample(now, 2)], { now }));
    expect(model.sum(model.last(MINUTE), "accepted")).to.equal(3);
  });

  it("asks for what is behind the last answer, forgets what is older than an hour, and all of it after a restart", () => {
    const model = new Model();
    expect(model.query).to.equal("");
    model.take(news([sample(NOW - 61 * MINUTE, 9), sample(NOW - 59 * MINUTE, 1)]));
    expect(model.query).to.equal("?run=a&after=2");
    const sum = (): number =>
      model.stretches(120 * MINUTE, MINUTE).reduce((all, one) => all + model.sum(one, "accepted"), 0);
    expect(sum()).to.equal(1);
    model.take(news([sample(NOW, 5)], { run: "b" }));
    expect(sum()).to.equal(5);
  });

  it("tells what a share of a stretch took at most, over all its samples", () => {
    const model = new Model();
    model.take(news([sample(NOW - 5_000, 0, 0, [4, 0, 0, 0]), sample(NOW, 0, 0, [0, 4, 0, 0])]));
    const [stretch] = model.stretches(MINUTE, MINUTE);
    expect(model.quantile(stretch!, 2, 0.5)).to.equal(1);
    expect(model.quantile(stretch!, 2, 0.75)).to.equal(1.5);
    expect(model.quantile(stretch!, 3, 0.5)).to.be.NaN;
  });
});

describe("quantile", () => {
  for (const [share, counts, expected] of [
    [0.5, [0, 0, 0, 0], Number.NaN],
    [0.5, [2, 0, 0, 0], 0.5],
    [1, [2, 0, 0, 0], 1],
    [0.5, [0, 0, 10, 0], 3],
    [0.95, [1, 0, 0, 99], 4],
  ] as const)
    it(`of ${share} in ${counts.join(" ")} is ${expected}`, () =>
      expect(quantile([1, 2, 4], counts, share)).to.deep.equal(expected));
});

describe("niceTicks", () => {
  for (const [highest, expected] of [
    [0, [0, 1]],
    [Number.NEGATIVE_INFINITY, [0, 1]],
    [4, [0, 2, 4]],
    [283, [0, 100, 200, 300]],
    [0.007, [0, 0.0025, 0.005, 0.0075]],
  ] as const)
    it(`goes up to ${highest} in round steps`, () => expect(niceTicks(highest, 3)).to.deep.equal(expected));
});

describe("the dashboard's figures", () => {
  for (const [written, expected] of [
    [count(99_999), "99,999"],
    [count(1_234_567), "1.23M"],
    [duration(0.00091), "0.91 ms"],
    [duration(45), "45 s"],
    [duration(90_000), "25 h"],
    [duration(Number.NaN), "–"],
    [bytes(1410), "1.4 KiB"],
    [bytes(112 * 1024 ** 2), "112 MiB"],
    [money(30.9, "EUR"), "€30.90"],
    [countryName("DE"), "Germany"],
    [countryName("ZZ"), "Unknown"],
  ] as const)
    it(`are written as ${expected}`, () => expect(written).to.equal(expected));
});
