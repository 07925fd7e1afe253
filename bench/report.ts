import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { relative } from "node:path";
import type { Row } from "./rows.js";

/** What was measured, where, when and how. */
export interface Report {
  readonly machine: string;
  readonly date: string;
  readonly command: string;
  readonly rows: readonly Row[];
}

/** Puts rows together with what somebody needs to judge them. */
export function reportOf(rows: readonly Row[]): Report {
  const [, ...args] = process.argv.map((part) => relative("", part) || part);
  return {
    machine: [
      processor(),
      `${Math.round(totalmem() / 2 ** 30)} GiB`,
      `Linux ${release()}`,
      ...versions(),
    ].join(", "),
    date: new Date().toISOString().slice(0, 10),
    command: `npm run bench -- ${args.slice(1).join(" ")}`,
    rows,
  };
}

function processor(): string {
  const all = cpus();
  return `${all.length} cores of ${all[0]?.model.trim() ?? "an unknown processor"}`;
}

function versions(): string[] {
  const prosody = "/usr/lib/prosody/prosody.version";
  return [
    `Node ${process.versions.node}`,
    ...(existsSync(prosody) ? [`Prosody ${readFileSync(prosody, "utf8").trim()}`] : []),
    ...packageVersion("ejabberd").map((version) => `ejabberd ${version}`),
  ];
}

function packageVersion(name: string): string[] {
  try {
    return [execFileSync("dpkg-query", ["-W", "-f", "${Version}", name], { encoding: "utf8" })];
  } catch {
    return [];
  }
}
