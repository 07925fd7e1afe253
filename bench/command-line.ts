import { spawnSync } from "node:child_process";
import { builtFolder } from "./built.js";
import type { BenchOptions } from "./options.js";
import { median, row, rowOfRuns, type Row, type Run } from "./rows.js";

const TIMES = 15;
const SMOKE_TIMES = 2;
/** How soon the program is to say what it can do, in milliseconds. */
const GOAL_MS = 200;

/** How long `twotick --help` takes as it is published, beside a Node.js that does nothing. */
export function commandLineRows({ rounds, isSmoke }: BenchOptions): Row[] {
  const main = `${builtFolder()}/cli/main.js`;
  const runs: Run[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const help: number[] = [];
    const nothing: number[] = [];
    for (let times = 0; times < (isSmoke ? SMOKE_TIMES : TIMES); times += 1) {
      help.push(tookMs(main, "--help"));
      nothing.push(tookMs("-e", "0"));
    }
    runs.push([median(help), median(nothing)]);
  }
  const took = median(runs.map(([help]) => help));
  return [
    row("twotick --help", "ms", took, GOAL_MS, "<= 1"),
    rowOfRuns("the same, against node -e 0", "ms", runs, ""),
  ];
}

function tookMs(...args: readonly string[]): number {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}`);
  return performance.now() - start;
}
