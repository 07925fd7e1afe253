import { rmSync } from "node:fs";
import { join } from "node:path";
import { storeModules } from "../../../component/app.js";
import { Store } from "../../../component/store/store.js";
import type { OpenedMailboxStore } from "../../contract/mailbox-store.js";
import { temporaryFolder } from "../../support/prosody.js";

/** Opens an empty SQLite store in a temporary folder, which goes when it is closed. */
export async function openSqliteMailbox(): Promise<OpenedMailboxStore> {
  const folder = temporaryFolder();
  const store = await Store.open(join(folder, "test.db"), storeModules());
  return {
    accounts: store.of("accounts"),
    mailbox: store.of("mailbox"),
    receipts: store.of("receipts"),
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
