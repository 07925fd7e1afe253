import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from "node:worker_threads";
import type { Database, Statement } from "better-sqlite3";
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
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #savepoint: Statement;
  readonly #release: Statement;

  constructor(database: Database, operations: Map<string, Operation>) {
    this.#database = database;
    this.#operations = operations;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#savepoint = database.prepare("SAVEPOINT operation");
    this.#release = database.prepare("RELEASE operation");
  }

  run(calls: readonly Call[]): Outcome[] {
    try {
      this.#begin.run();
      const outcomes =
        calls.length === 1
          ? calls.map((call) => this.#runAlone(call))
          : calls.map((call) => this.#runOne(call));
      this.#commit.run();
      return outcomes;
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
      return calls.map(({ id }) => ({ id, error: sendError(error) }));
    }
  }

  // What throws fails the transaction, and there is nobody else in it
  #runAlone(call: Call): Outcome {
    return { id: call.id, value: this.#find(call)(...call.args) };
  }

  #runOne(call: Call): Outcome {
    this.#savepoint.run();
    try {
      const value = this.#find(call)(...call.args);
      this.#release.run();
      return { id: call.id, value };
    } catch (error) {
      // SQLite has already rolled everything back when the disk is full
      if (!this.#database.inTransaction) throw error;
      this.#database.exec("ROLLBACK TO operation; RELEASE operation");
      return { id: call.id, error: sendError(error) };
    }
  }

  #find({ capability, operation }: Call): Operation {
    const found = this.#operations.get(`${capability} ${operation}`);
    if (!found) throw new TwotickError("no-operation", `the store has no ${capability}.${operation}`);
    return found;
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
  serve(database, new GroupCommit(database, operations), parentPort as MessagePort);
}

/** A store that had nothing to do for so long has time to empty its write-ahead log. */
const IDLE_MS = 2_000;

function serve(database: Database, group: GroupCommit, port: MessagePort): void {
  // What was overwritten in the database (secure_delete) still stands in the log until that is emptied
  const idle = setTimeout(() => database.pragma("wal_checkpoint(TRUNCATE)"), IDLE_MS);
  port.on("message", (first: readonly Call[] | "close") => {
    idle.refresh();
    const calls: Call[] = [];
    let message: readonly Call[] | "close" | undefined = first;
    while (message !== undefined && message !== "close") {
      calls.push(...message);
      message = receiveMessageOnPort(port)?.message as readonly Call[] | "close" | undefined;
    }
    if (calls.length > 0) port.postMessage(group.run(calls));
    if (message !== "close") return;
    clearTimeout(idle);
    database.close();
    port.close();
  });
  port.postMessage("ready");
}

await start(workerData as ThreadOptions);
