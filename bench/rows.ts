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
}

/** Makes a row; `goal` is `>= N`, `<= N` or empty. */
export function row(name: string, unit: string, value: number, baseline: number, goal: string): Row {
  const ratio = value / baseline;
  const [comparison, bound] = goal.split(" ");
  const holds = goal === "" || (comparison === ">=" ? ratio >= Number(bound) : ratio <= Number(bound));
  return { name, value, unit, baseline, ratio, goal, holds };
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
  for (const { name, value, unit, baseline, ratio, goal, holds } of rows) {
    const verdict = goal === "" ? "" : `${goal.padEnd(8)} ${holds ? "holds" : "MISSED"}`;
    const measured = `${figure(value)} ${unit} against ${figure(baseline)}`;
    process.stdout.write(
      `${name.padEnd(width)}  ${measured.padEnd(42)} ratio ${ratio.toFixed(2).padStart(6)}  ${verdict}\n`,
    );
  }
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
