import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { createMetrics } from "../../../component/metrics.js";
import { storeModules } from "../../../component/app.js";
import { Retention } from "../../../component/mailbox/retention.js";
import type { MailboxOperations } from "../../../component/mailbox/store.js";
import { openDatabase } from "../../../component/store/database.js";
import { Store } from "../../../component/store/store.js";
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

describe("clean-up of a store with much to do", () => {
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
    const database = openDatabase(path);
    database.exec(FILL);
    database.close();
  });
  after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  function retention(): Retention {
    const mailbox = store.of<MailboxOperations>("mailbox");
    const counted = new Proxy(mailbox, {
      get:
        (target, name: keyof MailboxOperations) =>
        async (...args: never[]) => {
          const done = await (target[name] as (...given: never[]) => Promise<unknown>)(...args);
          turns += 1;
          return done;
        },
    });
    const clock = new ManualClock(NOW);
    const context = { clock, metrics: createMetrics(), config: { mailbox: { keepDays: 30 } } };
    return new Retention(context as never, counted, () => undefined);
  }

  for (const job of ["endOrphans", "expire", "forget", "forgetNumbers"] as const)
    it(`has an acceptance wait for a turn or two, however much there is to do: ${job}`, async () => {
      const [romeo, nurse] = [await driver.person(`romeo ${job}`), await driver.person(`nurse ${job}`)];
      const device = await driver.device(romeo);
      turns = 0;
      const progress = { isDone: false };
      const cleaner = retention();
      const work = cleaner[job]().finally(() => (progress.isDone = true));
      let [longest, accepted] = [0, 0];
      while (!progress.isDone) {
        const before = turns;
        await driver.submit(romeo, device, nurse, [[`m${accepted}`, "while there is clean-up"]]);
        accepted += 1;
        longest = Math.max(longest, turns - before);
      }
      await work;
      expect(turns, "turns").to.be.at.least(ENTRIES / 1_000);
      expect(longest, "turns while one message was accepted").to.be.at.most(2);
    });
});
