import { expect } from "chai";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SQLite from "better-sqlite3";
import type { AccountOperations } from "../../../component/accounts/store.js";
import { storeModules } from "../../../component/app.js";
import type { MailboxOperations } from "../../../component/mailbox/store.js";
import { Store } from "../../../component/store/store.js";
import { Vault } from "../../../component/store/vault.js";
import type { DeviceId } from "../../../src/ids.js";
import { phoneNumber } from "../../../src/phone-number.js";

const FIXTURES = new URL("fixtures/", import.meta.url).pathname;
const KEY = Buffer.alloc(32, 7);
const JULIET = phoneNumber("+15551230002");

// Each release leaves one; a change of the schema has to open them all
describe("stores of earlier versions", () => {
  for (const name of readdirSync(FIXTURES)) {
    it(`opens that of ${name.replace(".sql", "")}, and delivers what waits in it`, async () => {
      const folder = mkdtempSync(join(tmpdir(), "twotick-fixture-"));
      const path = join(folder, "twotick.db");
      const before = new SQLite(path);
      before.exec(readFileSync(join(FIXTURES, name), "utf8"));
      before.close();
      const store = await Store.open(path, storeModules());
      try {
        const vault = new Vault(KEY);
        const account = await store.of<AccountOperations>("accounts").findByNumber(vault.hashNumber(JULIET));
        expect(account).to.include({ jid: "juliet@example.org" });
        expect(vault.openNumber(account?.numberSealed ?? Buffer.alloc(0))).to.equal(JULIET);
        const mailbox = store.of<MailboxOperations>("mailbox");
        const opened = await mailbox.attach({
          account: "juliet@example.org",
          fullJid: "juliet@example.org/a",
          deviceId: 22 as DeviceId,
          proof: { keyHash: Buffer.alloc(32, 22) },
          last: 0,
          claim: { token: undefined, sent: 0, taken: 0 },
          now: Date.UTC(2026, 0, 2),
        });
        expect(opened?.generation).to.deep.equal({ number: 0, id: "" });
        const entries = await mailbox.read(opened?.device ?? 0, 0, 10, 100_000);
        expect(entries.map(({ message }) => message?.payload)).to.deep.equal([
          "<body xmlns='jabber:client'>But soft</body>",
        ]);
      } finally {
        await store.close();
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});
