import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import SQLite, { type Database } from "better-sqlite3";
import { expect } from "chai";
import { storeModules } from "../../component/app.js";
import { openDatabase } from "../../component/store/database.js";
import { migrate } from "../../component/store/migrations.js";
import type { StoreModule } from "../../component/store/operations.js";
import { MORTAL } from "../support/mortal.js";
import { temporaryFolder } from "../support/prosody.js";
import { within } from "../support/within.js";
import { Armory } from "./crash/armory.js";
import { MIGRATION_PATCHES, MIGRATION_POINTS } from "./crash/points.js";
import { Build } from "../support/build.js";

// Every step: TWOTICK_MIGRATION_STEPS=all npx mocha test/faults/migration-crash.test.ts
const IS_LONG = process.env.TWOTICK_MIGRATION_STEPS === "all";
const FIXTURES = new URL("../component/store/fixtures/", import.meta.url).pathname;
/** Long: a machine may have much else to do. */
const DIES_WITHIN_MS = 120_000;

type Content = Record<string, unknown>;

/** The schema and every row, but for when a step was taken. */
function contentOf(path: string): Content {
  const database = new SQLite(path);
  try {
    expect(database.pragma("integrity_check", { simple: true })).to.equal("ok");
    expect(database.pragma("foreign_key_check")).to.deep.equal([]);
    const schema = database
      .prepare("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
      .all() as { name: string; sql: string }[];
    const rows = schema
      .filter(({ sql }) => sql.startsWith("CREATE TABLE"))
      .map(({ name }): [string, unknown] => [name, rowsOf(database, name)]);
    return { schema, rows: Object.fromEntries(rows) };
  } finally {
    database.close();
  }
}

function rowsOf(database: Database, table: string): unknown[] {
  const rows = database.prepare(`SELECT * FROM "${table}"`).all() as Content[];
  return rows
    .map((row) => JSON.stringify({ ...row, applied_at: undefined }))
    .sort((one, other) => (one < other ? -1 : 1));
}

describe("a migration that is killed", () => {
  let folder: string;
  let build: Build;
  let armory: Armory;
  let stores: readonly StoreModule[];

  before(async () => {
    folder = temporaryFolder();
    build = Build.make(MIGRATION_PATCHES);
    armory = new Armory(join(folder, "fail-points"));
    stores = await Promise.all(
      storeModules().map(async (url) => ((await import(url.href)) as { store: StoreModule }).store),
    );
  });

  after(() => {
    build?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  function oldDatabase(fixture: string | undefined, path: string): void {
    const database = new SQLite(path);
    database.pragma("journal_mode = WAL");
    if (fixture !== undefined) database.exec(readFileSync(join(FIXTURES, fixture), "utf8"));
    database.close();
  }

  /** What the database holds before the first of the steps that it lacks, after it, after the next and so on. */
  function milestones(fixture: string | undefined): Content[] {
    const path = join(folder, "reference.db");
    rmSync(path, { force: true });
    oldDatabase(fixture, path);
    const database = openDatabase(path);
    migrate(database, onlyApplied(database));
    const lacking = stepsLacking(database);
    const before = [contentOf(path)];
    for (const [index] of lacking.entries()) {
      const upTo = new Set([...appliedIn(database), ...lacking.slice(0, index + 1)]);
      migrate(database, truncated(upTo));
      before.push(contentOf(path));
    }
    database.close();
    return before;
  }

  function appliedIn(database: Database): string[] {
    const rows = database.prepare("SELECT capability, number FROM migrations").all() as {
      capability: string;
      number: number;
    }[];
    return rows.map(({ capability, number }) => `${capability} ${number}`);
  }

  function stepsLacking(database: Database): string[] {
    const applied = new Set(appliedIn(database));
    return stores
      .flatMap(({ name, migrations }) => migrations.map(({ number }) => `${name} ${number}`))
      .filter((step) => !applied.has(step));
  }

  function truncated(steps: ReadonlySet<string>): StoreModule[] {
    return stores.map((store) => ({
      ...store,
      migrations: store.migrations.filter(({ number }) => steps.has(`${store.name} ${number}`)),
    }));
  }

  function onlyApplied(database: Database): StoreModule[] {
    database.exec(
      `CREATE TABLE IF NOT EXISTS migrations (
       capability TEXT NOT NULL, number INTEGER NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL,
       PRIMARY KEY (capability, number)) STRICT`,
    );
    return truncated(new Set(appliedIn(database)));
  }

  async function run(path: string): Promise<NodeJS.Signals | null> {
    const program = build.program("test/faults/crash/migrate");
    const [runner, ...args] = [...MORTAL, process.execPath, program, path];
    const child = spawn(runner, args, {
      env: { ...process.env, ...armory.environment },
      stdio: ["ignore", "ignore", "inherit"],
    });
    const [code, signal] = (await within("the migration ends", DIES_WITHIN_MS, once(child, "exit"))) as [
      number | null,
      NodeJS.Signals | null,
    ];
    if (signal === null) expect(code).to.equal(0);
    return signal;
  }

  /** Kills a migration at a point of the so-manieth step, looks, and starts it again. */
  async function killAt(
    fixture: string | undefined,
    point: string,
    step: number,
    expected: readonly Content[],
  ) {
    const place =
      mkdirSync(join(folder, `${fixture ?? "new"}-${point}-${step}`), { recursive: true }) ?? folder;
    const path = join(place, "twotick.db");
    oldDatabase(fixture, path);
    const hits = armory.hits.length;
    armory.arm(point, step);
    expect(await run(path)).to.equal("SIGKILL");
    armory.disarm();
    expect(armory.hits.slice(hits)).to.deep.equal([point]);
    const left = join(place, "left.db");
    for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, left + suffix);
    const isDone = point === MIGRATION_POINTS.at(-1);
    expect(contentOf(left), `${point}, step ${step}`).to.deep.equal(expected[isDone ? step : step - 1]);
    const database = openDatabase(path);
    migrate(database, stores);
    database.close();
    expect(contentOf(path), `${point}, step ${step}, started again`).to.deep.equal(expected.at(-1));
  }

  for (const fixture of [...readdirSync(FIXTURES), undefined]) {
    for (const point of MIGRATION_POINTS) {
      it(`leaves old or new and loses no row: ${fixture ?? "a new database"}, ${point}`, async function () {
        this.timeout(600_000);
        const expected = milestones(fixture);
        const last = expected.length - 1;
        const all = Array.from({ length: last }, (_, index) => index + 1);
        const some = fixture === undefined ? [Math.ceil(last / 2)] : [...new Set([1, last])];
        for (const step of IS_LONG ? all : some) await killAt(fixture, point, step, expected);
      });
    }
  }
});
