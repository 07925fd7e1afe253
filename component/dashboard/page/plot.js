import { html, svg, writeRows } from "./dom.js";
import { clockTime } from "./format.js";
import { niceTicks } from "./model.js";

/**
 * One line of a plot; `look` is a number from 1 to 5 that stands for a colour and a dash pattern. The marks of the axis
 * are round multiples of `unit`.
 *
 * @typedef {{ name: string, look: number, isArea?: boolean, value: (stretch: import("./model.js").Stretch) => number }} Series
 * @typedef {{ title: string, note: string, series: Series[], format: (value: number) => string, smallestTop?: number, unit?: number }} PlotOptions
 * @typedef {{ spanMs: number, stretchMs: number, rowMs: number }} Span
 */

const MARGIN = { left: 46, right: 8, top: 8, bottom: 22 };

/** A plot over time, with the same figures as a table. */
export class Plot {
  /** What goes into the page. */
  element;
  #options;
  #drawing = html("div", { class: "drawing" });
  #picture = svg("svg", { role: "img" });
  #cursor = svg("line", { class: "cursor", visibility: "hidden" });
  #tip = html("div", { class: "tip", hidden: true, "aria-hidden": "true" });
  #body = html("tbody");
  /** @type {HTMLElement[]} */
  #latest = [];
  /** @type {import("./model.js").Stretch[]} */
  #stretches = [];

  /** @param {PlotOptions} options */
  constructor(options) {
    this.#options = options;
    this.#drawing.append(this.#picture, this.#tip);
    this.element = html(
      "figure",
      { class: "card plot" },
      html("figcaption", {}, html("h3", {}, options.title), html("p", { class: "quiet" }, options.note)),
      this.#legend(),
      this.#drawing,
      this.#table(),
    );
    this.#drawing.addEventListener("pointermove", (event) => this.#point(event));
    this.#drawing.addEventListener("pointerleave", () => this.#unpoint());
    new ResizeObserver(() => this.#draw()).observe(this.#drawing);
  }

  /** Shows what a model knows. @param {import("./model.js").Model} model @param {Span} span */
  show(model, { spanMs, stretchMs, rowMs }) {
    const { series, format, title } = this.#options;
    this.#stretches = model.stretches(spanMs, stretchMs);
    const rows = model.stretches(spanMs, rowMs);
    const cells = rows
      .toReversed()
      .map((row) => [
        `${clockTime(row.from)}–${clockTime(row.to)}`,
        ...series.map(({ value }) => format(value(row))),
      ]);
    writeRows(this.#body, cells);
    const known = this.#stretches.findLast(({ samples }) => samples.length > 0);
    const told = series.map(({ name, value }, index) => {
      const text = known ? format(value(known)) : "–";
      const place = this.#latest[index];
      if (place && place.textContent !== text) place.textContent = text;
      return `${name} ${text}`;
    });
    this.#picture.setAttribute(
      "aria-label",
      `${title}, now: ${told.join(", ")}. The table below has the figures.`,
    );
    this.#draw();
  }

  #legend() {
    const items = this.#options.series.map(({ name, look }) => {
      const latest = html("b");
      this.#latest.push(latest);
      const line = svg("line", { x1: 1, x2: 23, y1: 6, y2: 6, class: this.#look(look) });
      return html("li", {}, svg("svg", { viewBox: "0 0 24 12", "aria-hidden": "true" }, line), name, latest);
    });
    return html("ul", { class: "legend" }, ...items);
  }

