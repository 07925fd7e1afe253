// Draws docs/performance/*.svg and writes docs/performance/results.md from the JSON files that `npm run bench` has
// written into docs/performance/: `npm run plots`.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { drawChart, type Line } from "./chart.js";
import type { Report } from "./report.js";
import type { Row } from "./rows.js";

const FOLDER = new URL("../docs/performance/", import.meta.url);

const reports = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".json"))
  .sort()
  .map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) as Report);
const rows = reports.flatMap((report) => report.rows);

write("results.md", tables());
plot(
  "latency",
  "From submit to accepted, by the rate of others",
  "messages a second of others",
  "ms",
  latency(),
);
plot(
  "cost",
  "CPU of a message by the size of its body, in bulk",
  "bytes of the body",
  "µs a message",
  cost(),
);

function latency(): Line[] {
  const of = (what: "p50" | "p99", read: (row: Row) => number): Line["points"] =>
    rows.flatMap((row) => {
      const [, share] =
        new RegExp(`^accepted at ([\\d.]+)% of the highest rate, ${what}:`).exec(row.name) ?? [];
      const rate = rows.find(({ name }) => name.startsWith(`receipts at ${share}% of the highest rate`));
      return rate ? [[rate.baseline, read(row)] as const] : [];
    });
  return [
    { name: "accepted, p50", points: of("p50", ({ value }) => value) },
    { name: "accepted, p99", points: of("p99", ({ value }) => value) },
    { name: "ping + sync, p50", points: of("p50", ({ baseline }) => baseline) },
    { name: "ping + sync, p99", points: of("p99", ({ baseline }) => baseline) },
  ];
}

function cost(): Line[] {
  const of = (what: string, read: (row: Row) => number): Line["points"] =>
    rows.flatMap((row) => {
      const [, size] = new RegExp(`^a body of (\\d+) bytes, in bulk: ${what}`).exec(row.name) ?? [];
      return size === undefined ? [] : [[Number(size), read(row)] as const];
    });
  return [
    { name: "Prosody, mailbox", points: of("Prosody's CPU", ({ value }) => value) },
    { name: "Prosody, direct", points: of("Prosody's CPU", ({ baseline }) => baseline) },
    { name: "component", points: of("component's CPU", ({ value }) => value) },
  ];
}

function plot(file: string, title: string, x: string, y: string, lines: readonly Line[]): void {
  if (lines.every(({ points }) => points.length > 0)) write(`${file}.svg`, drawChart({ title, x, y, lines }));
  else process.stderr.write(`there is nothing to draw ${file}.svg from\n`);
}

function tables(): string {
  const parts = reports.map(({ machine, date, command, rows: measured }) => {
    const lines = measured.map(tableRow).join("\n");
    return `## \`${command}\`\n\n${date}; ${machine}.\n\n| what | measured | beside | ratio | goal | every run |\n|---|---|---|---|---|---|\n${lines}\n`;
  });
  return `# Every figure\n\nWritten by \`npm run plots\` from the JSON of \`npm run bench\`; [performance.md](../performance.md) tells what they mean.\nMedians of the runs; a ratio is the median beside the median of what stands next to it in the same run.\n\n${parts.join("\n")}`;
}

function tableRow({ name, value, unit, baseline, ratio, goal, holds, runs }: Row): string {
  const verdict = goal === "" ? "" : `${goal} ${holds ? "holds" : "**MISSED**"}`;
  const spread = runs?.map(([one, other]) => (one / other).toFixed(2)).join(", ") ?? "";
  return `| ${name} | ${figure(value)} ${unit} | ${figure(baseline)} | ${ratio.toFixed(2)} | ${verdict} | ${spread} |`;
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

function write(name: string, text: string): void {
  writeFileSync(new URL(name, FOLDER), text);
}
