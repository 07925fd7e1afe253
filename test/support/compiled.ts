import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { temporaryFolder } from "./temporary-folder.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SOURCES = ["src/**/*.ts", "component/**/*.ts", "sdk/**/*.ts"];
/** What tests start as processes of their own, beside the component. */
const PROGRAMS = ["test/faults/person.ts"];

let folder: string | undefined;

/**
 * The product and the programs of tests as JavaScript, made once in a run of the tests.
 *
 * A process starts from it in less than half of the time that it takes where each file is translated as it is read.
 * @returns the folder, which has the layout of the sources
 */
export function compiled(): string {
  if (folder !== undefined) return folder;
  const made = temporaryFolder();
  process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: [...SOURCES, ...PROGRAMS],
    outbase: ROOT,
    outdir: made,
    format: "esm",
    target: "node20",
    logLevel: "warning",
  });
  for (const name of ["node_modules", "package.json"]) symlinkSync(join(ROOT, name), join(made, name));
  return (folder = made);
}
