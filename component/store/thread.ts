import { parentPort, workerData } from "node:worker_threads";
import type { Database } from "better-sqlite3";
import { TwotickError } from "../../src/errors.js";
import { openDatabase } from "./database.js";
import { migrate } from "./migrations.js";
import type { Call, Outcome, SentError, StoreModule, ThreadOptions } from "./operations.js";

type Operation = (...args: readonly unknown[]) => unknown;

/**
 * Runs operations against the database, all that have arrived in one transaction.
 *
 * While one commit is being synced the next calls gather: the busier the store, the more messages share a
 * sync. An operation that throws is undone alone (its savepoint); a commit that fails undoes and fails all.
 */
class GroupCommit {
  readonly #database: Database;
  readonly #operations: Map<string, Operation>;
  #waiting: Call[] = [];

  constructor(database: Database, operations: Map<string, Operation>) {
    this.#database = database;
    this.#operations = operations;
  }

  receive(calls: readonly Call[]): void {
    if (this.#waiting.length === 0) setImmediate(() => this.#commit());
    this.#waiting.push(...calls);
  }

  #commit(): void {
    const calls = this.#waiting;
    this.#waiting = [];
    let outcomes: Outcome[];
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      outcomes = calls.map((call) => this.#run(call));
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
      outcomes = calls.map(({ id }) => ({ id, error: sendError(error) }));
    }
    parentPort?.postMessage(outcomes);
  }

  #run(call: Call): Outcome {
    const operation = this.#operations.get(`${call.capability} ${call.operation}`);
    try {
      if (!operation)
        throw new TwotickError("no-operation", `the store has no ${call.capability}.${call.operation}`);
      this.#database.exec("SAVEPOINT operation");
      const value = operation(...call.args);
      this.#database.exec("RELEASE operation");
      return { id: call.id, value };
    } catch (error) {
      // SQLite has already rolled everything back when the disk is full
      if (!this.#database.inTransaction) throw error;
      this.#database.exec("ROLLBACK TO operation; RELEASE operation");
      return { id: call.id, error: sendError(error) };
    }
  }
}

function sendError(error: unknown): SentError {
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  return { name: name ?? "Error", code: code ?? "internal", message: message ?? "unknown" };
}

async function start({ path, modules }: ThreadOptions): Promise<void> {
  const stores = await Promise.all(
    modules.map(
      async (url) => ((await import(url)) as { store: StoreModule<Record<string, Operation>> }).store,
    ),
  );
  const database = openDatabase(path);
  migrate(database, stores);
  const operations = new Map<string, Operation>();
  for (const store of stores) {
    for (const [name, operation] of Object.entries(store.open(database)))
      operations.set(`${store.name} ${name}`, operation);
  }
  const group = new GroupCommit(database, operations);
  parentPort?.on("message", (message: readonly Call[] | "close") => {
    if (message !== "close") return group.receive(message);
    // After the commit that may be waiting in this turn
    setImmediate(() => {
      database.close();
      parentPort?.close();
    });
    return undefined;
  });
  parentPort?.postMessage("ready");
}

await start(workerData as ThreadOptions);
