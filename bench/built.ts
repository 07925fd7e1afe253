import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDER = ".cache/bench-build";

let isBuilt = false;

/**
 * The folder with the component as it is published, built now.
 *
 * Reading TypeScript as it goes takes some 70 MB that no installation has, and names every function each time that it is made.
 */
export function builtFolder(): string {
  if (!isBuilt) {
    process.stderr.write("builds the component\n");
    execFileSync(process.execPath, ["prosody/build.mjs", FOLDER], { cwd: ROOT, stdio: "inherit" });
  }
  isBuilt = true;
  return ROOT + FOLDER;
}
