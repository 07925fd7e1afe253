import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../../support/prosody.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const PARTS = [
  "src",
  "component",
  "sdk",
  "prosody",
  "package.json",
  "tsconfig.json",
  "test/faults/seeded/person.ts",
  "test/faults/crash/fail-point.ts",
  "test/faults/crash/migrate.ts",
];

/** A change to one source file: a piece of it that stands there exactly once, and what stands there instead. */
export interface Patch {
  /** Path from the root. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A copy of the product's sources with patches, in a temporary folder. The product itself has no switch. */
export class Build {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes a copy. @throws {Error} when a patch does not fit any more: it has to be brought up to date */
  static make(patches: readonly Patch[]): Build {
    const folder = temporaryFolder();
    for (const part of PARTS) {
      mkdirSync(dirname(join(folder, part)), { recursive: true });
      cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    const build = new Build(folder);
    try {
      for (const patch of patches) build.#apply(patch);
    } catch (error) {
      build.remove();
      throw error;
    }
    return build;
  }

  /** Removes the copy. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #apply({ file, find, replace }: Patch): void {
    const path = join(this.folder, file);
    const source = readFileSync(path, "utf8");
    const times = source.split(find).length - 1;
    if (times !== 1) throw new Error(`a patch of ${file} fits ${times} times instead of once: ${find}`);
    // As a function: a dollar sign in the new text means nothing
    writeFileSync(
      path,
      source.replace(find, () => replace),
    );
  }
}
