import { escapeXML } from "../../../src/xml.js";

/** One line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Which of the five colours of the page; by its place unless given. */
  readonly colour?: number;
  /** A dashed line: of the run that is compared with. */
  readonly isBefore?: boolean;
}

/** What a chart shows. */
export interface Chart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** Whether each step up stands for ten times as much. */
  readonly isLogarithmic?: boolean;
  /** Where the x axis is labelled, and with what; five even steps unless given. */
  readonly xTicks?: readonly (readonly [x: number, label: string])[];
}

const WIDTH = 720;
const HEIGHT = 280;
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 16, 12, 40];
const STEPS = 5;
const COLOURS = 5;

/** Draws a chart as SVG; its colours come from the page. */
export function drawChart(chart: Chart): string {
  const points = chart.series.flatMap((one) => one.points);
  if (points.length === 0) return "";
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const x = scale(Math.min(...xs), Math.max(...xs), LEFT, WIDTH - RIGHT);
  const y = chart.isLogarithmic
    ? logarithmic(ys, HEIGHT - BOTTOM, TOP)
    : linear(Math.max(...ys), HEIGHT - BOTTOM, TOP);
  const xTicks = chart.xTicks ?? evenTicks(Math.min(...xs), Math.max(...xs));
  const parts = [
    ...y.ticks.map(
      (value) =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y.at(value)}" y2="${y.at(value)}"/><text class="tick" x="${LEFT - 6}" y="${y.at(value) + 4}" text-anchor="end">${figure(value)}</text>`,
    ),
    ...xTicks.map(
      ([value, label]) =>
        `<text class="tick" x="${x(value)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${escapeXML(label)}</text>`,
    ),
    `<text class="label" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 4}" text-anchor="middle">${escapeXML(chart.xLabel)}</text>`,
    `<text class="label" transform="translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escapeXML(chart.yLabel)}</text>`,
    ...chart.series.map((one, index) => drawSeries(one, index, x, y.at)),
  ];
  const svg = `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeXML(chart.title)}">${parts.join("")}</svg>`;
  return `<figure><figcaption>${escapeXML(chart.title)}</figcaption>${svg}${legend(chart.series)}</figure>`;
}

function drawSeries(
  { points, colour, isBefore }: Series,
  index: number,
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  const path = points.map(
    ([a, b], place) => `${place === 0 ? "M" : "L"}${x(a).toFixed(1)} ${y(b).toFixed(1)}`,
  );
  return `<path class="line ${classOf(colour ?? index, isBefore)}" d="${path.join("")}"/>`;
}

function legend(series: readonly Series[]): string {
  const items = series.map(
    ({ name, colour, isBefore }, index) =>
      `<li><svg viewBox="0 0 24 8" aria-hidden="true"><path class="line ${classOf(colour ?? index, isBefore)}" d="M0 4L24 4"/></svg>${escapeXML(name)}</li>`,
  );
  return `<ul class="legend">${items.join("")}</ul>`;
}

function classOf(index: number, isBefore = false): string {
  return `c${index % COLOURS}${isBefore ? " before" : ""}`;
}

function scale(low: number, high: number, from: number, to: number): (value: number) => number {
  const span = high - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

interface Axis {
  readonly ticks: readonly number[];
  readonly at: (value: number) => number;
}

function linear(highest: number, from: number, to: number): Axis {
  const magnitude = 10 ** Math.floor(Math.log10(highest || 1));
  const step =
    [0.2, 0.5, 1, 2].map((one) => one * magnitude).find((one) => highest / one <= STEPS) ?? magnitude * 2;
  const count = Math.max(1, Math.ceil(highest / step));
  const at = scale(0, count * step, from, to);
  return { ticks: Array.from({ length: count + 1 }, (_, index) => index * step), at };
}

function logarithmic(values: readonly number[], from: number, to: number): Axis {
  const positive = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...positive, 1_000)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive, 0.001))));
  const at = scale(low, high, from, to);
  return {
    ticks: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
    at: (value) => at(value > 0 ? Math.log10(value) : low),
  };
}

function evenTicks(low: number, high: number): [number, string][] {
  return Array.from({ length: STEPS + 1 }, (_, index) => {
    const value = low + ((high - low) * index) / STEPS;
    return [value, figure(value)];
  });
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
