import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { createMetrics } from "../../component/metrics.js";

const FOLDER = new URL("../../docs/operations/", import.meta.url);
const pathOf = (name: string): string => new URL(name, FOLDER).pathname;
const read = (name: string): string => readFileSync(pathOf(name), "utf8");

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** Every series that the component shows, by name; histograms have three. */
async function seriesNames(): Promise<Set<string>> {
  const metrics = await createMetrics().registry.getMetricsAsJSON();
  return new Set(
    metrics.flatMap(({ name, type }) =>
      String(type) === "histogram" ? ["bucket", "sum", "count"].map((end) => `${name}_${end}`) : [name],
    ),
  );
}

/** The labels that a metric has, beside `job` and `le`. */
function labelsOf(name: string): readonly string[] {
  const metric = createMetrics().registry.getSingleMetric(name.replace(/_(bucket|sum|count)$/, ""));
  return [...((metric as unknown as { labelNames?: string[] } | undefined)?.labelNames ?? [])];
}

function metricsIn(expression: string): string[] {
  return expression.match(/\b(?:twotick|process)_[a-z_]+\b/g) ?? [];
}

async function expectKnown(expression: string): Promise<void> {
  const known = await seriesNames();
  const used = metricsIn(expression);
  for (const name of used) expect([...known], expression).to.include(name);
  const labels = [
    ...[...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(/,\s*/)),
    ...[...expression.matchAll(/\{(\w+)=/g)].map(([, label = ""]) => label),
  ];
  for (const label of labels) expect(["job", "le", ...used.flatMap(labelsOf)], expression).to.include(label);
}

describe("docs/operations/alerts.yml", () => {
  const text = read("alerts.yml");
  const expressions = [...text.matchAll(/^ +expr: (?:>-\n((?: {10}.*\n)+)|(.+)\n)/gm)].map(
    ([, folded, plain]) => (folded ?? plain ?? "").replaceAll(/\s+/g, " ").trim(),
  );

  it("has for each alert an expression, a severity, what it means and how to mend it", () => {
    const alerts = text.match(/- alert: /g)?.length ?? 0;
    expect(alerts).to.be.above(10);
    expect(expressions).to.have.lengthOf(alerts);
    for (const word of ["severity:", "summary:", "mend:"])
      expect(text.match(new RegExp(word, "g"))).to.have.lengthOf(alerts);
  });

  // A trouble that is counted and that nobody is told of is not seen
  for (const series of [
    "twotick_entries_expired_total",
    "twotick_entries_redelivered_total",
    "twotick_entries_set_aside_total",
    "twotick_attaches_total",
    "twotick_link_reconnects_total",
    "twotick_job_failures_total",
    "twotick_limiter_hits_total",
  ])
    it(`tells of the rate of ${series}`, () => {
      const rate = new RegExp(`(?:rate|increase)\\(${series}`);
      expect(expressions.filter((expression) => rate.test(expression))).not.to.deep.equal([]);
    });

  for (const expression of expressions)
    it(`asks for what there is: ${expression}`, async () => {
      if (!expression.startsWith("up{")) expect(metricsIn(expression)).not.to.deep.equal([]);
      await expectKnown(expression);
    });

  // Beside what stands above: promtool is on few machines
  const isThere = spawnSync("promtool", ["--version"]).error === undefined;
  if (isThere)
    it("is taken by promtool", () => {
      const checked = spawnSync("promtool", ["check", "rules", pathOf("alerts.yml")], { encoding: "utf8" });
      expect(checked.status, checked.stderr + checked.stdout).to.equal(0);
    });
});

describe("docs/operations/dashboard.json", () => {
  const { panels } = JSON.parse(read("dashboard.json")) as { panels: readonly Panel[] };
  const graphs = panels.filter(({ type }) => type !== "row");

  it("shows every metric of the component", async () => {
    const shown = new Set(
      graphs.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => metricsIn(expr))),
    );
    const metrics = await createMetrics().registry.getMetricsAsJSON();
    for (const { name } of metrics)
      expect(
        [name, `${name}_bucket`, `${name}_sum`].some((series) => shown.has(series)),
        name,
      ).to.equal(true);
  });

  for (const { title, targets = [] } of graphs)
    it(`(${title}) asks for what there is`, async () => {
      expect(targets).not.to.deep.equal([]);
      for (const { expr } of targets) await expectKnown(expr);
    });
});

describe("docs/operations/twotick.service", () => {
  if (existsSync("/usr/bin/systemd-analyze"))
    it("is taken by systemd, and exposes little", () => {
      const unit = pathOf("twotick.service");
      const verified = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
      expect(verified.stderr).not.to.contain("twotick.service:");
      const rate = ["security", "--offline=true", "--threshold=20", unit];
      const rated = spawnSync("systemd-analyze", rate, { encoding: "utf8" });
      expect(rated.status, rated.stdout.slice(-200)).to.equal(0);
    });

  it("keeps what is in memory out of files, and lets V8 compile", () => {
    const lines = read("twotick.service").split("\n");
    for (const line of ["LimitCORE=0", "ProtectSystem=strict", "NoNewPrivileges=true", "UMask=0077"])
      expect(lines).to.include(line);
    expect(lines.filter((line) => line.startsWith("MemoryDenyWriteExecute="))).to.deep.equal([]);
  });
});
