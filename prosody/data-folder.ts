import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { TwotickError } from "../src/errors.js";

/** What a data folder keeps secret; made once, never shipped. */
export interface Secrets {
  /** What the component proves itself with. */
  readonly link: string;
  /** 32 bytes as base64: seals the phone numbers in the store. */
  readonly storeKey: string;
}

/** The folder in which a development start keeps everything, held by one process at a time. */
export class DataFolder {
  /** Where it is; absolute. */
  readonly path: string;
  readonly #lock: Database.Database;

  private constructor(path: string, lock: Database.Database) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Makes the folder if need be and takes it for this process.
   *
   * @throws {TwotickError} `folder-unusable` when it cannot be written, `already-running` when another process has it
   */
  static open(path: string): DataFolder {
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      // Fails at once where nothing may be written
      writeFileSync(join(path, "start.lock"), "", { flag: "a", mode: 0o600 });
    } catch (error) {
      throw unusable(path, error);
    }
    const lock = takeLock(path);
    writeFileSync(join(path, "start.pid"), `${process.pid}\n`, { mode: 0o600 });
    return new DataFolder(path, lock);
  }

  /** Lets another process have it. */
  close(): void {
    this.#lock.close();
  }

  /** The component's database. */
  get storePath(): string {
    return join(this.path, "twotick.db");
  }

  /** The component's log. */
  get logPath(): string {
    return join(this.path, "twotick.log");
  }

  /** Where Prosody keeps its own. */
  get prosodyPath(): string {
    return join(this.path, "prosody");
  }

  /**
   * The secrets of the folder, made at the first call (files of mode 0600).
   *
   * @throws {TwotickError} `store-key-missing` when there is a database but no key: a new one could not read it
   */
  secrets(): Secrets {
    if (existsSync(this.storePath) && !existsSync(join(this.path, "store-key"))) {
      throw new TwotickError(
        "store-key-missing",
        `${this.path} holds a database but not its key (the file store-key): put it back, or begin with another folder`,
      );
    }
    return { link: this.#secret("link-secret"), storeKey: this.#secret("store-key") };
  }

  #secret(name: string): string {
    const path = join(this.path, name);
    if (!existsSync(path)) {
      writeFileSync(path, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600, flag: "wx" });
    }
    return readFileSync(path, "utf8").trim();
  }
}

// A lock of the system's, by way of SQLite: it goes with the process however that ends, which a pidfile does not
function takeLock(path: string): Database.Database {
  const lock = new Database(join(path, "start.lock"), { timeout: 0 });
  try {
    lock.pragma("locking_mode = EXCLUSIVE");
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if ((error as { code?: string }).code !== "SQLITE_BUSY") throw unusable(path, error);
    throw new TwotickError(
      "already-running",
      `Twotick is already running with the data folder ${path}${holder(path)}: stop it, or choose another folder with --data`,
    );
  }
}

function holder(path: string): string {
  const file = join(path, "start.pid");
  return existsSync(file) ? ` (process ${readFileSync(file, "utf8").trim()})` : "";
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  EROFS: "it is on a read-only file system",
  ENOSPC: "the disk is full",
  EEXIST: "there is a file of that name",
  ENOTDIR: "a part of the path is a file",
};

function unusable(path: string, error: unknown): TwotickError {
  const { code = "", message } = error as { code?: string; message: string };
  return new TwotickError(
    "folder-unusable",
    `the data folder ${path} cannot be used: ${REASONS[code] ?? message}; choose another one with --data`,
    error,
  );
}
