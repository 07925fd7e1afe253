import type { Database } from "better-sqlite3";
import type { Migration } from "../../../component/store/migrations.js";
import type { StoreModule } from "../../../component/store/operations.js";

const migrations: readonly Migration[] = [
  { number: 1, sql: "CREATE TABLE lines (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT" },
];

/** Operations made for tests of the store itself. */
export function openScratch(database: Database) {
  const insert = database.prepare("INSERT INTO lines (text) VALUES (?)");
  const all = database.prepare<[], { text: string }>("SELECT text FROM lines ORDER BY id");
  return {
    put: (text: string): void => void insert.run(text),
    /** The same, but not while the disk is full. */
    store: (text: string): void => void insert.run(text),
    /** Writes and then fails: what it wrote has to be undone. */
    putAndThrow(text: string): void {
      insert.run(text);
      throw new TypeError("after the write");
    },
    lines: (): string[] => all.all().map(({ text }) => text),
    pragma: (name: string): unknown => database.pragma(name, { simple: true }),
    /** Lets the file grow by so many pages and no further: a full disk. */
    leavePages(count: number): void {
      const pages = database.pragma("page_count", { simple: true }) as number;
      database.pragma(`max_page_count = ${pages + count}`);
    },
    /** Leaves a broken reference behind that only the commit finds. */
    breakCommit(): void {
      database.exec(
        `CREATE TABLE IF NOT EXISTS promises (line INTEGER REFERENCES lines DEFERRABLE INITIALLY DEFERRED);
         INSERT INTO promises VALUES (-1);`,
      );
    },
    /** Whether operations run inside a transaction. */
    isInTransaction: (): boolean => database.inTransaction,
    die(): void {
      setImmediate(() => {
        throw new Error("the thread broke");
      });
    },
  };
}

/** What the tests call. */
export type ScratchOperations = ReturnType<typeof openScratch>;

/** The scratch part of a store thread. */
export const store: StoreModule<ScratchOperations> = {
  name: "scratch",
  migrations,
  takesRoom: ["store"],
  open: openScratch,
};
