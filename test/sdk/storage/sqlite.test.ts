import SQLite from "better-sqlite3";
import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StorageError } from "../../../src/errors.js";
import { openSqliteStorage } from "../../../sdk/storage/sqlite.js";
import { openFile } from "../../../sdk/storage/sqlite-file.js";
import { testStorage } from "../../contract/storage.js";
import { temporaryFolder } from "../../support/prosody.js";

/** Commits two keys at a time, says so, and goes on until it is killed. */
const WRITER = `
  import { openSqliteStorage } from ${JSON.stringify(new URL("../../../sdk/storage/sqlite.ts", import.meta.url))};
  const storage = openSqliteStorage({ path: process.argv[1] });
  for (let round = 1; ; round += 1) {
    const value = Buffer.alloc(500, round % 256);
    storage.transaction((transaction) => {
      transaction.set("left/" + round, value);
      transaction.set("right/" + round, value);
    });
    process.stdout.write(round + "\\n");
  }
`;

describe("openSqliteStorage", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder, "device.db");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  describe("as a Storage", () => testStorage({ open: () => openSqliteStorage({ path }) }));

  const modes = (): string[] =>
    readdirSync(folder).map((name) => `${name} ${(statSync(join(folder, name)).mode & 0o777).toString(8)}`);

  const put = (key: string, sizeBytes = 1): void => {
    const storage = openSqliteStorage({ path });
    try {
      storage.transaction((t) => t.set(key, Buffer.alloc(sizeBytes)));
    } finally {
      storage.close();
    }
  };

  const failureToOpen = (): StorageError => {
    try {
      openSqliteStorage({ path }).close();
    } catch (error) {
      expect(error).instanceOf(StorageError);
      return error as StorageError;
    }
    throw new Error("it opened");
  };

  it("lets nobody but the owner read its files, whatever the umask", () => {
    const umask = process.umask(0);
    try {
      const storage = openSqliteStorage({ path });
      storage.transaction((t) => t.set("a", Buffer.alloc(1)));
      expect(modes()).eql(["device.db 600", "device.db-wal 600"]);
      storage.close();
    } finally {
      process.umask(umask);
    }
  });

  it("takes the rights away that others have on an older file", () => {
    put("a");
    chmodSync(path, 0o644);
    const storage = openSqliteStorage({ path });
    expect(statSync(path).mode & 0o777).equal(0o600);
    storage.close();
  });

  it("syncs every commit, after the first one too", () => {
    openSqliteStorage({ path }).close();
    const { database } = openFile(path);
    const synchronous = (): unknown => database.pragma("synchronous", { simple: true });
    expect(synchronous()).equal(2);
    database.prepare("INSERT INTO entries VALUES (x'00', x'00')").run();
    expect(synchronous()).equal(2);
    database.close();
  });

  it("overwrites what was deleted or replaced, in the file and in its log", () => {
    const storage = openSqliteStorage({ path });
    const secrets = ["of a key that is used up", "of a key that was rotated"].map((text) =>
      Buffer.from(text),
    );
    storage.transaction((t) => secrets.forEach((secret, index) => t.set(`key/${index}`, secret)));
    storage.transaction((t) => {
      t.delete("key/0");
      t.set("key/1", Buffer.from("the next one"));
    });
    storage.close();
    for (const name of readdirSync(folder)) {
      const content = readFileSync(join(folder, name));
      for (const secret of secrets)
        expect(content.includes(secret), `${name}: ${String(secret)}`).equal(false);
    }
  });

  it("finds everything again after it was closed", () => {
    put("a", 3);
    const storage = openSqliteStorage({ path });
    expect(storage.read((v) => v.get("a")?.length)).equal(3);
    storage.close();
  });

  it("is opened once only, and stays locked when a second opening was refused", () => {
    const storage = openSqliteStorage({ path });
    expect(failureToOpen().code).equal("in-use");
    expect(failureToOpen().code).equal("in-use");
    storage.transaction((t) => t.set("a", Buffer.alloc(1)));
    storage.close();
    openSqliteStorage({ path }).close();
  });

  it("keeps what was committed through kill -9, whole, and is free for the next process", async () => {
    const writer = spawn(process.execPath, [
      "--import",
      "tsx",
      "--input-type=module",
      "--eval",
      WRITER,
      path,
    ]);
    let said = "";
    try {
      await new Promise<void>((resolve, reject) => {
        writer.on("error", reject);
        writer.on("exit", () => reject(new Error("the writer ended by itself")));
        writer.stdout.on("data", (chunk: Buffer) => {
          said += chunk.toString();
          if (said.split("\n").length > 30) resolve();
        });
      });
      expect(failureToOpen().code).equal("in-use");
    } finally {
      writer.kill("SIGKILL");
    }
    await once(writer, "close");
    const last = Number(said.trimEnd().split("\n").at(-1));
    const storage = openSqliteStorage({ path });
    storage.read((v) => {
      for (let round = 1; round <= last; round += 1) {
        expect(v.get(`left/${round}`)).eql(Buffer.alloc(500, round % 256));
      }
      const rounds = (side: string): string[] => v.scan(side).map(([key]) => key.slice(side.length));
      expect(rounds("left/")).eql(rounds("right/"));
    });
    storage.close();
  });

  it("says that there is no room left, and keeps what it has", () => {
    const storage = openSqliteStorage({ path, maxSizeBytes: 64 * 1024 });
    storage.transaction((t) => t.set("first", Buffer.alloc(1000)));
    const fill = (): void =>
      storage.transaction((t) => {
        t.set("second", Buffer.alloc(1000));
        t.set("third", Buffer.alloc(200_000));
      });
    expect(fill).throw(StorageError).with.property("code", "disk-full");
    expect(storage.read((v) => v.scan("").map(([key]) => key))).eql(["first"]);
    storage.transaction((t) => t.set("fourth", Buffer.alloc(1000)));
    storage.close();
  });

  it("refuses a store of a newer version", () => {
    put("a");
    const database = new SQLite(path);
    database.pragma("user_version = 3");
    database.close();
    expect(failureToOpen().code).equal("schema-newer");
  });

  it("refuses a database of something else, and leaves it as it is", () => {
    const database = new SQLite(path);
    database.exec("CREATE TABLE other (a)");
    database.close();
    expect(failureToOpen().code).equal("not-a-store");
    const again = new SQLite(path);
    expect(again.prepare("SELECT name FROM sqlite_schema").pluck().all()).eql(["other"]);
    again.close();
  });

  it("refuses a file that is no database", () => {
    writeFileSync(path, "not a database ".repeat(1000));
    expect(failureToOpen().code).equal("not-a-store");
  });

  it("refuses a folder that is not there", () => {
    path = join(folder, "missing", "device.db");
    expect(failureToOpen().code).equal("open-failed");
  });
});
