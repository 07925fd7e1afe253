import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { openMemoryStorage, openSqliteStorage, partOf, type Storage } from "../../../sdk/mod.js";
import { MAX_PART_KEY_LENGTH } from "../../../sdk/storage/part.js";
import { InvalidInput, StorageError } from "../../../src/errors.js";
import { testStorage } from "../../contract/storage.js";
import { temporaryFolder } from "../../support/prosody.js";

describe("partOf", () => {
  let folder: string;
  beforeEach(() => (folder = temporaryFolder()));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const put = (storage: Storage, key: string, value: string): void =>
    storage.transaction((transaction) => transaction.set(key, Buffer.from(value)));
  const all = (storage: Storage): string[] =>
    storage.read((view) => view.scan("").map(([key, value]) => `${key}=${Buffer.from(value).toString()}`));

  describe("as a Storage", () => {
    let whole: Storage;
    beforeEach(() => {
      whole = openMemoryStorage();
      put(partOf(whole, "a"), "k", "of a neighbour");
      put(partOf(whole, "bb"), "k", "of a neighbour");
    });
    testStorage({ open: () => partOf(whole, "b"), maxKeyLength: MAX_PART_KEY_LENGTH });
  });

  it("keeps parts apart, also in a file that is opened again", () => {
    const path = join(folder, "bots.db");
    const key = Buffer.alloc(32, 1);
    let whole = openSqliteStorage({ path, key });
    const [one, two] = [partOf(whole, "+15551230001"), partOf(whole, "+15551230002")];
    put(one, "k", "1");
    put(two, "k", "2");
    one.transaction((transaction) => transaction.delete("other"));
    expect([all(one), all(two), all(partOf(whole, "+1555123000"))]).eql([["k=1"], ["k=2"], []]);
    one.close();
    put(two, "l", "3");
    whole.close();
    whole = openSqliteStorage({ path, key });
    expect([all(partOf(whole, "+15551230001")), all(partOf(whole, "+15551230002"))]).eql([
      ["k=1"],
      ["k=2", "l=3"],
    ]);
    whole.close();
  });

  it("is over when the store is closed", () => {
    const whole = openMemoryStorage();
    const part = partOf(whole, "a");
    whole.close();
    expect(() => part.read(() => 1)).throw(StorageError, "closed");
  });

  it("refuses a name that could be that of two", () => {
    const whole = openMemoryStorage();
    for (const name of ["", "a/b", "/", "n".repeat(65)])
      expect(() => partOf(whole, name), name).throw(InvalidInput);
    put(partOf(whole, "n".repeat(64)), "k".repeat(MAX_PART_KEY_LENGTH), "1");
  });
});
