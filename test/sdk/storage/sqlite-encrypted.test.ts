import SQLite from "better-sqlite3";
import { expect } from "chai";
import { createHash } from "node:crypto";
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { InvalidInput, StorageError } from "../../../src/errors.js";
import { openSqliteStorage, type SqliteStorage } from "../../../sdk/storage/sqlite.js";
import type { StoreSecret } from "../../../sdk/storage/key-envelope.js";
import { testStorage } from "../../contract/storage.js";
import { temporaryFolder } from "../../support/prosody.js";

const KEY = Buffer.alloc(32, 7);
const OTHER = Buffer.alloc(32, 8);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What must be found nowhere: a number, a text and the bytes of a private key. */
const NUMBER = "+15551230002";
const TEXT = "But soft, what light";
const SEED = createHash("sha256").update("seed").digest();

describe("openSqliteStorage with a key", () => {
  let folder: string;
  let path: string;
  let opened: SqliteStorage[];
  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder, "device.db");
    opened = [];
  });
  afterEach(() => {
    for (const storage of opened) storage.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (secret: StoreSecret = { key: KEY }): SqliteStorage => {
    const storage = openSqliteStorage({ path, ...secret });
    opened.push(storage);
    return storage;
  };

  const fill = (storage: SqliteStorage): void =>
    storage.transaction((t) => {
      t.set(`omemo/1/session/${NUMBER}@phone.example.org/0000012345`, SEED);
      t.set("inbox/000000000000001", bytes(JSON.stringify({ text: TEXT, from: NUMBER })));
      for (let i = 0; i < 200; i += 1) t.set(`seen/${NUMBER} ${i}`, bytes(TEXT));
    });

  const failure = (work: () => unknown): Error & { code?: string } => {
    try {
      work();
    } catch (error) {
      return error as Error;
    }
    throw new Error("nothing was thrown");
  };

  /** What of the canaries stands in any file of the folder, in any of the encodings that a store could use. */
  const leaks = (): string[] => {
    const needles = [NUMBER, TEXT].flatMap((text) => {
      const wide = Buffer.from(text, "utf16le");
      return [Buffer.from(text), wide, Buffer.from(wide).swap16()];
    });
    needles.push(SEED, Buffer.from(SEED.toString("base64")), Buffer.from("omemo"), Buffer.from("seen/"));
    needles.push(Buffer.from("omemo", "utf16le").swap16());
    return readdirSync(folder).filter((name) => {
      const content = readFileSync(join(folder, name));
      return needles.some((needle) => content.includes(needle));
    });
  };

  describe("as a Storage", () => testStorage({ open: () => openSqliteStorage({ path, key: KEY }) }));

  it("writes neither texts nor numbers nor keys in clear, into none of its files", () => {
    const plain = openSqliteStorage({ path });
    fill(plain);
    expect(leaks()).eql(["device.db-wal"]);
    plain.close();
    expect(leaks()).eql(["device.db"]);
    rmSync(path);
    const storage = open();
    fill(storage);
    expect(readdirSync(folder)).eql(["device.db", "device.db-wal"]);
    expect(leaks()).eql([]);
    storage.close();
    expect(leaks()).eql([]);
    expect(statSync(path).mode & 0o777).equal(0o600);
  });

  it("finds everything again in order after it was closed, and keeps it through a transaction that threw", () => {
    const first = open();
    fill(first);
    expect(() =>
      first.transaction((t) => {
        for (let i = 0; i < 500; i += 1) t.set(`seen/${i}`, bytes("lost"));
        throw new Error("of the caller");
      }),
    ).throw("of the caller");
    first.transaction((t) => t.delete(`seen/${NUMBER} 0`));
    first.close();
    const keys = open().read((v) => v.scan("seen/").map(([key]) => key));
    expect(keys).eql(Array.from({ length: 199 }, (_, i) => `seen/${NUMBER} ${i + 1}`).sort());
  });

  it("refuses a wrong key, no key and the wrong kind of secret, and leaves the file as it is", () => {
    fill(open());
    opened[0]?.close();
    const before = readFileSync(path);
    for (const [secret, code] of [
      [{ key: OTHER }, "wrong-key"],
      [{ passphrase: "open sesame" }, "wrong-key"],
      [{}, "encrypted"],
    ] as const) {
      const error = failure(() => open(secret));
      expect(error).instanceOf(StorageError).with.property("code", code);
      expect(readFileSync(path).equals(before)).equal(true);
      expect(readdirSync(folder)).eql(["device.db"]);
    }
    expect(open().read((v) => v.scan("").length)).equal(202);
  });

  it("makes no store in clear of a key that is undefined", () => {
    const secret = { key: undefined } as unknown as StoreSecret;
    expect(failure(() => open(secret))).instanceOf(InvalidInput);
    expect(readdirSync(folder)).eql([]);
  });

  it("refuses a key of another length, an empty passphrase, and both at once, before it makes a file", () => {
    for (const secret of [{ key: Buffer.alloc(16) }, { passphrase: "" }, { key: KEY, passphrase: "x" }]) {
      expect(failure(() => open(secret))).instanceOf(InvalidInput);
    }
    expect(readdirSync(folder)).eql([]);
  });

  it("encrypts a store that was written in clear where it is, and leaves nothing of it in clear", () => {
    const plain = open({});
    fill(plain);
    plain.transaction((t) => {
      t.set("", bytes("of the empty key"));
      for (let i = 0; i < 2_000; i += 1) t.set(`sent/${i}`, bytes(`${TEXT} ${i}`));
    });
    const content = plain.read((v) => v.scan(""));
    plain.close();
    const encrypted = open();
    expect(encrypted.isEncrypted).equal(true);
    expect(leaks()).eql([]);
    expect(encrypted.read((v) => v.scan(""))).eql(content);
    encrypted.close();
    expect(leaks()).eql([]);
    expect(failure(() => open({}))).property("code", "encrypted");
    expect(open().read((v) => v.scan(""))).eql(content);
  });

  it("encrypts a store that a killed process left with a write-ahead log", () => {
    const plain = open({});
    fill(plain);
    for (const end of ["", "-wal"]) copyFileSync(path + end, `${path}.killed${end}`);
    plain.close();
    rmSync(path);
    path += ".killed";
    const encrypted = open();
    expect(leaks()).eql([]);
    expect(encrypted.read((v) => v.scan("").length)).equal(202);
  });

  it("opens with a passphrase, however its characters were composed, and with no other", () => {
    const first = open({ passphrase: "caf\u00e9 au lait" });
    fill(first);
    first.close();
    expect(failure(() => open({ passphrase: "cafe au lait" }))).property("code", "wrong-key");
    expect(open({ passphrase: "cafe\u0301 au lait" }).read((v) => v.scan("").length)).equal(202);
  }).timeout(10_000);

  it("is locked with another secret by rekey, without a word of the old one left", () => {
    const storage = open();
    fill(storage);
    const old = new Set(envelopes());
    storage.rekey({ key: OTHER });
    expect(envelopes().some((envelope) => old.has(envelope))).equal(false);
    fill(storage);
    storage.close();
    expect(failure(() => open())).property("code", "wrong-key");
    expect(open({ key: OTHER }).read((v) => v.scan("").length)).equal(202);
  });

  const envelopes = (): string[] =>
    readdirSync(folder).flatMap(
      (name) => readFileSync(join(folder, name), "latin1").match(/"wrapped":"[^"]+"/g) ?? [],
    );

  it("refuses to rekey to nothing, a store in clear, and one that is closed", () => {
    const storage = open();
    expect(failure(() => storage.rekey({}))).instanceOf(InvalidInput);
    storage.close();
    expect(failure(() => storage.rekey({ key: OTHER }))).property("code", "closed");
    path += ".clear";
    const plain = open({});
    expect(plain.isEncrypted).equal(false);
    expect(failure(() => plain.rekey({ key: OTHER }))).property("code", "not-encrypted");
  });

  it("leaves the caller's key alone and keeps no hold of it", () => {
    const key = Buffer.from(KEY);
    const storage = open({ key });
    expect(key).eql(KEY);
    key.fill(0);
    fill(storage);
    storage.close();
    expect(open().read((v) => v.scan("").length)).equal(202);
  });

  const tamper = (sql: string): void => {
    opened.at(-1)?.close();
    const database = new SQLite(path);
    database.exec(sql);
    database.close();
  };

  for (const [what, sql] of [
    ["a record that was changed", "UPDATE records SET content = zeroblob(length(content))"],
    ["records that were exchanged", exchange()],
    ["a record that was taken out", "DELETE FROM records"],
    ["a list of keys that was changed", "UPDATE leaves SET content = zeroblob(length(content))"],
    ["lists of keys that were exchanged", "UPDATE leaves SET id = -id; UPDATE leaves SET id = 1 - id"],
    ["a lock that was taken off", "DELETE FROM envelope"],
    ["a lock that is none", "UPDATE envelope SET content = x'7b7d'"],
  ] as const) {
    it(`finds ${what} corrupt`, () => {
      fill(open());
      tamper(sql);
      expect(failure(() => open().read((v) => v.scan("")))).property("code", "corrupt");
    });
  }

  it("asks for no more memory than it should, whatever a file says", () => {
    open({ passphrase: "x" });
    tamper(
      "UPDATE envelope SET content = CAST(replace(CAST(content AS TEXT), '131072', '1073741824') AS BLOB)",
    );
    expect(failure(() => open({ passphrase: "x" }))).property("code", "corrupt");
  }).timeout(10_000);

  it("says that there is no room left, and keeps what it has", () => {
    const storage = openSqliteStorage({ path, key: KEY, maxSizeBytes: 96 * 1024 });
    opened.push(storage);
    storage.transaction((t) => t.set("first", Buffer.alloc(1000)));
    const grow = (): void =>
      storage.transaction((t) => {
        for (let i = 0; i < 400; i += 1) t.set(`more/${i}`, Buffer.alloc(1000));
      });
    expect(failure(grow)).property("code", "disk-full");
    expect(storage.read((v) => v.scan("").map(([key]) => key))).eql(["first"]);
    storage.transaction((t) => t.set("second", Buffer.alloc(1000)));
    expect(storage.read((v) => v.scan("").map(([key]) => key))).eql(["first", "second"]);
  });
});

function exchange(): string {
  return `CREATE TEMP TABLE two AS SELECT name, content FROM records LIMIT 2;
    UPDATE records SET content = (SELECT content FROM two WHERE two.name <> records.name LIMIT 1)
    WHERE name IN (SELECT name FROM two)`;
}
