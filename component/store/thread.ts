import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from "node:worker_threads";
import type { Database, Statement } from "better-sqlite3";
import { TwotickError } from "../../src/errors.js";
import { Ballast } from "./ballast.js";
import { openDatabase } from "./database.js";
import { migrate } from "./migrations.js";
import { isDiskFull, type Call, type Outcome, type SentError, type StoreModule } from "./operations.js";
import type { RoomReport, ThreadOptions, Turn } from "./operations.js";

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

/** How often a full disk is looked at again. */
const ROOM_EVERY_MS = 1_000;

/**
 * Runs operations on a disk that may be full.
 *
 * When it is, the ballast goes: what makes room (acknowledging, expiring) goes on with what that gave free, and what
 * takes room is refused until the ballast could be taken back.
 */
class RoomKeeper {
  readonly #group: GroupCommit;
  readonly #ballast: Ballast;
  readonly #takesRoom: ReadonlySet<string>;
  readonly #report: (report: RoomReport) => void;
  #retry: NodeJS.Timeout | undefined;

  constructor(
    group: GroupCommit,
    ballast: Ballast,
    takesRoom: ReadonlySet<string>,
    report: (report: RoomReport) => void,
  ) {
    this.#group = group;
    this.#ballast = ballast;
    this.#takesRoom = takesRoom;
    this.#report = report;
  }

  run(calls: readonly Call[]): Outcome[] {
    if (this.#retry) return this.#runWhenFull(calls);
    const outcomes = this.#group.run(calls);
    const full = new Set(outcomes.filter(hasFoundFull).map(({ id }) => id));
    if (full.size === 0) return outcomes;
    this.becomeFull();
    return [
      ...outcomes.filter(({ id }) => !full.has(id)),
      ...this.#runWhenFull(calls.filter(({ id }) => full.has(id))),
    ];
  }

  /** Takes the ballast, or knows that there is no room for it. */
  begin(): void {
    if (!this.#ballast.take()) this.becomeFull();
  }

  becomeFull(): void {
    if (this.#retry) return;
    this.#ballast.release();
    this.#retry = setInterval(() => this.#lookAgain(), ROOM_EVERY_MS);
    this.#report("full");
  }

  end(): void {
    clearInterval(this.#retry);
  }

  #lookAgain(): void {
    if (!this.#ballast.take()) return;
    clearInterval(this.#retry);
    this.#retry = undefined;
    this.#report("room");
  }

  #runWhenFull(calls: readonly Call[]): Outcome[] {
    const takesRoom = (call: Call): boolean => this.#takesRoom.has(`${call.capability} ${call.operation}`);
    const error = { name: "StorageError", code: "disk-full", message: "the disk is full" };
    const refused = calls.filter(takesRoom).map(({ id }) => ({ id, error }));
    const others = calls.filter((call) => !takesRoom(call));
    return others.length === 0 ? refused : [...refused, ...this.#group.run(others)];
  }
}

function runTurn(keeper: RoomKeeper, calls: readonly Call[]): Turn {
  const startedAt = performance.now();
  const outcomes = keeper.run(calls);
  return { outcomes, tookMs: performance.now() - startedAt };
}

function hasFoundFull(outcome: Outcome): boolean {
  return "error" in outcome && isDiskFull(outcome.error.code);
}

async function start({ path, modules }: ThreadOptions): Promise<void> {
  const stores = await Promise.all(
    modules.map(
      async (url) => ((await import(url)) as { store: StoreModule<Record<string, Operation>> }).store,
    ),
  );
  const ballast = new Ballast(path);
  const database = openWithRoom(path, ballast, stores);
  const operations = new Map<string, Operation>();
  for (const store of stores) {
    for (const [name, operation] of Object.entries(store.open(database)))
      operations.set(`${store.name} ${name}`, operation);
  }
  const takesRoom = new Set(
    stores.flatMap(({ name, takesRoom: names = [] }) => names.map((operation) => `${name} ${operation}`)),
  );
  const port = parentPort as MessagePort;
  const report = (what: RoomReport): void => port.postMessage(what);
  serve(database, new RoomKeeper(new GroupCommit(database, operations), ballast, takesRoom, report), port);
}

// Opening writes: the log's index, and what a newer schema brings
function openWithRoom(path: string, ballast: Ballast, stores: readonly StoreModule[]): Database {
  const open = (): Database => {
    const database = openDatabase(path);
    migrate(database, stores);
    return database;
  };
  try {
    return open();
  } catch (error) {
    if (!isDiskFull(sendError(error).code)) throw error;
    ballast.release();
    return open();
  }
}

/** A store that had nothing to do for so long has time to empty its write-ahead log. */
const IDLE_MS = 2_000;

/** Turns after which the log is copied into the database: about as many pages as SQLite would wait for by itself. */
const CHECKPOINT_EVERY_TURNS = 150;

function serve(database: Database, keeper: RoomKeeper, port: MessagePort): void {
  // What was overwritten in the database (secure_delete) still stands in the log until that is emptied
  const emptyLog = (): void => checkpoint("TRUNCATE");
  const checkpoint = (how: "PASSIVE" | "TRUNCATE"): void => {
    try {
      database.pragma(`wal_checkpoint(${how})`);
    } catch (error) {
      // The log keeps what it has, and is emptied another time
      if (!isDiskFull(sendError(error).code)) throw error;
      keeper.becomeFull();
      idle.refresh();
    }
  };
  const idle = setTimeout(emptyLog, IDLE_MS);
  let turns = 0;
  port.on("message", (first: readonly Call[] | "close") => {
    idle.refresh();
    const calls: Call[] = [];
    let message: readonly Call[] | "close" | undefined = first;
    while (message !== undefined && message !== "close") {
      calls.push(...message);
      message = receiveMessageOnPort(port)?.message as readonly Call[] | "close" | undefined;
    }
    if (calls.length > 0) {
      port.postMessage(runTurn(keeper, calls));
      // Between turns, and not within a commit that somebody waits for
      if (++turns % CHECKPOINT_EVERY_TURNS === 0) checkpoint("PASSIVE");
    }
    if (message !== "close") return;
    clearTimeout(idle);
    keeper.end();
    database.close();
    port.close();
  });
  port.postMessage("ready");
  keeper.begin();
}

await start(workerData as ThreadOptions);
