import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { AdminOperations } from "../../../component/admin/store.js";
import { storeModules } from "../../../component/app.js";
import { Store } from "../../../component/store/store.js";
import { MailboxStoreDriver, type StoredPerson } from "../../contract/mailbox-store.js";
import { temporaryFolder } from "../../support/prosody.js";

describe("a deletion that waits for other people", () => {
  const folder = temporaryFolder();
  let store: Store;
  let driver: MailboxStoreDriver;
  before(async () => {
    store = await Store.open(join(folder, "test.db"), storeModules());
    const [accounts, mailbox, receipts] = [store.of("accounts"), store.of("mailbox"), store.of("receipts")];
    driver = new MailboxStoreDriver({ accounts, mailbox, receipts, close: () => store.close() } as never);
  });
  after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  async function erase({ hash }: StoredPerson, isAtOnce: boolean): Promise<void> {
    const admin = store.of<AdminOperations>("admin");
    await admin.beginErasure({ numberHash: hash, limitKeys: [], isAtOnce, now: driver.now });
    while ((await admin.erase()) === "more");
  }

  it("leaves alone what the next owner of the number sends, also where the store uses a place again", async () => {
    const [romeo, juliet, nurse] = [
      await driver.person("romeo"),
      await driver.person("juliet"),
      await driver.person("nurse"),
    ];
    await driver.submit(romeo, await driver.device(romeo), juliet, [["old", "waits for her"]]);
    await driver.submit(nurse, await driver.device(nurse), juliet, [["last", "is the newest row"]]);
    await erase(romeo, false);
    await erase(nurse, true);
    const heir = await driver.person("romeo", 1, "heir@example.org");
    await driver.submit(heir, await driver.device(heir), juliet, [["new", "from somebody else"]]);
    await driver.store.mailbox.acknowledge(
      await driver.device(juliet),
      Number.MAX_SAFE_INTEGER,
      [],
      driver.now,
    );
    while ((await store.of<AdminOperations>("admin").erase()) === "more");
    const status = await driver.store.receipts.status(heir.account, "new" as never);
    expect(status?.receipts.map(({ state }) => state)).to.deep.equal(["delivered"]);
  });
});
