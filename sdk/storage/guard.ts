import { StorageError } from "../../src/errors.js";
import type { Storage, Transaction, View } from "./port.js";

/** The longest that a key may be, in UTF-16 code units: room for a JID and a few words. */
export const MAX_KEY_LENGTH = 4096;

/** What a store has to do itself; {@link guard} adds the rules that are the same for all. */
export interface Backend {
  /** What is changed from here on is kept by `commit`, or by nothing. */
  begin(): void;
  /** @throws {StorageError} and keeps nothing of the transaction */
  commit(): void;
  /** Undoes what was changed since `begin`. */
  rollback(): void;
  /** Nothing is called any more. */
  close(): void;
  /** The value under a key. */
  get(key: string): Uint8Array | undefined;
  /** The records whose keys begin with a prefix, in the order of their keys, after a key and at most so many. */
  scan(prefix: string, after: string | undefined, limit: number | undefined): [string, Uint8Array][];
  /** Keeps a value under a key, in place of another. */
  set(key: string, value: Uint8Array): void;
  /** Forgets a key. */
  delete(key: string): void;
}

/** The life of a store. */
export interface StoreLife {
  /** Does something with it. @throws {StorageError} `closed`, `nested` */
  readonly enter: <Result>(work: () => Result) => Result;
  /** Ends it; twice is no error. @throws {StorageError} `nested` */
  readonly close: () => void;
}

/** Sees to it that nothing nests in a store, and nothing goes on once it is closed. @param end what closing does */
export function lifeOf(end: () => void): StoreLife {
  let isRunning = false;
  let isClosed = false;

  function enter<Result>(work: () => Result): Result {
    if (isClosed) throw new StorageError("closed", "the store is closed");
    if (isRunning) throw new StorageError("nested", "transactions and reads do not nest");
    isRunning = true;
    try {
      return work();
    } finally {
      isRunning = false;
    }
  }

  return {
    enter,
    close() {
      if (isRunning) throw new StorageError("nested", "a store is not closed inside a transaction");
      if (isClosed) return;
      isClosed = true;
      end();
    },
  };
}

/** Makes a store of a backend: no nesting, no asynchronous work, no use of a view after its end. */
export function guard(backend: Backend): Storage {
  const { enter, close } = lifeOf(() => backend.close());
  return {
    transaction: (work) => enter(() => runTransaction(backend, work)),
    read: (work) => enter(() => withView(backend, work)),
    close,
  };
}

function runTransaction<Result>(backend: Backend, work: (transaction: Transaction) => Result): Result {
  backend.begin();
  let result: Result;
  try {
    result = withView(backend, work);
  } catch (error) {
    backend.rollback();
    throw error;
  }
  backend.commit();
  return result;
}

/** Runs work with a view that ends with it. */
function withView<Result>(backend: Backend, work: (view: Transaction) => Result): Result {
  const life = { hasEnded: false };
  try {
    const result = work(viewOf(backend, life));
    if (isThenable(result))
      throw new StorageError("asynchronous", "what runs in a transaction is synchronous");
    return result;
  } finally {
    life.hasEnded = true;
  }
}

function viewOf(backend: Backend, life: { hasEnded: boolean }): Transaction {
  const check = (): void => {
    if (life.hasEnded) throw new StorageError("ended", "the transaction has ended");
  };
  return {
    get(key) {
      check();
      return backend.get(key);
    },
    scan(prefix, { after, limit } = {}): ReturnType<View["scan"]> {
      check();
      if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 0)) {
        throw new StorageError("invalid-limit", "the limit of a scan is a whole number");
      }
      return backend.scan(prefix, after, limit);
    },
    set(key, value) {
      check();
      if (key.length > MAX_KEY_LENGTH) {
        throw new StorageError("key-too-long", `a key has at most ${MAX_KEY_LENGTH} characters`);
      }
      backend.set(key, value);
    },
    delete(key) {
      check();
      backend.delete(key);
    },
  };
}

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
