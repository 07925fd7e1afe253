import { rmSync } from "node:fs";
import { join } from "node:path";
import SQLite from "better-sqlite3";
import { expect } from "chai";
import { openDatabase } from "../../../component/store/database.js";
import { StorageError } from "../../../src/errors.js";
import { temporaryFolder } from "../../support/prosody.js";

describe("openDatabase", () => {
  it("refuses at the start what does not sync every commit", () => {
    const folder = temporaryFolder();
    // oxlint-disable-next-line unbound-method -- called with the database below
    const original = SQLite.prototype.pragma;
    // A build of SQLite that does not do what it is told
    SQLite.prototype.pragma = function (source, options) {
      return original.call(this, source === "synchronous = FULL" ? "synchronous = NORMAL" : source, options);
    };
    try {
      expect(() => openDatabase(join(folder, "test.db")))
        .to.throw(StorageError)
        .with.property("code", "not-durable");
    } finally {
      SQLite.prototype.pragma = original;
      rmSync(folder, { recursive: true });
    }
  });
});
