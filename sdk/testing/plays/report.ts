import { escapeXML } from "../../../src/xml.js";
import { describeFailure } from "./failure.js";
import type { PlayResult, PlaysReport } from "./run-plays.js";

/** Writes a report as JUnit XML, as CI systems read it. */
export function writeJunit({ results, failed, skipped }: PlaysReport): string {
  const seconds = (ms: number): string => (ms / 1_000).toFixed(3);
  const total = results.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const head = `name="plays" tests="${results.length}" failures="${failed}" errors="0" skipped="${skipped}" time="${seconds(total)}"`;
  const cases = results.map((result) => {
    const { file, title, durationMs } = result;
    const open = `    <testcase classname="${attributeText(file)}" name="${attributeText(title)}" time="${seconds(durationMs)}"`;
    const inner = result.isSkipped ? "<skipped/>" : failureElement(result);
    return inner === "" ? `${open}/>` : `${open}>${inner}</testcase>`;
  });
  const suite = `  <testsuite ${head}>\n${cases.join("\n")}\n  </testsuite>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suite}\n</testsuites>\n`;
}

/** Which sentence of which standard is proven by which play, as a Markdown table, and whether it holds. */
export function writeCoverage({ results }: PlaysReport): string {
  const rows = results
    .flatMap((result) => result.rules.map((rule) => ({ ...rule, result })))
    .sort((a, b) => a.source.localeCompare(b.source, "en", { numeric: true }))
    .map(
      ({ source, sentence, result }) =>
        `| ${cell(source)} | ${cell(sentence)} | ${cell(result.file)} | ${verdict(result)} |`,
    );
  return ["| rule | sentence | play | |", "|---|---|---|---|", ...rows, ""].join("\n");
}

/** What a run came to, for people: each failure with what was expected and what came. */
export function describePlays({ results, passed, failed, skipped }: PlaysReport): string {
  const failures = results.flatMap(({ file, failure }) =>
    failure ? [describeFailure(file, failure), ""] : [],
  );
  return [...failures, `${passed} passed, ${failed} failed, ${skipped} skipped`].join("\n");
}

function verdict({ isSkipped, failure }: PlayResult): string {
  if (isSkipped) return "skipped";
  return failure ? "broken" : "holds";
}

function failureElement({ file, failure }: PlayResult): string {
  if (!failure) return "";
  const text = escapeXML(clean(describeFailure(file, failure)));
  return `<failure message="${attributeText(failure.message)}">${text}</failure>`;
}

function attributeText(text: string): string {
  return escapeXML(clean(text)).replaceAll("\n", "&#10;");
}

/** Control characters cannot stand in XML. */
function clean(text: string): string {
  return text.replaceAll(/[^\P{Cc}\t\n]/gu, " ");
}

function cell(text: string): string {
  return text.replaceAll("|", String.raw`\|`).replaceAll("\n", " ");
}
