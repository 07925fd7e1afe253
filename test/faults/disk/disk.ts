import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("disk.c", import.meta.url));
const CACHE = fileURLToPath(new URL("../../../.cache/disk/", import.meta.url));

/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512;

/** What syncs are worth: as asked for, or as `synchronous=NORMAL` would ask for them. */
export type Syncs = "full" | "normal";

/** A disk below one SQLite database that can lose its power and can be full; see `disk.c`. */
export class FaultyDisk {
  readonly #file: string;
  readonly #shadow: string;
  readonly #syncs: Syncs;

  /** @param file path of the database @param shadow folder for what is durable; made here */
  constructor(file: string, shadow: string, syncs: Syncs = "full") {
    this.#file = file;
    this.#shadow = shadow;
    this.#syncs = syncs;
    mkdirSync(shadow, { recursive: true });
  }

  /** The environment of a process that is to write to this disk. */
  get environment(): Record<string, string> {
    return {
      LD_PRELOAD: buildDisk(),
      DISK_FILE: this.#file,
      DISK_SHADOW: this.#shadow,
      DISK_SYNC: this.#syncs,
    };
  }

  /** Bytes that the database and what belongs to it take. */
  get usedBytes(): number {
    return this.#files().reduce((sum, path) => sum + statSync(path).size, 0);
  }

  /** Lets the files grow to so many bytes together and no further; any number when left out. */
  limit(bytes: number = Number.MAX_SAFE_INTEGER): void {
    const path = join(this.#shadow, "limit");
    writeFileSync(`${path}.new`, String(bytes));
    renameSync(`${path}.new`, path);
  }

  /**
   * Takes the power away, after the process was killed: what was written and not synced is gone.
   *
   * @param survives chance of a sector that was written and not synced to have reached the disk nevertheless; a disk
   *   keeps no order between syncs
   * @param random from 0 to below 1
   * @returns bytes of sectors that were lost
   */
  losePower(survives: number, random: () => number): number {
    const written = new Map(this.#files().map((path) => [path, readFileSync(path)]));
    for (const path of written.keys()) rmSync(path);
    let lostBytes = 0;
    for (const line of readFileSync(join(this.#shadow, "entries"), "utf8").split("\n").filter(Boolean)) {
      const [number = "", suffix = ""] = line.split(" ");
      // Memory, never synced
      if (suffix === "-shm") continue;
      const path = this.#file + suffix;
      const synced = readFileSync(join(this.#shadow, number));
      const left = tear(synced, written.get(path) ?? synced, () => random() < survives);
      lostBytes += left.lostBytes;
      writeFileSync(path, left.bytes, { mode: 0o600 });
    }
    for (const name of readdirSync(this.#shadow)) if (/^\d+$/.test(name)) rmSync(join(this.#shadow, name));
    return lostBytes;
  }

  #files(): string[] {
    const folder = dirname(this.#file);
    return readdirSync(folder)
      .filter((name) => name.startsWith(basename(this.#file)))
      .map((name) => join(folder, name));
  }
}

/** Mixes what was synced with sectors of what was only written. */
function tear(
  synced: Buffer,
  written: Buffer,
  survives: () => boolean,
): { bytes: Buffer; lostBytes: number } {
  const bytes = Buffer.alloc(Math.max(synced.length, written.length));
  synced.copy(bytes);
  let lengthBytes = synced.length;
  let lostBytes = 0;
  for (let at = 0; at < written.length; at += SECTOR_BYTES) {
    const sector = written.subarray(at, at + SECTOR_BYTES);
    if (sector.equals(synced.subarray(at, at + SECTOR_BYTES))) continue;
    if (survives()) {
      sector.copy(bytes, at);
      // What lies before it and did not survive reads as zeros
      lengthBytes = Math.max(lengthBytes, at + sector.length);
    } else lostBytes += sector.length;
  }
  return { bytes: bytes.subarray(0, lengthBytes), lostBytes };
}

function buildDisk(): string {
  const hash = createHash("sha256").update(readFileSync(SOURCE)).digest("hex").slice(0, 16);
  const library = join(CACHE, `disk-${hash}.so`);
  if (existsSync(library)) return library;
  mkdirSync(CACHE, { recursive: true });
  // Renamed when it is whole, so that two builds at once do no harm
  const unfinished = `${library}.${process.pid}`;
  const flags = ["-O2", "-Wall", "-Wno-format-truncation", "-shared", "-fPIC"];
  execFileSync("cc", [...flags, "-o", unfinished, SOURCE, "-ldl", "-lpthread"], { stdio: "pipe" });
  renameSync(unfinished, library);
  return library;
}
