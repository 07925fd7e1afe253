import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { answersJson, wholeNumber } from "../command.js";
import { EXIT } from "../exit-codes.js";
import { requireWritable } from "../output-file.js";
import type { Shell } from "../shell.js";

interface PlayCommandOptions {
  readonly service?: string;
  readonly tag?: string[];
  readonly skipTag?: string[];
  readonly timeout: number;
  readonly junit?: string;
  readonly coverage?: string;
}

/** Defines `twotick play`. */
export function define(command: Command, shell: Shell): void {
  command
    .description(
      "Performs plays: scripts of stanzas in the format of scansion, and with the words of docs/testing.md. Servers are started for them. Exits with 1 when one does not go as it is written.",
    )
    .argument("<files...>", "the scripts")
    .option("--service <uri>", "a server that runs, for plays of clients alone")
    .option("--tag <tags...>", "only plays that have all of these tags")
    .option("--skip-tag <tags...>", "no play that has one of these tags")
    .option("--timeout <ms>", "how long an act waits for what has to come", wholeNumber(1, 600_000), 10_000)
    .option("--junit <file>", "write a report as CI systems read it")
    .option(
      "--coverage <file>",
      "write which sentence of which standard is proven by which play, in Markdown",
    )
    .action((files: readonly string[], options: PlayCommandOptions) => play(files, options, shell));
  answersJson(
    command,
    {
      example: { file: "ticks.scs", title: "ticks", isSkipped: false, durationMs: 312, failure: null },
      lines: "for each play",
    },
    { example: { passed: 1, failed: 0, skipped: 0 }, lines: "at the end" },
  );
}

async function play(files: readonly string[], options: PlayCommandOptions, shell: Shell): Promise<void> {
  const { output, terminal } = shell;
  const { describePlays, runPlays, writeCoverage, writeJunit } = await import("../../sdk/testing/mod.js");
  const path = (name: string): string => resolve(terminal.cwd, name);
  const junit = options.junit === undefined ? undefined : path(options.junit);
  const coverage = options.coverage === undefined ? undefined : path(options.coverage);
  requireWritable(junit, coverage);
  const report = await runPlays(files.map(path), {
    service: options.service,
    onlyTags: options.tag,
    skipTags: options.skipTag,
    timeoutMs: options.timeout,
    onPlay: ({ file, title, isSkipped, durationMs, failure }) => {
      const verdict = isSkipped ? "skipped" : failure ? output.style("red", "failed") : "passed";
      const value = { file, title, isSkipped, durationMs, failure: failure?.message ?? null };
      output.tell(value, `${verdict}  ${title} (${file}, ${Math.round(durationMs)} ms)`);
    },
  });
  if (junit !== undefined) writeFileSync(junit, writeJunit(report));
  if (coverage !== undefined) writeFileSync(coverage, writeCoverage(report));
  const { passed, failed, skipped } = report;
  output.tell({ passed, failed, skipped }, describePlays(report));
  if (failed > 0) shell.exitCode = EXIT.failed;
}
