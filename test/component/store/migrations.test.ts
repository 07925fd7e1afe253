import SQLite, { type Database } from "better-sqlite3";
import { expect } from "chai";
import { migrate, type Schema } from "../../../component/store/migrations.js";
import { StorageError } from "../../../src/errors.js";

const first = { number: 1, sql: "CREATE TABLE one (id INTEGER PRIMARY KEY) STRICT" };
const second = { number: 2, sql: "ALTER TABLE one ADD COLUMN text TEXT" };
const other = { number: 1, sql: "CREATE TABLE two (one INTEGER REFERENCES one) STRICT" };

describe("migrate", () => {
  let database: Database;
  beforeEach(() => {
    database = new SQLite(":memory:");
  });
  afterEach(() => database.close());

  const steps = (): string[] =>
    (
      database.prepare("SELECT capability, number FROM migrations ORDER BY rowid").all() as {
        capability: string;
        number: number;
      }[]
    ).map(({ capability, number }) => `${capability} ${number}`);
  const bring = (...schemas: readonly Schema[]): void => migrate(database, schemas);
  const codeOf = (...schemas: readonly Schema[]): string => {
    try {
      bring(...schemas);
    } catch (error) {
      return error instanceof StorageError ? error.code : String(error);
    }
    return "none";
  };

  it("applies the steps in order, once", () => {
    bring({ name: "a", migrations: [first] });
    bring({ name: "a", migrations: [first, second] }, { name: "b", migrations: [other] });
    bring({ name: "a", migrations: [first, second] }, { name: "b", migrations: [other] });
    expect(steps()).to.have.members(["a 1", "a 2", "b 1"]);
    expect(() => database.prepare("SELECT text FROM one").all()).not.to.throw();
  });

  it("refuses a database with a step that it does not know, and changes nothing", () => {
    bring({ name: "a", migrations: [first, second] });
    expect(codeOf({ name: "a", migrations: [first] }, { name: "b", migrations: [other] })).to.equal(
      "schema-newer",
    );
    expect(codeOf({ name: "b", migrations: [other] })).to.equal("schema-newer");
    expect(steps()).to.have.members(["a 1", "a 2"]);
  });

  it("refuses a step that was applied and reads differently now", () => {
    bring({ name: "a", migrations: [first] });
    const changed = { ...first, sql: `${first.sql} -- edited` };
    expect(codeOf({ name: "a", migrations: [changed] })).to.equal("schema-changed");
  });

  it("takes back a step that fails half-way, and keeps those before it", () => {
    const broken = { number: 2, sql: "CREATE TABLE half (id INTEGER) STRICT; CREATE TABLE nonsense (" };
    expect(() => bring({ name: "a", migrations: [first, broken] })).to.throw();
    expect(steps()).to.deep.equal(["a 1"]);
    expect(() => database.prepare("SELECT * FROM half").all()).to.throw();
    bring({ name: "a", migrations: [first, second] });
    expect(steps()).to.have.members(["a 1", "a 2"]);
  });
});
