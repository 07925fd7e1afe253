import type { Counter, Gauge, Histogram } from "prom-client";
import type { EpochMs } from "../../src/clock.js";
import type { Metrics } from "../metrics.js";

/** What is counted between two samples; everything else is a state at the time of the sample. */
const COUNTED = [
  "accepted",
  "duplicate",
  "refused",
  "delivered",
  "read",
  "expired",
  "undecryptable",
  "codesSent",
  "codesFailed",
  "codesUsed",
  "entriesSent",
  "entriesResent",
] as const;
const STATES = [
  "waitingEntries",
  "waitingBytes",
  "waitingMailboxes",
  "oldestSeconds",
  "attachedDevices",
  "memoryBytes",
] as const;

/** The names of the columns of a sample, behind its time. */
export const COLUMNS = [...COUNTED, ...STATES] as const;

type Counts = Record<(typeof COUNTED)[number], number>;

/** One moment: its time, {@link COLUMNS}, and how many accepts and commits took how long. */
export interface Sample {
  readonly at: EpochMs;
  readonly values: readonly number[];
  /** By upper bound, each bucket by itself, the last one without bound; empty when there was none. */
  readonly accepts: readonly number[];
  readonly commits: readonly number[];
}

/** Reads the component's metrics into samples. */
export class Sampler {
  readonly #metrics: Metrics;
  #totals: Counts | undefined;
  #accepts: readonly number[] = [];
  #commits: readonly number[] = [];
  #samples = 0;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Everything counted since the component started. */
  get totals(): Counts {
    return this.#totals ?? emptyCounts();
  }

  /** Takes one sample; what costs the store something is brought up to date at every other one. */
  async take(at: EpochMs): Promise<Sample> {
    if (this.#samples++ % 2 === 0)
      await Promise.allSettled(this.#metrics.refreshers.map((refresh) => refresh()));
    const totals = await readTotals(this.#metrics);
    const states = await readStates(this.#metrics);
    const accepts = await bucketsOf(this.#metrics.acceptSeconds);
    const commits = await bucketsOf(this.#metrics.commitSeconds);
    const before = this.totals;
    const sample = {
      at,
      values: [...COUNTED.map((name) => totals[name] - before[name]), ...states],
      accepts: difference(accepts, this.#accepts),
      commits: difference(commits, this.#commits),
    };
    this.#totals = totals;
    this.#accepts = accepts;
    this.#commits = commits;
    return sample;
  }
}

function emptyCounts(): Counts {
  return Object.fromEntries(COUNTED.map((name) => [name, 0])) as Counts;
}

async function readTotals(metrics: Metrics): Promise<Counts> {
  const messages = await byLabel(metrics.messages, "outcome");
  const receipts = await byLabel(metrics.receipts, "state");
  const codes = await byLabel(metrics.signUpCodes, "outcome");
  const of = (counts: ReadonlyMap<string, number>, name: string): number => counts.get(name) ?? 0;
  const all = [...messages.values()].reduce((sum, count) => sum + count, 0);
  const [accepted, duplicate] = [of(messages, "accepted"), of(messages, "duplicate")];
  return {
    accepted,
    duplicate,
    // Every other outcome names why
    refused: all - accepted - duplicate,
    delivered: of(receipts, "delivered"),
    read: of(receipts, "read"),
    expired: of(receipts, "expired"),
    undecryptable: of(receipts, "undecryptable"),
    codesSent: of(codes, "sent"),
    codesFailed: of(codes, "failed"),
    codesUsed: of(codes, "used"),
    entriesSent: await valueOf(metrics.entriesDelivered),
    entriesResent: await valueOf(metrics.entriesRedelivered),
  };
}

async function readStates(metrics: Metrics): Promise<number[]> {
  const gauges = [
    metrics.mailboxEntries,
    metrics.mailboxBytes,
    metrics.mailboxesWaiting,
    metrics.mailboxOldestSeconds,
    metrics.attachedDevices,
  ];
  return [...(await Promise.all(gauges.map((gauge) => valueOf(gauge)))), process.memoryUsage.rss()];
}

async function byLabel(counter: Counter, label: string): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  for (const { labels, value } of (await counter.get()).values) {
    const name = String(labels[label]);
    sums.set(name, (sums.get(name) ?? 0) + value);
  }
  return sums;
}

async function valueOf(metric: Counter | Gauge): Promise<number> {
  return (await metric.get()).values[0]?.value ?? 0;
}

/** The buckets of a histogram, each by itself. */
async function bucketsOf(histogram: Histogram): Promise<number[]> {
  const { values } = await histogram.get();
  const cumulative = values
    .filter(({ metricName }) => metricName?.endsWith("_bucket"))
    .map(({ value }) => value);
  return difference(cumulative, [0, ...cumulative.slice(0, -1)]);
}

function difference(values: readonly number[], before: readonly number[]): number[] {
  const differences = values.map((value, index) => value - (before[index] ?? 0));
  return differences.some((count) => count !== 0) ? differences : [];
}
