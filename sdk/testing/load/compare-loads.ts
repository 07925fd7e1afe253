import { LOAD_STAGES } from "./meter.js";
import type { LoadReport } from "./run-load.js";

/** One figure of two loads beside each other. */
export interface LoadComparison {
  readonly name: string;
  readonly unit: "ms" | "µs" | "messages";
  readonly before: number;
  readonly after: number;
  /** `after / before`; missing where there is nothing to divide by. */
  readonly ratio: number | undefined;
}

const PERCENTILES = ["p50", "p99", "p100"] as const;

/** Lays two loads beside each other: counts, times of the stages, CPU for a message. */
export function compareLoads(before: LoadReport, after: LoadReport): LoadComparison[] {
  const rows = [
    ...(["sent", "accepted", "shown", "delivered"] as const).map((name) =>
      row(name, "messages", before.counts[name], after.counts[name]),
    ),
    row("faults", "messages", before.faultCount, after.faultCount),
    ...LOAD_STAGES.flatMap((stage) =>
      PERCENTILES.map((percentile) => {
        const of = ({ stages }: LoadReport): number => stages[stage].percentiles[percentile] ?? 0;
        return row(`${stage} ${percentile}`, "ms", of(before), of(after));
      }),
    ),
    ...(["prosody", "component", "generator"] as const).flatMap((name) => {
      const [a, b] = [before.cpuMicros[name], after.cpuMicros[name]];
      return a === null || b === null ? [] : [row(`CPU of ${name} for a message`, "µs", a, b)];
    }),
  ];
  return rows;
}

function row(name: string, unit: LoadComparison["unit"], before: number, after: number): LoadComparison {
  return { name, unit, before, after, ratio: before === 0 ? undefined : after / before };
}

/** A load in a few lines, for a terminal. */
export function describeLoad(report: LoadReport): string {
  const { counts, stages, cpuMicros, faultCount, failures, seconds } = report;
  const ms = (value: number | undefined): string => `${(value ?? 0).toFixed(1)} ms`;
  const lines = [
    `${counts.sent} sent in ${seconds} s, ${counts.accepted} accepted, ${counts.shown} shown, ${counts.delivered} delivered, ${counts.failed} failed, ${faultCount} faults`,
    ...LOAD_STAGES.map((stage) => {
      const { percentiles, max } = stages[stage];
      return `  ${stage.padEnd(10)} p50 ${ms(percentiles["p50"])}, p99 ${ms(percentiles["p99"])}, at most ${ms(max)}`;
    }),
    `  CPU for a message: Prosody ${cpuMicros.prosody ?? "?"} µs, component ${cpuMicros.component ?? "?"} µs, generator ${cpuMicros.generator} µs`,
    ...Object.entries(failures).map(([code, count]) => `  failed with ${code}: ${count}`),
    ...report.faults.slice(0, 10).map(({ kind, id, detail }) => `  ${kind}: ${id} ${detail}`),
  ];
  return lines.join("\n");
}
