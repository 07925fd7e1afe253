import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { LoadRamp, LoadReport } from "../../sdk/testing/mod.js";
import { InvalidInput } from "../../src/errors.js";
import { answersJson, wholeNumber } from "../command.js";
import { EXIT } from "../exit-codes.js";
import { requireWritable } from "../output-file.js";
import { withProgress } from "../progress.js";
import type { Shell } from "../shell.js";

interface LoadCommandOptions {
  readonly pairs: number;
  readonly groups: number;
  readonly groupSize: number;
  readonly ramp?: LoadRamp[];
  readonly length: number;
  readonly seed: number;
  readonly out?: string;
  readonly html?: string;
  readonly before?: string;
}

/** Defines `twotick load`. */
export function define(command: Command, shell: Shell): void {
  command
    .description(
      "Loads a server of its own on this machine with people who write to each other, encrypted, whether answers come or not; and accounts for every message. Exits with 1 when one was lost, doubled, changed or out of order.",
    )
    .option("--pairs <count>", "pairs of people", wholeNumber(0, 10_000), 5)
    .option("--groups <count>", "groups, in which one writes to all others", wholeNumber(0, 10_000), 0)
    .option("--group-size <count>", "to how many", wholeNumber(1, 1_000), 10)
    .option(
      "--ramp <stretch>",
      "a stretch of time: seconds:rate or seconds:from-to, in messages a second; may be given again (10:50 unless given)",
      addRamp,
    )
    .option("--length <characters>", "of a message", wholeNumber(24, 60_000), 100)
    .option("--seed <number>", "leads what is left to chance", wholeNumber(1, 2 ** 31 - 1), 1)
    .option("--out <file>", "write the whole report as JSON")
    .option("--html <file>", "write it as a page with pictures")
    .option("--before <file>", "the JSON report of an earlier run, to compare with")
    .action((options: LoadCommandOptions) => load(options, shell));
  answersJson(command, {
    example: {
      counts: { sent: 500, accepted: 500, failed: 0, shown: 500, delivered: 500 },
      faultCount: 0,
      failures: {},
      stages: { accepted: { p50: 1.2, p99: 4.1, p100: 9.8 } },
    },
  });
}

/** Reads a stretch: `20:50`, or `20:10-400`. */
function addRamp(text: string, before: LoadRamp[] = []): LoadRamp[] {
  const [, seconds = "", from = "", to] =
    /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?$/.exec(text) ?? [];
  if (seconds === "")
    throw new InvalidArgumentError("A stretch is seconds:rate or seconds:from-to, like 20:10-400.");
  return [...before, { seconds: Number(seconds), from: Number(from), to: Number(to ?? from) }];
}

async function load(options: LoadCommandOptions, shell: Shell): Promise<void> {
  const { output, terminal } = shell;
  const { describeLoad, runLoad, writeLoadHtml } = await import("../../sdk/testing/mod.js");
  const path = (name: string): string => resolve(terminal.cwd, name);
  const before = options.before === undefined ? undefined : readReport(path(options.before));
  const out = options.out === undefined ? undefined : path(options.out);
  const html = options.html === undefined ? undefined : path(options.html);
  requireWritable(out, html);
  const { pairs, groups: count, groupSize: size, ramp: ramps, length: bodyLength, seed } = options;
  const report = await withProgress(shell, "Loading", (progress) =>
    runLoad(
      { pairs, groups: { count, size }, ramps, bodyLength, seed },
      {
        onProgress: ({ share, sent, delivered }) =>
          progress.at(share, `${sent} sent, ${delivered} delivered`),
      },
    ),
  );
  if (out !== undefined) writeFileSync(out, `${JSON.stringify(report)}\n`);
  if (html !== undefined) writeFileSync(html, writeLoadHtml(report, before));
  const { counts, faultCount, failures } = report;
  const stages = Object.entries(report.stages).map(([name, { percentiles }]) => [name, percentiles]);
  const told = { counts, faultCount, failures, stages: Object.fromEntries(stages) as object };
  output.tell(told, describeLoad(report));
  if (faultCount > 0) shell.exitCode = EXIT.failed;
}

function readReport(file: string): LoadReport {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as LoadReport;
  } catch (error) {
    throw new InvalidInput(`${file} is no report of a load: ${(error as Error).message}`, error);
  }
}
