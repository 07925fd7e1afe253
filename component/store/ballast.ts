import { randomFillSync } from "node:crypto";
import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Bytes set aside beside the database: a write-ahead log's worth for clean-up and acknowledgements, twice. */
export const BALLAST_BYTES = 8 * 1024 * 1024;

/** Bytes that have to be free beyond the ballast before the disk counts as having room again. */
const HEADROOM_BYTES = 4 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/**
 * A file that only takes room, next to the database: given up when the disk is full.
 *
 * On a full disk not even DELETE works, because it writes to the log first. What the ballast gives free is for what
 * makes room.
 */
export class Ballast {
  readonly #path: string;
  readonly #sizeBytes: number;

  /** @param path of the database */
  constructor(path: string, sizeBytes = BALLAST_BYTES) {
    this.#path = `${path}-ballast`;
    this.#sizeBytes = sizeBytes;
  }

  /** Takes the room, if there is enough of it and some to spare. Answers whether it holds it now. */
  take(): boolean {
    if (this.#isHeld()) return true;
    try {
      const { bavail, bsize } = statfsSync(dirname(this.#path));
      if (bavail * bsize < this.#sizeBytes + HEADROOM_BYTES) return false;
      this.#write();
      return true;
    } catch {
      // The disk had less room than it said
      this.release();
      return false;
    }
  }

  /** Gives the room free. */
  release(): void {
    rmSync(this.#path, { force: true });
  }

  #isHeld(): boolean {
    return statSync(this.#path, { throwIfNoEntry: false })?.size === this.#sizeBytes;
  }

  #write(): void {
    const file = openSync(this.#path, "w", 0o600);
    try {
      // Random, because a file system may store zeros in no room at all
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, this.#sizeBytes));
      for (let left = this.#sizeBytes; left > 0;) {
        left -= writeSync(file, randomFillSync(chunk), 0, Math.min(left, chunk.length));
      }
    } finally {
      closeSync(file);
    }
  }
}
