import { closeSync, openSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { backlogRows } from "./backlog.js";
import { commandLineRows } from "./command-line.js";
import { idleRows } from "./idle.js";
import { latencyRows } from "./latency.js";
import { millionRows } from "./million.js";
import type { BenchOptions } from "./options.js";
import { presenceRows } from "./presence.js";
import { benchRatchet } from "./ratchet.js";
import { relayRows } from "./relay.js";
import { reportOf } from "./report.js";
import { restRows } from "./rest.js";
import { printRows, type Row } from "./rows.js";
import { sealRows } from "./seal.js";
import { sizeRows } from "./size.js";
import { storageRows } from "./storage.js";
import { throughputRows, unmanagedRows } from "./throughput.js";

const SUITES: Record<string, (options: BenchOptions) => Promise<Row[]> | Row[]> = {
  ratchet: () => benchRatchet(),
  seal: sealRows,
  latency: latencyRows,
  throughput: throughputRows,
  "throughput-unmanaged": unmanagedRows,
  relay: relayRows,
  backlog: backlogRows,
  million: millionRows,
  rest: restRows,
  presence: presenceRows,
  size: sizeRows,
  storage: storageRows,
  idle: idleRows,
  cli: commandLineRows,
};

interface Options {
  readonly json?: string;
  readonly rounds: number;
  readonly long?: true;
  readonly smoke?: true;
}

const program = new Command("bench")
  .description("Measures every claim as a ratio against something measured beside it in the same run.")
  .argument("[suite...]", `which of ${Object.keys(SUITES).join(", ")}; all unless given`)
  .option("--rounds <count>", "how often each measurement is repeated", Number, 3)
  .option("--long", "the sizes that take many minutes: a backlog of 100,000, ten million entries")
  .option("--smoke", "tiny sizes, only to see that it runs; the figures mean nothing")
  .option("--json <file>", "also write the rows as JSON, with the machine, the date and the command")
  .parse();

const wanted = program.args.length > 0 ? program.args : Object.keys(SUITES);
const unknown = wanted.filter((name) => !(name in SUITES));
if (unknown.length > 0) program.error(`there is no suite ${unknown.join(", ")}`, { exitCode: 2 });

const { json, rounds, long, smoke } = program.opts<Options>();
const options: BenchOptions = { rounds, isLong: long === true, isSmoke: smoke === true };
if (!(rounds >= 1)) program.error("--rounds is a number, 1 or more", { exitCode: 2 });
// A folder that is not there is told before the measuring, not after it
if (json !== undefined) requireWritable(json);

const rows: Row[] = [];
for (const name of wanted) {
  const measured = (await SUITES[name]?.(options)) ?? [];
  printRows(measured);
  rows.push(...measured);
  // What was measured is kept, whatever becomes of the rest
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(reportOf(rows), undefined, 2)}\n`);
}
process.exit(rows.every(({ holds }) => holds) ? 0 : 1);

function requireWritable(path: string): void {
  try {
    closeSync(openSync(path, "w"));
  } catch (error) {
    program.error(`${path} cannot be written: ${(error as Error).message}`, { exitCode: 2 });
  }
}
