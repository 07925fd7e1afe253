import { build, encodeIntoCompressedBase64, type Histogram } from "hdr-histogram-js";

/** The way of a message, each stage measured from when it was due. */
export const LOAD_STAGES = ["begun", "queued", "accepted", "shown", "delivered"] as const;
/**
 * One of {@link LOAD_STAGES}: the generator began to send it (how late the generator itself was); durable on the sender's
 * device; accepted by the service; shown to the recipient; the sender has been told that it was delivered.
 */
export type LoadStage = (typeof LOAD_STAGES)[number];

/** The times of a stage, in milliseconds. */
export interface StageTimes {
  readonly count: number;
  readonly mean: number;
  readonly max: number;
  /** By percentile: `p50`, `p99.9`. */
  readonly percentiles: Readonly<Record<string, number>>;
  /** Percentile and milliseconds, for a curve. */
  readonly curve: readonly (readonly [percentile: number, ms: number])[];
  /** The whole HDR histogram in microseconds, in the format of HdrHistogram V2, compressed, base64. */
  readonly histogram: string;
}

/** What happened in one second. */
export interface LoadSecond {
  /** Messages that were due, accepted, delivered in it. */
  readonly offered: number;
  readonly accepted: number;
  readonly delivered: number;
  /** How long those took that were accepted in it, in milliseconds; missing where there was none. */
  readonly p50?: number | undefined;
  readonly p99?: number | undefined;
}

const PERCENTILES = [50, 75, 90, 95, 99, 99.9, 100];
const CURVE = [0, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.9, 99.95, 99.99, 100];
const MAX_US = 3_600_000_000;

function histogram(digits: 1 | 2 | 3): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MAX_US,
    numberOfSignificantValueDigits: digits,
  });
}

interface Second {
  offered: number;
  accepted: number;
  delivered: number;
  times: number[];
}

/** Histograms of all stages, and what happened in each second. */
export class LoadMeter {
  readonly #histograms = new Map(LOAD_STAGES.map((stage) => [stage, histogram(3)]));
  readonly #seconds: Second[] = [];

  /** A message is due. @param atMs since the beginning, as all times here */
  offer(atMs: number): void {
    this.#second(atMs).offered += 1;
  }

  /** A message has come to a stage. */
  record(stage: LoadStage, dueMs: number, atMs: number): void {
    const us = Math.min(MAX_US, Math.max(1, Math.round((atMs - dueMs) * 1_000)));
    this.#histograms.get(stage)?.recordValue(us);
    const second = this.#second(atMs);
    if (stage === "delivered") second.delivered += 1;
    if (stage !== "accepted") return;
    second.accepted += 1;
    second.times.push(atMs - dueMs);
  }

  /** The times of all stages. */
  stages(): Record<LoadStage, StageTimes> {
    const entries = [...this.#histograms].map(([stage, times]) => [stage, timesOf(times)]);
    return Object.fromEntries(entries) as Record<LoadStage, StageTimes>;
  }

  /** What happened second by second. */
  seconds(): LoadSecond[] {
    return this.#seconds.map(({ offered, accepted, delivered, times }) => {
      const sorted = times.sort((a, b) => a - b);
      const at = (share: number): number | undefined =>
        sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
      return { offered, accepted, delivered, p50: rounded(at(0.5)), p99: rounded(at(0.99)) };
    });
  }

  #second(atMs: number): Second {
    const index = Math.max(0, Math.floor(atMs / 1_000));
    while (this.#seconds.length <= index)
      this.#seconds.push({ offered: 0, accepted: 0, delivered: 0, times: [] });
    return this.#seconds[index] as Second;
  }
}

function timesOf(times: Histogram): StageTimes {
  const at = (percentile: number): number => times.getValueAtPercentile(percentile) / 1_000;
  return {
    count: times.totalCount,
    mean: times.mean / 1_000,
    max: times.maxValue / 1_000,
    percentiles: Object.fromEntries(PERCENTILES.map((one) => [`p${one}`, at(one)])),
    curve: CURVE.map((one) => [one, at(one)] as const),
    histogram: encodeIntoCompressedBase64(times),
  };
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 1_000) / 1_000;
}
