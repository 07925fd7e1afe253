import { escapeXML } from "../../../src/xml.js";
import { type Chart, drawChart, type Series } from "./chart.js";
import { compareLoads, type LoadComparison } from "./compare-loads.js";
import { LOAD_STAGES } from "./meter.js";
import type { LoadReport } from "./run-load.js";

/**
 * Writes a load as one page with its pictures: no script, nothing from elsewhere, light and dark as the reader has it.
 *
 * @param before a run to compare with: its lines are dashed, and its figures stand beside
 */
export function writeLoadHtml(report: LoadReport, before?: LoadReport): string {
  const { counts, scenario, machine, faultCount, startedAt, seconds, drainSeconds } = report;
  const verdict =
    faultCount === 0
      ? `<p class="good">Every message is accounted for: each that was accepted was shown once, as it was sent, in order.</p>`
      : `<p class="bad">${faultCount} messages broke a promise.</p>`;
  const charts = [rateChart(report, before), latencyChart(report, before), stageChart(report, before)];
  const people = `${scenario.pairs} pairs, ${scenario.groups.count} groups of ${scenario.groups.size}, ${scenario.bodyLength} characters, arrivals ${scenario.arrivals}`;
  const parts = [
    `<h1>${escapeXML(scenario.name)}</h1>`,
    `<p>${escapeXML(startedAt)}: ${people}; ${seconds} s, and ${drainSeconds.toFixed(1)} s until the last had arrived. Node ${escapeXML(machine.node)}, ${escapeXML(machine.platform)}, ${machine.cpus} processors.</p>`,
    `<p>${counts.sent} sent, ${counts.accepted} accepted, ${counts.failed} failed, ${counts.shown} shown, ${counts.delivered} delivered.</p>`,
    verdict,
    ...charts.map(drawChart),
    stageTable(report),
    cpuTable(report),
    ...(before ? [comparisonTable(compareLoads(before, report), before)] : []),
    faultList(report),
  ];
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeXML(scenario.name)}</title><style>${STYLE}</style>`;
  return `<!doctype html>\n<html lang="en"><head>${head}</head><body><main>\n${parts.join("\n")}\n</main></body></html>\n`;
}

/** Lines of this run, and dashed in the same colours those of the run before. */
function both(
  report: LoadReport,
  before: LoadReport | undefined,
  draw: (report: LoadReport) => readonly Series[],
): Series[] {
  const lines = draw(report);
  const earlier = before ? draw(before) : [];
  return [...lines, ...earlier.map((one) => ({ ...one, name: `${one.name}, before`, isBefore: true }))]
    .map((one, index) => ({ ...one, colour: index % lines.length }))
    .filter(({ points }) => points.length > 0);
}

function rateChart(report: LoadReport, before?: LoadReport): Chart {
  const series = both(report, before, ({ perSecond }) =>
    (["offered", "accepted", "delivered"] as const).map((name) => ({
      name,
      points: perSecond.map((second, index) => [index, second[name]] as const),
    })),
  );
  return { title: "Messages a second", xLabel: "seconds", yLabel: "messages a second", series };
}

function latencyChart(report: LoadReport, before?: LoadReport): Chart {
  const series = both(report, before, ({ perSecond }) =>
    (["p50", "p99"] as const).map((name) => ({
      name: `accepted ${name}`,
      points: perSecond.flatMap((second, index) => {
        const value = second[name];
        return value === undefined ? [] : [[index, value] as const];
      }),
    })),
  );
  return {
    title: "How long it takes until accepted, from when it was due",
    xLabel: "seconds",
    yLabel: "milliseconds",
    series,
    isLogarithmic: true,
  };
}

function stageChart(report: LoadReport, before?: LoadReport): Chart {
  const place = (percentile: number): number => -Math.log10(1 - Math.min(percentile, 99.999) / 100);
  const series = both(report, before, ({ stages }) =>
    LOAD_STAGES.map((name) => ({
      name,
      points: stages[name].curve
        .filter(([percentile]) => percentile < 100)
        .map(([percentile, ms]) => [place(percentile), ms] as const),
    })),
  );
  const xTicks = [0, 50, 90, 99, 99.9, 99.99].map((one) => [place(one), `${one}%`] as const);
  return {
    title: "Each stage by percentile, from when it was due",
    xLabel: "of all messages are not slower",
    yLabel: "milliseconds",
    series,
    isLogarithmic: true,
    xTicks,
  };
}

function stageTable({ stages }: LoadReport): string {
  const names = Object.keys(stages.accepted.percentiles);
  const rows = LOAD_STAGES.map((stage) => {
    const { count, mean, percentiles } = stages[stage];
    return [stage, String(count), ms(mean), ...names.map((name) => ms(percentiles[name] ?? 0))];
  });
  return table("Stages, in milliseconds", ["stage", "messages", "mean", ...names], rows);
}

function cpuTable({ cpuMicros }: LoadReport): string {
  const rows = (["prosody", "component", "generator"] as const).map((name) => [
    name,
    String(cpuMicros[name] ?? "not known"),
  ]);
  return table("CPU for a message, in microseconds", ["process", "CPU"], rows);
}

function comparisonTable(rows: readonly LoadComparison[], before: LoadReport): string {
  const cells = rows.map(({ name, unit, before: was, after, ratio }) => [
    name,
    `${ms(was)} ${unit}`,
    `${ms(after)} ${unit}`,
    ratio === undefined ? "" : ratio.toFixed(2),
  ]);
  return table(
    `Against ${before.scenario.name} of ${before.startedAt}`,
    ["", "before", "now", "ratio"],
    cells,
  );
}

function faultList({ faults, failures }: LoadReport): string {
  const rows = [
    ...Object.entries(failures).map(([code, count]) => [`failed: ${code}`, String(count)]),
    ...faults.map(({ kind, id, detail }) => [kind, `${id}: ${detail}`]),
  ];
  return rows.length === 0 ? "" : table("What went wrong", ["", ""], rows);
}

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeXML(cell)}</${tag}>`).join("")}</tr>`;
  return `<h2>${escapeXML(title)}</h2><div class="wide"><table><thead>${line(head, "th")}</thead><tbody>${rows.map((row) => line(row, "td")).join("")}</tbody></table></div>`;
}

function ms(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

const STYLE = `:root{color-scheme:light dark;--ink:#1b1b1b;--paper:#fff;--faint:#d9d9d9;--quiet:#595959;--c0:#0b62c4;--c1:#b45309;--c2:#047857;--c3:#9d174d;--c4:#6d28d9;--good:#047857;--bad:#b91c1c}
@media(prefers-color-scheme:dark){:root{--ink:#ececec;--paper:#151515;--faint:#3a3a3a;--quiet:#b0b0b0;--c0:#6cb2ff;--c1:#f5b04c;--c2:#4fd1a5;--c3:#f38bb8;--c4:#b9a1ff;--good:#4fd1a5;--bad:#ff8a80}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}main{max-width:60rem;margin:0 auto;padding:1rem}
figure{margin:1.5rem 0}figcaption,h2{font-size:1.1rem;font-weight:600;margin:1.5rem 0 .5rem}svg{width:100%;height:auto}.grid{stroke:var(--faint)}.tick,.label{fill:var(--quiet);font-size:11px}
.line{fill:none;stroke-width:2}.before{stroke-dasharray:6 4}.c0{stroke:var(--c0)}.c1{stroke:var(--c1)}.c2{stroke:var(--c2)}.c3{stroke:var(--c3)}.c4{stroke:var(--c4)}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;padding:0;margin:.25rem 0}.legend svg{width:24px;height:8px;margin-right:.4rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.2rem .8rem .2rem 0;text-align:right;border-bottom:1px solid var(--faint)}td:first-child,th:first-child{text-align:left}.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}`;
