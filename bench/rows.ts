import { readFileSync } from "node:fs";

/** One claim, measured beside what it is measured against in the same run. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The same measure of what stands beside it. */
  readonly baseline: number;
  /** `value / baseline`. */
  readonly ratio: number;
  /** What the ratio should be, for example `>= 1`; empty where it is only shown. */
  readonly goal: string;
  readonly holds: boolean;
  /** Each run, where there were several: its value and its baseline. The row itself shows their medians. */
  readonly runs?: readonly Run[];
}

/** One run of what a row compares: its value and its baseline. */
export type Run = readonly [value: number, baseline: number];

/** Makes a row; `goal` is `>= N`, `<= N` or empty. */
export function row(name: string, unit: string, value: number, baseline: number, goal: string): Row {
  const ratio = value / baseline;
  const [comparison, bound] = goal.split(" ");
  const holds = goal === "" || (comparison === ">=" ? ratio >= Number(bound) : ratio <= Number(bound));
  return { name, value, unit, baseline, ratio, goal, holds };
}

/** Makes a row of the medians of several runs; a run's value and baseline were measured one after the other. */
export function rowOfRuns(name: string, unit: string, runs: readonly Run[], goal: string): Row {
  const middle = (place: 0 | 1): number => median(runs.map((run) => run[place]));
  return { ...row(name, unit, middle(0), middle(1), goal), runs };
}

/** The middle of a list of measurements. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The value below which a share of the measurements lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** CPU time of a process so far, in seconds (user and system). Linux only. */
export function cpuSeconds(pid: number | undefined): number {
  if (pid === undefined) return Number.NaN;
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Prints rows as a table. */
export function printRows(rows: readonly Row[]): void {
  const width = Math.max(...rows.map(({ name }) => name.length));
  for (const { name, value, unit, baseline, ratio, goal, holds, runs } of rows) {
    const verdict = (goal === "" ? "" : `${goal} ${holds ? "holds" : "MISSED"}`).padEnd(15);
    const spread = runs ? `  ${runs.map(([one, other]) => (one / other).toFixed(2)).join(" ")}` : "";
    const measured = `${figure(value)} ${unit} against ${figure(baseline)}`;
    process.stdout.write(
      `${name.padEnd(width)}  ${measured.padEnd(42)} ratio ${ratio.toFixed(2).padStart(6)}  ${verdict}${spread}\n`,
    );
  }
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
