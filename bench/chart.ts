/** A line of a chart; points from left to right. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** What a chart shows, on logarithmic axes. */
export interface Chart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
}

const [WIDTH, HEIGHT] = [720, 420];
const [LEFT, RIGHT, TOP, BOTTOM] = [70, 30, 70, 55];
const MARKS = ["circle", "square", "triangle", "diamond"] as const;

/** Colours that can be told apart by most eyes, by light and in the dark; each line has a mark of its own too. */
const STYLE = `
  svg { font: 13px system-ui, sans-serif; background: #fff; }
  text { fill: #24292f; } .title { font-size: 15px; font-weight: 600; }
  .grid { stroke: #d0d7de; } .axis { stroke: #57606a; }
  .line { fill: none; stroke-width: 2; }
  .c0 { stroke: #0969da; fill: #0969da; } .c1 { stroke: #bc4c00; fill: #bc4c00; }
  .c2 { stroke: #1a7f37; fill: #1a7f37; } .c3 { stroke: #8250df; fill: #8250df; }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117; } text { fill: #e6edf3; } .grid { stroke: #30363d; } .axis { stroke: #8b949e; }
    .c0 { stroke: #58a6ff; fill: #58a6ff; } .c1 { stroke: #f0883e; fill: #f0883e; }
    .c2 { stroke: #3fb950; fill: #3fb950; } .c3 { stroke: #bc8cff; fill: #bc8cff; }
  }
  .line.c0, .line.c1, .line.c2, .line.c3 { fill: none; }`;

/** Draws a chart as SVG. */
export function drawChart({ title, x, y, lines }: Chart): string {
  const all = lines.flatMap(({ points }) => points);
  const across = scaleOf(
    all.map(([value]) => value),
    LEFT,
    WIDTH - RIGHT,
  );
  const up = scaleOf(
    all.map(([, value]) => value),
    HEIGHT - BOTTOM,
    TOP,
  );
  const parts = [
    `<text class="title" x="${LEFT}" y="22">${escape(title)}</text>`,
    ...across.ticks.map((tick) => gridLine(across.place(tick), "x", tick)),
    ...up.ticks.map((tick) => gridLine(up.place(tick), "y", tick)),
    `<path class="axis" fill="none" d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}"/>`,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escape(x)}</text>`,
    `<text transform="translate(16 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escape(y)}</text>`,
    ...lines.flatMap((line, index) => drawLine(line, index, across.place, up.place)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(title)}">
<style>${STYLE}</style>
<rect width="100%" height="100%" fill="none"/>
${parts.join("\n")}
</svg>
`;
}

function drawLine({ name, points }: Line, index: number, across: Place, up: Place): string[] {
  const places = points.map(([x, y]) => [round(across(x)), round(up(y))] as const);
  const path = places.map(([x, y], at) => `${at === 0 ? "M" : "L"}${x} ${y}`).join("");
  const legend = LEFT + index * ((WIDTH - LEFT - RIGHT) / 4);
  return [
    `<path class="line c${index}" d="${path}"/>`,
    ...places.map(([x, y]) => drawMark(index, x, y)),
    drawMark(index, legend + 6, 46),
    `<text x="${legend + 18}" y="50">${escape(name)}</text>`,
  ];
}

function drawMark(index: number, x: number, y: number): string {
  const path = {
    circle: `M${x - 4} ${y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0`,
    square: `M${x - 4} ${y - 4}h8v8h-8z`,
    triangle: `M${x} ${y - 5}l5 9h-10z`,
    diamond: `M${x} ${y - 5}l5 5l-5 5l-5 -5z`,
  }[MARKS[index % MARKS.length] ?? "circle"];
  return `<path class="c${index}" d="${path}"/>`;
}

function gridLine(at: number, axis: "x" | "y", value: number): string {
  const place = round(at);
  return axis === "x"
    ? `<path class="grid" d="M${place} ${TOP}V${HEIGHT - BOTTOM}"/><text x="${place}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${label(value)}</text>`
    : `<path class="grid" d="M${LEFT} ${place}H${WIDTH - RIGHT}"/><text x="${LEFT - 8}" y="${place + 4}" text-anchor="end">${label(value)}</text>`;
}

type Place = (value: number) => number;

/** Whole decades around all values; within few of them 2 and 5 too. */
function scaleOf(values: readonly number[], from: number, to: number): { place: Place; ticks: number[] } {
  const [low, high] = [Math.min(...values), Math.max(...values)].map(Math.log10) as [number, number];
  const steps = high - low > 2.5 ? [1] : [1, 2, 5];
  const decades = Array.from(
    { length: Math.ceil(high) - Math.floor(low) + 1 },
    (_, at) => Math.floor(low) + at,
  );
  const candidates = decades.flatMap((decade) => steps.map((step) => step * 10 ** decade));
  const below = Math.max(...candidates.filter((tick) => Math.log10(tick) <= low + 1e-9));
  const above = Math.min(...candidates.filter((tick) => Math.log10(tick) >= high - 1e-9 && tick > below));
  const place = (value: number): number =>
    from + ((to - from) * Math.log10(value / below)) / Math.log10(above / below);
  return { place, ticks: candidates.filter((tick) => tick >= below && tick <= above) };
}

function label(value: number): string {
  return value >= 1 ? value.toLocaleString("en") : String(Number(value.toPrecision(1)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