  #table() {
    const { title, series } = this.#options;
    const names = ["Time", ...series.map(({ name }) => name)];
    const head = html("tr", {}, ...names.map((name) => html("th", { scope: "col" }, name)));
    const table = html(
      "table",
      {},
      html("caption", {}, `${title}, newest first`),
      html("thead", {}, head),
      this.#body,
    );
    const region = html(
      "div",
      { class: "scroll", role: "region", "aria-label": `${title}, table`, tabindex: 0 },
      table,
    );
    const summary = html("summary", {}, "As a table", html("span", { class: "unseen" }, `: ${title}`));
    return html("details", {}, summary, region);
  }

  /** One line alone needs no pattern. @param {number} look */
  #look(look) {
    return `line s${look}${this.#options.series.length === 1 ? " alone" : ""}`;
  }

  #draw() {
    const { width, height } = this.#drawing.getBoundingClientRect();
    if (width === 0) return;
    const { series, format, smallestTop = 0, unit = 1 } = this.#options;
    const drawn = series.map((one) => ({ ...one, values: this.#stretches.map(one.value) }));
    const values = drawn.flatMap((one) => one.values).filter(Number.isFinite);
    const ticks = niceTicks(Math.max(smallestTop, ...values) / unit, 3).map((tick) => tick * unit);
    const top = ticks.at(-1) ?? 1;
    const x = (/** @type {number} */ index) => this.#x(index, width);
    const y = (/** @type {number} */ value) =>
      MARGIN.top + (1 - value / top) * (height - MARGIN.top - MARGIN.bottom);
    this.#picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#picture.replaceChildren(
      ...ticks.map((tick) => horizontal(width, y(tick), tick === 0 ? "base" : "grid", format(tick))),
      ...this.#times(width, height),
      ...drawn.flatMap(({ values: all, look, isArea }) =>
        lines(all, x, y, { line: this.#look(look), fill: `f${look}`, floor: isArea ? y(0) : undefined }),
      ),
      this.#cursor,
    );
    this.#cursor.setAttribute("y1", String(MARGIN.top));
    this.#cursor.setAttribute("y2", String(height - MARGIN.bottom));
  }

  #x(/** @type {number} */ index, /** @type {number} */ width) {
    return (
      MARGIN.left + (index / Math.max(1, this.#stretches.length - 1)) * (width - MARGIN.left - MARGIN.right)
    );
  }

  /** @param {number} width @param {number} height */
  #times(width, height) {
    const first = this.#stretches[0];
    const last = this.#stretches.at(-1);
    if (!first || !last) return [];
    const spanMs = last.to - first.from;
    const stepMs = (spanMs / 60_000 > 10 ? (width < 420 ? 20 : 10) : width < 420 ? 4 : 2) * 60_000;
    const texts = [];
    for (const [index, { to }] of this.#stretches.entries()) {
      if (to % stepMs !== 0) continue;
      const x = this.#x(index, width);
      const anchor = x > width - 24 ? "end" : "middle";
      texts.push(
        svg(
          "text",
          { x: anchor === "end" ? width - 2 : x, y: height - 6, "text-anchor": anchor },
          clockTime(to),
        ),
      );
    }
    return texts;
  }

  /** @param {PointerEvent} event */
  #point(event) {
    const { left, width } = this.#drawing.getBoundingClientRect();
    const share = (event.clientX - left - MARGIN.left) / (width - MARGIN.left - MARGIN.right);
    const index = Math.round(Math.min(1, Math.max(0, share)) * (this.#stretches.length - 1));
    const stretch = this.#stretches[index];
    if (!stretch) return;
    const { series, format } = this.#options;
    const x = this.#x(index, width);
    for (const name of ["x1", "x2"]) this.#cursor.setAttribute(name, String(x));
    this.#cursor.setAttribute("visibility", "visible");
    const told = series.map(({ name, value }) => `${name} ${format(value(stretch))}`);
    this.#tip.textContent = [clockTime(stretch.to, true), ...told].join("\n");
    this.#tip.hidden = false;
    const isRight = x > width / 2;
    this.#tip.style.left = isRight ? "auto" : `${x + 10}px`;
    this.#tip.style.right = isRight ? `${width - x + 10}px` : "auto";
  }

  #unpoint() {
    this.#tip.hidden = true;
    this.#cursor.setAttribute("visibility", "hidden");
  }
}

/** @param {number} width @param {number} y @param {string} look @param {string} text */
function horizontal(width, y, look, text) {
  return svg(
    "g",
    {},
    svg("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y, class: look }),
    svg("text", { x: MARGIN.left - 6, y: y + 4, "text-anchor": "end" }, text),
  );
}

/**
 * The line of one series, broken where nothing is known, and what is below it.
 *
 * @param {readonly number[]} values @param {(index: number) => number} x @param {(value: number) => number} y
 * @param {{ line: string, fill: string, floor: number | undefined }} looks
 */
function lines(values, x, y, { line: lineLook, fill, floor }) {
  /** @type {number[][]} */
  const runs = [];
  for (const [index, value] of values.entries()) {
    if (!Number.isFinite(value)) continue;
    if (runs.length === 0 || !Number.isFinite(values[index - 1] ?? Number.NaN)) runs.push([]);
    runs.at(-1)?.push(index);
  }
  return runs.flatMap((run) => {
    const points = run.map((index) => `${x(index).toFixed(1)},${y(values[index] ?? 0).toFixed(1)}`).join(" ");
    const [first = 0] = run;
    const last = run.at(-1) ?? first;
    const line =
      first === last
        ? svg("circle", { cx: x(first), cy: y(values[first] ?? 0), r: 2.5, class: fill })
        : svg("polyline", { points, class: lineLook });
    if (floor === undefined) return [line];
    const area = `${x(first)},${floor} ${points} ${x(last)},${floor}`;
    return [svg("polygon", { points: area, class: `area ${fill}` }), line];
  });
}
