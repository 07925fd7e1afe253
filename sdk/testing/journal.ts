import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import type { EpochMs } from "../../src/clock.js";
import { TwotickError } from "../../src/errors.js";
import type { SendState } from "../client/sent-records.js";

/** One line of a journal: what a device asked, was told or showed, and when. */
export type JournalLine = { readonly at: EpochMs } & (
  | {
      /** A process began to run on the device's store. */
      readonly kind: "started";
      readonly number: string;
      readonly device: number;
    }
  /** The mailbox is open, or is not. */
  | { readonly kind: "state"; readonly isAttached: boolean }
  /** A send is about to be asked for; after a crash the same line may come again. */
  | { readonly kind: "asked"; readonly id: string; readonly to: string; readonly body: string }
  /** How far a send has come, as a whole or on one device. */
  | {
      readonly kind: "told";
      readonly id: string;
      readonly state: SendState;
      readonly device?: number | undefined;
      readonly code?: string | undefined;
      /** The service itself said no, for good; otherwise whether a send that failed was accepted is unknown. */
      readonly isRefusal?: boolean | undefined;
    }
  /** An entry of the mailbox has come in; written by devices that see entries. */
  | { readonly kind: "arrived"; readonly seq: number }
  /** Everything up to an entry was acknowledged to the service; written by devices that see entries. */
  | { readonly kind: "confirmed"; readonly seq: number }
  /** A message is shown to the person. */
  | { readonly kind: "shown"; readonly id: string; readonly from: string; readonly body: string }
  /** The message was acknowledged: it must not be shown again. */
  | { readonly kind: "acknowledged"; readonly id: string; readonly from: string }
);

type LineContent<Line> = Line extends JournalLine ? Omit<Line, "at"> : never;

/** The hash that stands for a body in a journal. */
export function hashBody(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}

/**
 * The diary of one device in a test: an append-only file that survives the death of its process.
 *
 * Each line is in the hands of the operating system when `write` returns; it outlives a kill -9, not a power loss.
 */
export class Journal {
  readonly path: string;
  readonly #now: () => EpochMs;
  readonly #file: number;

  /** Opens a journal; what is in it stays. @param path of the file @param now where the time comes from */
  constructor(path: string, now: () => EpochMs = Date.now) {
    this.path = path;
    this.#now = now;
    const isTorn = existsSync(path) && !endsWithNewline(readFileSync(path));
    this.#file = openSync(path, "a", 0o600);
    // A process was killed within a line: the next one begins a line of its own
    if (isTorn) writeSync(this.#file, "\n");
  }

  /** Appends a line. */
  write(line: LineContent<JournalLine>): void {
    writeSync(this.#file, `${JSON.stringify({ at: this.#now(), ...line })}\n`);
  }

  /** All lines so far. */
  lines(): JournalLine[] {
    return readJournal(this.path);
  }

  /** Closes the file. */
  close(): void {
    closeSync(this.#file);
  }
}

/** Reads a journal. A line that its process did not live to finish is left out. @throws {TwotickError} `no-journal` */
export function readJournal(path: string): JournalLine[] {
  if (!existsSync(path)) throw new TwotickError("no-journal", `there is no journal ${path}`);
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        return line === "" ? [] : [JSON.parse(line) as JournalLine];
      } catch {
        return [];
      }
    });
}

function endsWithNewline(bytes: Buffer): boolean {
  return bytes.length === 0 || bytes[bytes.length - 1] === 10;
}
