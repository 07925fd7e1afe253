import { closeSync, openSync } from "node:fs";
import { InvalidInput } from "../src/errors.js";

/** Sees to it that files can be written, before the work whose results go there. @throws {InvalidInput} */
export function requireWritable(...paths: readonly (string | undefined)[]): void {
  for (const path of paths) {
    if (path === undefined) continue;
    try {
      closeSync(openSync(path, "a"));
    } catch (error) {
      throw new InvalidInput(`${path} cannot be written: ${(error as Error).message}`, error);
    }
  }
}
