import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import SQLite from "better-sqlite3";
import { expect } from "chai";
import { assertDurable, openDatabase } from "../../../component/store/database.js";
import { Store } from "../../../component/store/store.js";
import { StorageError } from "../../../src/errors.js";
import { temporaryFolder } from "../../support/prosody.js";
import { until } from "../../support/until.js";
import type { ScratchOperations } from "./scratch-store.js";

const SCRATCH = new URL("scratch-store.js", import.meta.url);

/** What came of promises, by name of the error or as the value. */
async function outcomes(calls: readonly Promise<unknown>[]): Promise<unknown[]> {
  return (await Promise.allSettled(calls)).map((one) =>
    one.status === "fulfilled" ? one.value : (one.reason as StorageError).code,
  );
}

describe("Store", () => {
  let folder: string;
  let path: string;
  let store: Store;
  const scratch = () => store.of<ScratchOperations>("scratch");
  const unhurried = () => store.unhurried<ScratchOperations>("scratch");
  beforeEach(async () => {
    folder = temporaryFolder();
    path = join(folder, "test.db");
    store = await Store.open(path, [SCRATCH]);
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("keeps what was written over a restart", async () => {
    await scratch().put("one");
    await store.close();
    store = await Store.open(path, [SCRATCH]);
    expect(await scratch().lines()).to.deep.equal(["one"]);
  });

  it("commits every commit to the disk", async () => {
    expect(await scratch().pragma("journal_mode")).to.equal("wal");
    expect(await scratch().pragma("synchronous")).to.equal(2);
    expect(await scratch().pragma("foreign_keys")).to.equal(1);
    expect(await scratch().pragma("secure_delete")).to.equal(1);
    // better-sqlite3 falls to NORMAL after the first write in WAL mode
    await scratch().put("one");
    expect(await scratch().pragma("synchronous")).to.equal(2);
  });

  it("gives nobody else on the machine the file to read", async () => {
    await scratch().put("one");
    for (const name of ["", "-wal", "-shm"]) expect(statSync(path + name).mode & 0o077, name).to.equal(0);
  });

  it("commits what nobody waits for with the next call, in the order in which they came", async () => {
    const turns: number[] = [];
    store.onTurn = (operations) => turns.push(operations);
    const noted = unhurried().put("one");
    await Promise.resolve();
    // Time for the thread to begin a turn, and none for a timer here to end
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    await Promise.all([noted, scratch().put("two")]);
    expect(await scratch().lines()).to.deep.equal(["one", "two"]);
    expect(turns[0]).to.equal(2);
  });

  it("commits what nobody waits for by itself when no other call comes, and when it closes", async () => {
    await unhurried().put("one");
    const noted = unhurried().put("two");
    await Promise.all([noted, store.close()]);
    store = await Store.open(path, [SCRATCH]);
    expect(await scratch().lines()).to.deep.equal(["one", "two"]);
  });

  it("undoes an operation that throws, and it alone", async () => {
    const calls = [
      scratch().put("one"),
      scratch().putAndThrow("two"),
      scratch().put("one"),
      scratch().put("three"),
    ];
    expect(await outcomes(calls)).to.deep.equal([
      undefined,
      "internal",
      "SQLITE_CONSTRAINT_UNIQUE",
      undefined,
    ]);
    expect(await scratch().lines()).to.deep.equal(["one", "three"]);
  });

  it("answers only after the commit: what is answered is visible to another connection", async () => {
    const other = new SQLite(path, { readonly: true });
    const seen = other.prepare<[string], { text: string }>("SELECT text FROM lines WHERE text = ?");
    const texts = Array.from({ length: 200 }, (_, index) => `line ${index}`);
    await Promise.all(
      texts.map(async (text) => {
        await scratch().put(text);
        expect(seen.get(text), text).to.deep.equal({ text });
      }),
    );
    other.close();
  });

  it("runs what was called in one turn in one transaction", async () => {
    const [inside, ...rest] = await Promise.all([
      scratch().isInTransaction(),
      scratch().put("a"),
      scratch().put("b"),
    ]);
    expect(inside).to.equal(true);
    expect(rest).to.deep.equal([undefined, undefined]);
  });

  it("fails all that share a commit which fails, and goes on", async () => {
    await scratch().put("before");
    const calls = [scratch().put("one"), scratch().breakCommit(), scratch().put("two")];
    const failed = "SQLITE_CONSTRAINT_FOREIGNKEY";
    expect(await outcomes(calls)).to.deep.equal([failed, failed, failed]);
    await scratch().put("after");
    expect(await scratch().lines()).to.deep.equal(["before", "after"]);
  });

  it("says disk-full when there is no room, loses nothing of before, and goes on when there is", async () => {
    await scratch().put("before");
    await scratch().leavePages(2);
    const [large] = await outcomes([scratch().put("x".repeat(100_000))]);
    expect(large).to.equal("disk-full");
    expect(await scratch().lines()).to.deep.equal(["before"]);
    await scratch().leavePages(100_000);
    await scratch().put("after");
    expect(await scratch().lines()).to.deep.equal(["before", "after"]);
  });

  it("refuses an operation that does not exist", async () => {
    const [code] = await outcomes([store.of<{ nothing(): void }>("scratch").nothing()]);
    expect(code).to.equal("no-operation");
    expect(await scratch().lines()).to.deep.equal([]);
  });

  it("commits what was called before it closes, and refuses what comes after", async () => {
    const before = scratch().put("before");
    const closed = store.close();
    const after = scratch().put("after");
    expect(await outcomes([before, after])).to.deep.equal([undefined, "closed"]);
    await closed;
    expect(store.isOpen).to.equal(false);
    expect(await outcomes([scratch().lines()])).to.deep.equal(["closed"]);
    await store.close();
  });

  it("fails every call when its thread breaks", async () => {
    await outcomes([scratch().die()]);
    await until("the end of the thread", () => !store.isOpen);
    expect(await outcomes([scratch().lines()])).to.deep.equal(["thread-failed"]);
    expect(await store.broken).to.include({ code: "thread-failed" });
  });

  it("says why a file cannot be opened", async () => {
    const error = await Store.open(join(folder, "missing", "test.db"), [SCRATCH]).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(StorageError).and.include({ code: "open-failed" });
  });

  it("says that a schema is newer, with its code, across the thread", async () => {
    await store.close();
    const database = new SQLite(path);
    database.prepare("INSERT INTO migrations VALUES ('scratch', 2, 'x', 0)").run();
    database.close();
    const error = await Store.open(path, [SCRATCH]).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(StorageError).and.include({ code: "schema-newer" });
  });

  it("loses nothing that was answered when the process is killed", async function () {
    this.timeout(60_000);
    await store.close();
    for (const atLeast of [1, 20, 60]) {
      const child = spawn(
        process.execPath,
        ["--import", "tsx", new URL("kill-child.ts", import.meta.url).pathname, path],
        {
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      let said = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
      await until("some answers", () => said.split("\n").length > atLeast, 20_000);
      child.kill("SIGKILL");
      await once(child, "close");
      store = await Store.open(path, [SCRATCH]);
      const kept = new Set(await scratch().lines());
      const answered = said.split("\n").slice(0, -1);
      expect(answered.filter((text) => !kept.has(text))).to.deep.equal([]);
      await store.close();
      rmSync(path);
    }
  });
});

describe("assertDurable", () => {
  it("refuses a database whose commits are not synced", () => {
    const folder = temporaryFolder();
    const database = openDatabase(join(folder, "test.db"));
    database.pragma("synchronous = NORMAL");
    expect(() => assertDurable(database))
      .to.throw(StorageError)
      .with.property("code", "not-durable");
    database.pragma("synchronous = FULL");
    database.pragma("journal_mode = DELETE");
    expect(() => assertDurable(database))
      .to.throw(StorageError)
      .with.property("code", "not-durable");
    database.close();
    rmSync(folder, { recursive: true });
  });
});
