import type { Patch } from "../../support/build.js";

const FAIL_POINT = "../../test/faults/crash/fail-point.js";

/** Imports the fail-points behind a line of a source that is two folders deep. */
export function importIn(file: string, line: string): Patch[] {
  return [{ file, find: line, replace: `${line}import { failPoint } from "${FAIL_POINT}";\n` }];
}

/** Puts a fail-point behind a piece of a source. */
export function after(file: string, find: string, point: string): Patch {
  return { file, find, replace: `${find}      failPoint("${point}");\n` };
}

/** Puts a fail-point before a piece of a source. */
export function before(file: string, find: string, point: string): Patch {
  return { file, find, replace: `      failPoint("${point}");\n${find}` };
}
