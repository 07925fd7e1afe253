import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { backUp, checkBackup, restore } from "../../../component/backup/backup.js";
import { Vault } from "../../../component/store/vault.js";
import { StorageError } from "../../../src/errors.js";
import { temporaryFolder } from "../../support/prosody.js";
import { storeModules } from "../../../component/app.js";
import { Store } from "../../../component/store/store.js";
import type { AccountOperations } from "../../../component/accounts/store.js";
import { phoneNumber } from "../../../src/phone-number.js";

const VAULT = new Vault(Buffer.alloc(32, 7));
const NUMBERS = ["+15551230001", "+15551230002", "+15551230003"].map(phoneNumber);

describe("backUp and restore", () => {
  let folder: string;
  let path: string;
  let target: string;
  let store: Store;
  beforeEach(async () => {
    folder = temporaryFolder();
    [path, target] = [join(folder, "twotick.db"), join(folder, "copy.db")];
    store = await Store.open(path, storeModules());
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  const accounts = () => store.of<AccountOperations>("accounts");
  async function enrol(index: number): Promise<void> {
    const number = NUMBERS[index] ?? phoneNumber("+15551230009");
    await accounts().create({
      jid: `person${index}@example.org`,
      numberHash: VAULT.hashNumber(number),
      numberSealed: VAULT.sealNumber(number),
      isMadeHere: false,
      pinHash: null,
      device: undefined,
      now: 0,
    });
  }
  const codeOf = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      if (error instanceof StorageError) return error.code;
      throw error;
    }
    return "nothing thrown";
  };

  it("copies one state of a store that is being written to", async () => {
    await enrol(0);
    const writing = Promise.all([enrol(1), enrol(2)]);
    const facts = backUp(path, target, VAULT);
    await writing;
    expect(facts.accounts).to.be.within(1, 3);
    expect(checkBackup(target, VAULT)).to.deep.equal(facts);
    expect(statSync(target).mode & 0o777).to.equal(0o600);
    expect(existsSync(`${target}-wal`)).to.equal(false);
  });

  it("holds nothing of what was deleted, not even before the log was emptied", async () => {
    await enrol(0);
    await accounts().unlink("person0@example.org");
    backUp(path, target, VAULT);
    expect(readFileSync(target).includes("person0@")).to.equal(false);
  });

  it("never writes over a file", () => {
    writeFileSync(target, "mine");
    expect(codeOf(() => backUp(path, target, VAULT))).to.equal("backup-exists");
    expect(readFileSync(target, "utf8")).to.equal("mine");
  });

  it("leaves nothing behind when there is nothing to back up", () => {
    expect(codeOf(() => backUp(join(folder, "none.db"), target, VAULT))).to.equal("open-failed");
    expect(existsSync(target)).to.equal(false);
  });

  it("refuses to restore while the store is in use, and changes nothing", async () => {
    await enrol(0);
    backUp(path, target, VAULT);
    await enrol(1);
    expect(codeOf(() => restore(path, target, VAULT, "before"))).to.equal("store-in-use");
    expect(await accounts().findByJid("person1@example.org")).not.to.equal(undefined);
    expect(existsSync(`${path}.restoring`)).to.equal(false);
  });

  it("restores what was backed up, and keeps the store of before", async () => {
    await enrol(0);
    backUp(path, target, VAULT);
    await enrol(1);
    await store.close();
    expect(restore(path, target, VAULT, "before")).to.include({ accounts: 1, before: `${path}.before` });
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    store = await Store.open(path, storeModules());
    expect(await accounts().findByJid("person0@example.org")).not.to.equal(undefined);
    expect(await accounts().findByJid("person1@example.org")).to.equal(undefined);
    expect(checkBackup(`${path}.before`, VAULT).accounts).to.equal(2);
  });

  it("restores in the place of a store that is damaged, or was killed with its log", async () => {
    await enrol(0);
    backUp(path, target, VAULT);
    await store.close();
    writeFileSync(path, "x".repeat(8192));
    writeFileSync(`${path}-wal`, "a log that is not the restored store's");
    restore(path, target, VAULT, "before");
    expect(existsSync(`${path}-wal`)).to.equal(false);
    store = await Store.open(path, storeModules());
    expect(await accounts().findByJid("person0@example.org")).not.to.equal(undefined);
  });

  it("tells a damaged backup and one of another key", async () => {
    await enrol(0);
    backUp(path, target, VAULT);
    expect(codeOf(() => checkBackup(target, new Vault(Buffer.alloc(32, 8))))).to.equal("backup-other-key");
    const bytes = readFileSync(target);
    bytes.fill(0xff, 4096, 12_288);
    writeFileSync(target, bytes);
    expect(codeOf(() => checkBackup(target, VAULT))).to.equal("backup-damaged");
    writeFileSync(target, "");
    expect(codeOf(() => checkBackup(target, VAULT))).to.equal("backup-damaged");
  });
});
