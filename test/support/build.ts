import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { temporaryFolder } from "./temporary-folder.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FOLDERS = ["src", "component", "sdk", "prosody", "test"];
const PARTS = [
  ...FOLDERS.filter((name) => name !== "test"),
  "package.json",
  "tsconfig.json",
  "test/faults/person.ts",
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

/**
 * The product and the programs of tests as JavaScript in a temporary folder that has the layout of the sources, with
 * patches or without. The product itself has no switch.
 *
 * A process starts from it in less than half of the time that it takes where each file is translated as it is read.
 */
export class Build {
  static #unpatched: Build | undefined;
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** The product as it is, made once in a run of the tests. */
  static unpatched(): Build {
    if (Build.#unpatched !== undefined) return Build.#unpatched;
    const build = Build.make([]);
    process.once("exit", () => build.remove());
    return (Build.#unpatched = build);
  }

  /** Makes one. @throws {Error} when a patch does not fit any more: it has to be brought up to date */
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
      build.#translate();
    } catch (error) {
      build.remove();
      throw error;
    }
    return build;
  }

  /** The path of a program, given as its source is from the root and without an ending. */
  program(name: string): string {
    return join(this.folder, `${name}.js`);
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

  #translate(): void {
    buildSync({
      absWorkingDir: this.folder,
      entryPoints: FOLDERS.map((name) => `./${name}/**/*.ts`),
      outbase: this.folder,
      outdir: this.folder,
      format: "esm",
      target: "node20",
      logLevel: "warning",
    });
  }
}
