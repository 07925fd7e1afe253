import { openSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { idleRows } from "./idle.js";
import { latencyRows } from "./latency.js";
import { benchRatchet } from "./ratchet.js";
import { printRows, type Row } from "./rows.js";
import { sealRows } from "./seal.js";
import { storageRows } from "./storage.js";
import { throughputRows } from "./throughput.js";

const SUITES: Record<string, () => Promise<Row[]> | Row[]> = {
  ratchet: () => benchRatchet(),
  seal: sealRows,
  latency: latencyRows,
  throughput: throughputRows,
  storage: storageRows,
  idle: () => idleRows(),
};

const program = new Command("bench")
  .description("Measures every claim as a ratio against something measured beside it in the same run.")
  .argument("[suite...]", `which of ${Object.keys(SUITES).join(", ")}; all unless given`)
  .option("--json <file>", "also write the rows as JSON")
  .parse();

const wanted = program.args.length > 0 ? program.args : Object.keys(SUITES);
const unknown = wanted.filter((name) => !(name in SUITES));
if (unknown.length > 0) program.error(`there is no suite ${unknown.join(", ")}`, { exitCode: 2 });

const { json } = program.opts<{ json?: string }>();
// A folder that is not there is told before the measuring, not after it
const output = json === undefined ? undefined : openOutput(json);

const rows: Row[] = [];
for (const name of wanted) rows.push(...((await SUITES[name]?.()) ?? []));
printRows(rows);
if (output !== undefined) writeFileSync(output, `${JSON.stringify(rows, undefined, 2)}\n`);
process.exit(rows.every(({ holds }) => holds) ? 0 : 1);

function openOutput(path: string): number {
  try {
    return openSync(path, "w");
  } catch (error) {
    return program.error(`${path} cannot be written: ${(error as Error).message}`, { exitCode: 2 });
  }
}
