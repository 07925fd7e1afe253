import { createHash } from "node:crypto";
import SQLite from "better-sqlite3";
import { expect } from "chai";
import { openAccounts, store as accountsModule } from "../../../component/accounts/store.js";
import { openDirectory, store as directoryModule } from "../../../component/directory/store.js";

const DAY_MS = 86_400_000;
const hash = (text: string): Buffer => createHash("sha256").update(text).digest();

describe("openDirectory", () => {
  let database: SQLite.Database;
  let accounts: ReturnType<typeof openAccounts>;
  let directory: ReturnType<typeof openDirectory>;
  const quota = { burst: 3, everySeconds: 600 };
  const now = 1_800_000_000_000;

  const join = (jid: string, number: string): void => {
    accounts.create({
      jid,
      numberHash: hash(number),
      numberSealed: Buffer.from(number),
      isMadeHere: false,
      pinHash: null,
      device: undefined,
      now,
    });
  };
  const lookUp = (
    numbers: readonly string[],
    more: { account?: string; isTold?: boolean; now?: number } = {},
  ) =>
    directory.lookUp({
      account: "romeo@example.org",
      hashes: numbers.map(hash),
      isTold: false,
      quota,
      now,
      ...more,
    });

  beforeEach(() => {
    database = new SQLite(":memory:");
    database.pragma("foreign_keys = ON");
    for (const { migrations } of [accountsModule, directoryModule])
      for (const { sql } of migrations) database.exec(sql);
    accounts = openAccounts(database);
    directory = openDirectory(database);
    join("romeo@example.org", "1");
    join("juliet@example.org", "2");
  });
  afterEach(() => database.close());

  it("counts each number once, and takes all of a request or nothing", () => {
    expect(lookUp(["2", "3"])).to.have.property("status", "found");
    expect(lookUp(["2", "3"]), "known").to.have.property("status", "found");
    expect(lookUp(["4", "5"])).to.deep.equal({ status: "limited", waitMs: 600_000 });
    expect(lookUp(["4"])).to.have.property("status", "found");
    expect(lookUp(["5"])).to.deep.equal({ status: "limited", waitMs: 600_000 });
    expect(lookUp(["5"], { now: now + 600_000 })).to.have.property("status", "found");
    expect(lookUp(["6", "7", "8", "9"])).to.deep.equal({ status: "limited", waitMs: undefined });
  });

  it("keeps the quota with the number when its account is made anew", () => {
    lookUp(["3", "4", "5"]);
    accounts.unlink("romeo@example.org");
    expect(lookUp(["6"])).to.deep.equal({ status: "no-number" });
    join("romeo2@example.org", "1");
    expect(lookUp(["6"], { account: "romeo2@example.org" })).to.have.property("status", "limited");
  });

  it("gives nothing for a clock that is set back, and goes on from there", () => {
    lookUp(["3", "4", "5"], { now: now + DAY_MS });
    expect(lookUp(["6"])).to.deep.equal({ status: "limited", waitMs: 600_000 });
  });

  it("tells who looked for a number in vain, until they were told", () => {
    expect(lookUp(["3", "2"])).to.have.property("status", "found");
    expect(directory.untold("romeo@example.org", 10).map((one) => one.sealed.toString())).to.deep.equal([
      "2",
    ]);
    directory.setTold("romeo@example.org", [hash("2")]);
    expect(directory.untold("romeo@example.org", 10)).to.deep.equal([]);
    join("nurse@example.org", "3");
    expect(directory.knowing("nurse@example.org")).to.deep.equal(["romeo@example.org"]);
    expect(directory.untold("romeo@example.org", 10).map((one) => one.sealed.toString())).to.deep.equal([
      "3",
    ]);
    lookUp(["3"], { isTold: true });
    expect(directory.knowing("nurse@example.org")).to.deep.equal([]);
  });

  it("suggests nobody to themselves", () => {
    lookUp(["1"]);
    expect(directory.untold("romeo@example.org", 10)).to.deep.equal([]);
  });

  it("forgets full quotas, numbers that nobody asks for any more, and everything of an account that is gone", () => {
    const rows = (table: string): unknown => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
    lookUp(["2", "3"]);
    directory.sweep(now + 2 * 600_000);
    expect([rows("lookup_quotas"), rows("known_numbers")]).to.deep.equal([0, 2]);
    lookUp(["3"], { now: now + 100 * DAY_MS });
    directory.sweep(now + 180 * DAY_MS);
    expect(rows("known_numbers"), "asked for again").to.equal(1);
    accounts.unlink("romeo@example.org");
    expect(rows("known_numbers")).to.equal(0);
  });
});
