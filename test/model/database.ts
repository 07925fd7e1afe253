import SQLite, { type Database } from "better-sqlite3";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { openDatabase } from "../../component/store/database.js";
import type { migrate } from "../../component/store/migrations.js";
import type { StoreModule } from "../../component/store/operations.js";

type Operation = (...args: readonly unknown[]) => unknown;

/** What the store of a build consists of. */
export interface StoreParts {
  readonly stores: readonly StoreModule<Record<string, Operation>>[];
  readonly openDatabase: typeof openDatabase;
  readonly migrate: typeof migrate;
}

/** A database, and how one is had that holds what this one has committed and nothing else. */
export interface Durable {
  readonly database: Database;
  /** As a new process finds it after this one was killed. The old one is left as it is. */
  reopen(): Durable;
}

/** An empty database in memory with the whole schema: a thousand runs a second begin with it. */
export function inMemory(parts: StoreParts): () => Durable {
  const template = new SQLite(":memory:");
  parts.migrate(template, parts.stores);
  const empty = template.serialize();
  template.close();
  const open = (content: Buffer): Durable => {
    const database = new SQLite(content);
    database.pragma("foreign_keys = ON");
    return { database, reopen: () => open(database.serialize()) };
  };
  return () => open(empty);
}

/** An empty database in a file, opened as the product opens it: what is reopened goes through its log's recovery. */
export function inFiles(parts: StoreParts, folder: string): () => Durable {
  let count = 0;
  const open = (path: string): Durable => {
    const database = parts.openDatabase(path);
    parts.migrate(database, parts.stores);
    return {
      database,
      reopen() {
        const next = join(folder, `${++count}.db`);
        for (const suffix of ["", "-wal"])
          if (existsSync(path + suffix)) copyFileSync(path + suffix, next + suffix);
        return open(next);
      },
    };
  };
  return () => open(join(folder, `${++count}.db`));
}

/** When the process dies in its next operation: before its commit, or after it and before its answer. */
export type Fate = "before the commit" | "after the commit";

/** The store as capabilities call it, on this thread: each operation is a transaction, and a process can die in one. */
export class DirectStore {
  readonly #parts: StoreParts;
  readonly #durable: Durable;
  readonly #opened = new Map<string, Record<string, Operation>>();
  /** What the next operation of that name meets. */
  fate: { readonly operation: string; readonly when: Fate } | undefined;
  isDead = false;
  /** Operations so far: nothing goes on when it stands still. */
  count = 0;

  constructor(parts: StoreParts, durable: Durable) {
    this.#parts = parts;
    this.#durable = durable;
  }

  /** The operations of one capability, as `Store.of` gives them. */
  of(capability: string): object {
    return new Proxy(
      {},
      {
        get:
          (_, name) =>
          (...args: readonly unknown[]) =>
            this.#run(capability, String(name), args),
      },
    );
  }

  /** The same: here nothing shares a transaction. */
  unhurried(capability: string): object {
    return this.of(capability);
  }

  async #run(capability: string, name: string, args: readonly unknown[]): Promise<unknown> {
    this.count += 1;
    const fate = this.fate?.operation === `${capability} ${name}` ? this.fate.when : undefined;
    // What a dead process asked is never answered
    if (this.isDead || fate === "before the commit") return this.#die();
    const { database } = this.#durable;
    const operation = this.#open(capability)[name];
    if (!operation) throw new Error(`the store has no ${capability}.${name}`);
    const value = database.transaction(() => operation(...args)).immediate();
    return fate ? this.#die() : value;
  }

  // When it is first asked for: preparing the statements of what is never used would take most of a run
  #open(capability: string): Record<string, Operation> {
    const known = this.#opened.get(capability);
    if (known) return known;
    const store = this.#parts.stores.find(({ name }) => name === capability);
    if (!store) throw new Error(`the store has no ${capability}`);
    const opened = store.open(this.#durable.database);
    this.#opened.set(capability, opened);
    return opened;
  }

  #die(): Promise<never> {
    this.isDead = true;
    return new Promise(() => undefined);
  }
}
