import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Administration } from "../../../component/admin/service.js";
import { federation } from "../../../component/federation/mod.js";
import { createMetrics } from "../../../component/metrics.js";
import { storeModules } from "../../../component/app.js";
import { Retention } from "../../../component/mailbox/retention.js";
import { openDatabase } from "../../../component/store/database.js";
import type { SignUpOperations } from "../../../component/sign-up/store.js";
import type { Remote } from "../../../component/store/operations.js";
import { Store } from "../../../component/store/store.js";
import { untilDone } from "../../../component/turns.js";
import { MailboxStoreDriver } from "../../contract/mailbox-store.js";
import { ManualClock } from "../../support/manual-clock.js";
import { temporaryFolder } from "../../support/prosody.js";

const ENTRIES = 4_000;
const DAY_MS = 86_400_000;
const NOW = 100 * DAY_MS;

/** Messages of which each waits for a device that is there and for one that is gone, from a number of its own. */
const FILL = `
  WITH RECURSIVE row(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM row WHERE i < ${ENTRIES})
  INSERT INTO numbers (hash, sealed) SELECT randomblob(16), x'00' FROM row;
  WITH RECURSIVE row(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM row WHERE i < ${ENTRIES})
  INSERT INTO messages (id, sender, origin_id, recipient, sender_number, recipient_number, accepted_at, digest, pending, payload)
    SELECT i, 1000 + i, 'id', 1, i, 1, 1, x'00', 2, 'text' FROM row;
  INSERT INTO entries (device, seq, at, size_bytes, message) SELECT 1, id, 1, 204, id FROM messages;
  INSERT INTO entries (device, seq, at, size_bytes, message) SELECT 999, id, 1, 204, id FROM messages;
  UPDATE devices SET pending_count = ${ENTRIES}, next_seq = ${ENTRIES} + 1 WHERE id = 1;`;

/** Rows of a table, one for each number from 1. */
const rows = (into: string, columns: string): string =>
  `WITH RECURSIVE row(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM row WHERE i < ${ENTRIES})
   INSERT INTO ${into} SELECT ${columns} FROM row;`;

/** What a job finds to do, where that is not what all of them find. */
const FILLS: Readonly<Record<string, string>> = {
  "end set aside": rows("set_aside_entries (device, at, entered_at, size_bytes)", "1, 1, 1, 1"),
  "go on deleting": `
    INSERT INTO numbers (id, hash, sealed) VALUES (100000, x'01', x'00');
    ${rows(
      "messages (sender, origin_id, recipient, sender_number, recipient_number, accepted_at, digest, pending)",
      "-i, 'id', 1, 100000, 1, 1, x'00', 0",
    )}
    INSERT INTO erasures (number, up_to, is_at_once) SELECT 100000, max(id), 1 FROM messages;`,
  "forget strangers":
    rows("stranger_trials", "randomblob(16), randomblob(16), 1") +
    rows("stranger_answers", "1, randomblob(16), 1"),
  "sign-up-sweep":
    rows("sign_up_limits", "'number:' || i, 1, 1, 1") +
    rows(
      "sign_ups (session, number_hash, number_sealed, country, is_test, started_at, expires_at)",
      "randomblob(16), x'00', x'00', 'DE', 1, 1, 1",
    ),
  "linking-sweep": rows("linkings", "'a' || i, x'00', 1"),
  "chat-sweep": rows("chat_hints", "'a' || i, 1"),
  "directory-sweep":
    rows("lookup_quotas", "randomblob(16), 1, 1, 1") + rows("known_numbers", "1, randomblob(16), 1, 0"),
};

describe("clean-up of a store with much to do", function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const path = join(folder, "test.db");
  let store: Store;
  let driver: MailboxStoreDriver;
  /** Turns of clean-up that have ended. */
  let turns = 0;

  before(async () => {
    store = await Store.open(path, storeModules());
    const ports = { accounts: store.of("accounts"), mailbox: store.of("mailbox") };
    driver = new MailboxStoreDriver(ports as never);
    driver.now = NOW;
    await driver.person("juliet");
    fill(FILL);
  });
  after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  function fill(sql: string): void {
    const database = openDatabase(path);
    database.exec(sql);
    database.close();
  }

  /** A part of the store, each of whose operations is counted as a turn when it has ended. */
  function counted(name: string): object {
    return new Proxy(store.of(name), {
      get: (target, operation: string) => {
        const work = (target as Record<string, (...given: never[]) => Promise<unknown>>)[operation];
        return async (...args: never[]) => {
          const done = await work?.(...args);
          turns += 1;
          return done;
        };
      },
    });
  }

  function jobs(): Record<string, () => Promise<void>> {
    const context = {
      clock: new ManualClock(NOW),
      metrics: createMetrics(),
      config: { mailbox: { keepDays: 30 }, federation: { allowed: false } },
      store: { of: counted },
      events: { entriesAdded: () => undefined },
    } as never;
    const retention = new Retention(context, counted("mailbox") as never, () => undefined);
    const ofModules = [...new Administration(context).jobs, ...(federation.create(context).jobs ?? [])];
    const signUps = counted("sign-up") as Remote<SignUpOperations>;
    const breaker = { windowSeconds: 1 } as never;
    return {
      "end orphans": () => retention.endOrphans(),
      "expire entries": () => retention.expire(),
      "forget messages": () => retention.forget(),
      "forget numbers": () => retention.forgetNumbers(),
      ...Object.fromEntries(ofModules.map((job) => [job.name, () => job.run()])),
      "sign-up-sweep": () => untilDone(() => signUps.sweep(breaker, NOW)),
      ...Object.fromEntries(
        ["linking", "chat", "directory"].map((name) => {
          const part = counted(name) as { sweep(now: number): Promise<boolean> };
          // What anybody asked for is remembered for months
          return [`${name}-sweep`, () => untilDone(() => part.sweep(NOW + 200 * DAY_MS))];
        }),
      ),
    };
  }

  const names = ["end orphans", "expire entries", "forget messages", "forget numbers", ...Object.keys(FILLS)];
  for (const job of names)
    it(`has an acceptance, a fetch and an acknowledgement wait for a turn or two, however much there is to do: ${job}`, async () => {
      const [romeo, nurse] = [await driver.person(`romeo ${job}`), await driver.person(`nurse ${job}`)];
      const [device, reader] = [await driver.device(romeo), await driver.device(nurse)];
      fill(FILLS[job] ?? "");
      turns = 0;
      const progress = { isDone: false };
      const run = jobs()[job];
      const work = run?.().finally(() => (progress.isDone = true));
      let [longest, accepted] = [0, 0];
      const measured = async <Result>(what: Promise<Result>): Promise<Result> => {
        const before = turns;
        const done = await what;
        longest = Math.max(longest, turns - before);
        return done;
      };
      while (!progress.isDone) {
        await measured(driver.submit(romeo, device, nurse, [[`m${accepted}`, "while there is clean-up"]]));
        const entries = await measured(driver.read(reader));
        expect(entries).to.have.lengthOf(1);
        await measured(driver.acknowledge(reader, entries[0]?.seq ?? 0));
        accepted += 1;
      }
      await work;
      // A deletion goes over everything once more, until there is nothing
      const passes = job === "go on deleting" ? 2 : 1;
      expect(turns, "turns").to.be.at.least((passes * ENTRIES) / 1_000);
      expect(longest, "turns while one thing was waited for").to.be.at.most(2);
    });
});
