import type { Worker } from "node:worker_threads";
import { StorageError } from "../../src/errors.js";
import {
  isDiskFull,
  type Call,
  type Outcome,
  type Remote,
  type RoomReport,
  type Turn,
} from "./operations.js";
import type { SentError, ThreadOptions } from "./operations.js";
import { startWorker } from "./worker.js";

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** How long a call that nobody waits for is kept for the company of others. */
const COMPANY_MS = 5;

/**
 * The embedded store: SQLite on a thread of its own, so that a sync never holds up the socket.
 *
 * Every promise settles after the transaction of its operation is durable. Calls made in one turn of the
 * event loop travel together, and all that arrive during a commit share the next one. Order is kept throughout.
 */
export class Store {
  readonly #thread: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  /** Settles when the thread broke; the store takes nothing any more. Closing it is no such end. */
  readonly broken: Promise<StorageError>;
  #outgoing: Call[] = [];
  #isFlushing = false;
  #company: NodeJS.Timeout | undefined;
  #lastId = 0;
  #failure: StorageError | undefined;
  #hasRoom = true;
  /** Called when the disk has become full, and when it has room again. */
  onRoom: (hasRoom: boolean) => void = () => undefined;
  /** Called after each transaction with how many operations shared it and how long it took. */
  onTurn: (operations: number, tookMs: number) => void = () => undefined;

  private constructor(thread: Worker) {
    this.#thread = thread;
    thread.on("message", (message: Turn | RoomReport | "ready") => {
      if (typeof message !== "string") this.#endTurn(message);
      else if (message !== "ready") this.#noteRoom(message === "room");
    });
    this.#exited = new Promise((resolve) => {
      thread.once("exit", () => {
        this.#fail(new StorageError("closed", "the store is closed"));
        resolve();
      });
    });
    this.broken = new Promise((resolve) => {
      thread.on("error", (error) => {
        const failure = new StorageError("thread-failed", error.message, error);
        this.#fail(failure);
        resolve(failure);
      });
    });
  }

  /**
   * Opens the database at `path`, brings its schema up to date and loads the capabilities' operations.
   *
   * @param modules URLs of the capabilities' store modules, in the order in which their schemas build on each other
   * @throws {StorageError} when the file cannot be opened, is not durable or has a newer schema
   */
  static async open(path: string, modules: readonly URL[]): Promise<Store> {
    const options: ThreadOptions = { path, modules: modules.map((url) => url.href) };
    const thread = startWorker(new URL("thread.js", import.meta.url), options);
    const store = new Store(thread);
    await new Promise<void>((resolve, reject) => {
      thread.once("message", () => resolve());
      thread.once("error", (error: Error & { code?: string }) => {
        reject(new StorageError(error.code ?? "open-failed", error.message, error));
      });
    });
    return store;
  }

  /** The operations of one capability. */
  of<Operations extends object>(capability: string): Remote<Operations> {
    return this.#remote(capability, () => this.#flushSoon());
  }

  /**
   * The same operations, called when nobody waits for what comes of them: they begin no transaction for 5 ms, but go with
   * the next call that somebody waits for. A sync of their own would stand before the next message that asks to be accepted.
   */
  unhurried<Operations extends object>(capability: string): Remote<Operations> {
    return this.#remote(capability, () => {
      if (!this.#isFlushing) this.#company ??= setTimeout(() => this.#flush(), COMPANY_MS);
    });
  }

  #remote<Operations extends object>(capability: string, send: () => void): Remote<Operations> {
    return new Proxy({} as Remote<Operations>, {
      get:
        (_, operation) =>
        (...args: readonly unknown[]) => {
          const outcome = this.#call(capability, String(operation), args);
          send();
          return outcome;
        },
    });
  }

  /** Whether the store can take operations. */
  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** Whether the disk has room: without it the store takes what makes room and refuses the rest. */
  get hasRoom(): boolean {
    return this.#hasRoom;
  }

  /** Commits what was called so far and closes the file. */
  async close(): Promise<void> {
    this.#flush();
    if (this.isOpen) this.#thread.postMessage("close");
    await this.#exited;
  }

  #call(capability: string, operation: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.#outgoing.push({ id, capability, operation, args });
    });
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    clearTimeout(this.#company);
    this.#company = undefined;
    if (this.#outgoing.length === 0 || this.#failure) return;
    this.#thread.postMessage(this.#outgoing);
    this.#outgoing = [];
  }

  #endTurn({ outcomes, tookMs }: Turn): void {
    this.onTurn(outcomes.length, tookMs);
    for (const outcome of outcomes) this.#settle(outcome);
  }

  #settle(outcome: Outcome): void {
    const waiting = this.#waiting.get(outcome.id);
    this.#waiting.delete(outcome.id);
    if ("error" in outcome) waiting?.reject(receiveError(outcome.error));
    else waiting?.resolve(outcome.value);
  }

  #noteRoom(hasRoom: boolean): void {
    this.#hasRoom = hasRoom;
    this.onRoom(hasRoom);
  }

  #fail(failure: StorageError): void {
    this.#failure ??= failure;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure);
    this.#waiting.clear();
  }
}

function receiveError(error: SentError): StorageError {
  const code = isDiskFull(error.code) ? "disk-full" : error.code;
  return new StorageError(code, error.message);
}

// Run from TypeScript, the thread has to be told how to read it; run from the build, it has not
