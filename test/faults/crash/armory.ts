import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Arms fail-points and counts the deaths at them. */
export class Armory {
  readonly #folder: string;

  /** @param folder is made here */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** The environment of a process that has fail-points. */
  get environment(): Record<string, string> {
    return { TWOTICK_FAIL_POINTS: this.#folder };
  }

  /** Has a process die when it passes a point for the so-manieth time from now. */
  arm(point: string, times = 1): void {
    writeFileSync(join(this.#folder, "armed"), `${point}\n${times}`);
  }

  /** Lets every process live. */
  disarm(): void {
    rmSync(join(this.#folder, "armed"), { force: true });
  }

  /** Where processes died so far, in order. */
  get hits(): string[] {
    const path = join(this.#folder, "hits");
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
  }
}
