import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A place in a copy of the product at which its process dies when the test has armed it.
 *
 * In the folder that TWOTICK_FAIL_POINTS names, `armed` holds a name and how many times it is to be passed, the last of
 * them the last; `hits` gets a line for each death.
 */
export function failPoint(name: string): void {
  const folder = process.env.TWOTICK_FAIL_POINTS;
  const [point, times] = folder === undefined ? [] : readArmed(folder);
  if (folder === undefined || point !== name) return;
  if (Number(times) > 1) return writeFileSync(join(folder, "armed"), `${point}\n${Number(times) - 1}`);
  appendFileSync(join(folder, "hits"), `${name}\n`);
  process.kill(process.pid, "SIGKILL");
  // Not an instruction further, however long the signal takes
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function readArmed(folder: string): readonly string[] {
  try {
    return readFileSync(join(folder, "armed"), "utf8").split("\n");
  } catch {
    return [];
  }
}
