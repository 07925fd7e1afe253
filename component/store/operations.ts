import type { Database } from "better-sqlite3";
import type { Migration } from "./migrations.js";

/** What a capability's `store.ts` gives to the store thread. */
export interface StoreModule<Operations extends object = object> {
  /** The capability's name, under which its operations are called. */
  readonly name: string;
  readonly migrations: readonly Migration[];
  /** Operations that take room and make none: refused with `disk-full` while the disk is full. */
  readonly takesRoom?: readonly string[];
  /** Prepares the statements; each operation runs whole in the transaction of its turn. */
  open(database: Database): Operations;
}

/** The same operations seen from the main thread: each answers after its transaction is durable. */
export type Remote<Operations extends object> = {
  readonly [Name in keyof Operations]: Operations[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Result>
    : never;
};

/** One operation on its way to the store thread. */
export interface Call {
  readonly id: number;
  readonly capability: string;
  readonly operation: string;
  readonly args: readonly unknown[];
}

/** What came of a {@link Call}. */
export type Outcome =
  { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: SentError };

/** What came of all the calls of one transaction. */
export interface Turn {
  readonly outcomes: readonly Outcome[];
  /** From its first operation to the end of its commit. */
  readonly tookMs: number;
}

/** An error on its way between threads, where classes do not survive. */
export interface SentError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** What the store thread is started with. */
export interface ThreadOptions {
  readonly path: string;
  /** URLs of the capabilities' `store` modules, in order. */
  readonly modules: readonly string[];
}

/** What the store thread says when the disk has become full, and when it has room again. */
export type RoomReport = "full" | "room";

/** Whether an error of SQLite means that the disk is full; the second is the log's index that could not grow. */
export function isDiskFull(code: string): boolean {
  return code.startsWith("SQLITE_FULL") || code === "SQLITE_IOERR_SHMSIZE";
}
