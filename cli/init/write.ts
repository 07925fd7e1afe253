import {
  appendFileSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { TwotickError } from "../../src/errors.js";
import { type InitPlan, type PlannedFile, prosodyPartPath } from "./plan.js";

/** Makes sure that nothing is there yet that would be written. @throws {TwotickError} `exists` */
export function requireNew(files: readonly PlannedFile[]): void {
  const there = files.filter(({ path }) => existsSync(path)).map(({ path }) => path);
  if (there.length > 0)
    throw new TwotickError(
      "exists",
      `there is something already, and nothing is overwritten: ${there.join(", ")}`,
    );
}

/** Writes the files. @throws {TwotickError} `not-writable` */
export function writeFiles(files: readonly PlannedFile[], { prosodyConfig }: InitPlan): void {
  try {
    for (const { path, text, mode, isProsodys } of files) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      writeFileSync(path, text, { mode, flag: "wx" });
      if (isProsodys) giveToProsody(path, prosodyConfig);
    }
  } catch (error) {
    throw new TwotickError("not-writable", `it cannot be written: ${(error as Error).message}`, error);
  }
}

/** The line that includes our part. Prosody reads it from the folder of its own configuration. */
export function includeLine(plan: InitPlan): string {
  return `Include ${JSON.stringify(basename(prosodyPartPath(plan)))}`;
}

/** Has Prosody's configuration include our part; what it was before is kept beside it. @throws {TwotickError} `not-writable` */
export function include(plan: InitPlan): void {
  const { prosodyConfig } = plan;
  try {
    if (readFileSync(prosodyConfig, "utf8").includes(includeLine(plan))) return;
    copyFileSync(prosodyConfig, `${prosodyConfig}.before-twotick`);
    appendFileSync(prosodyConfig, `\n-- Twotick\n${includeLine(plan)}\n`);
  } catch (error) {
    throw new TwotickError(
      "not-writable",
      `Prosody's configuration cannot be changed: ${(error as Error).message}`,
      error,
    );
  }
}

// The group of Prosody's own configuration may read ours: it holds the secret of the component
function giveToProsody(path: string, prosodyConfig: string): void {
  if (process.getuid?.() !== 0) return;
  const like = statSync(prosodyConfig, { throwIfNoEntry: false });
  if (like) chownSync(path, 0, like.gid);
}
