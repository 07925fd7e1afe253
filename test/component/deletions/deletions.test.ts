import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { AccountOperations } from "../../../component/accounts/store.js";
import { backUp, restore } from "../../../component/backup/backup.js";
import { appendDeletions, deletionListPath, readDeletions } from "../../../component/deletions/list.js";
import type { Deletion } from "../../../component/deletions/store.js";
import { adminToken } from "../../../component/http/admin-token.js";
import { Vault } from "../../../component/store/vault.js";
import { phoneNumber } from "../../../src/phone-number.js";
import { temporaryFolder } from "../../support/prosody.js";
import { RawDevice } from "../../support/raw-device.js";
import { until } from "../../support/until.js";
import { World } from "../../support/world.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const NURSE = "+15551230003";
const TYBALT = "+15551230004";

describe("DeletionList", function () {
  this.timeout(60_000);
  let world: World;
  let vault: Vault;
  let list: string;
  let backup: string;
  const said: string[] = [];

  beforeEach(async () => {
    said.length = 0;
    world = await World.start({ log: { write: (line) => void said.push(line) } });
    vault = new Vault(Buffer.from(world.config.store.key, "base64"));
    list = deletionListPath(world.config.store.path);
    backup = join(world.folder, "backup.db");
  });
  afterEach(() => world.stop());

  const makeBackup = () => backUp(world.config.store.path, backup, vault);

  async function restoreBackup(): Promise<void> {
    await world.stopComponent();
    restore(world.config.store.path, backup, vault, "before");
    await world.startComponent();
  }

  function ownerOf(number: string): Promise<string | undefined> {
    return world.withStore(async (store) => {
      const hash = vault.hashNumber(phoneNumber(number));
      return (await store.of<AccountOperations>("accounts").findByNumber(hash))?.jid;
    });
  }

  async function deleteAsAdmin(number: string, isAtOnce = false): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${world.app.httpPort}/admin/v1/delete`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${adminToken(vault)}` },
      body: JSON.stringify({ number, isAtOnce }),
    });
    expect(response.status).to.equal(200);
  }

  it("deletes again what was deleted after the backup, and nothing else", async () => {
    await world.person(ROMEO, "romeo");
    await world.person(JULIET, "juliet");
    makeBackup();
    await deleteAsAdmin(ROMEO);
    await until("it is listed", () => readDeletions(list).length === 1);
    await restoreBackup();
    expect(await ownerOf(ROMEO)).to.equal(undefined);
    expect(await ownerOf(JULIET)).to.equal("juliet@example.org");
    expect(
      said.filter((line) => line.includes("deleted again")).map((line) => JSON.parse(line)),
    ).to.have.lengthOf(1);
    // Once is enough
    await world.stopComponent();
    await world.startComponent();
    expect(said.filter((line) => line.includes("deleted again"))).to.have.lengthOf(1);
    expect(readDeletions(list)).to.have.lengthOf(1);
  });

  it("takes what waited for other people away again where it had been deleted at once", async () => {
    const romeo = await RawDevice.online(await world.person(ROMEO, "romeo"));
    const juliet = await world.person(JULIET, "juliet");
    await romeo.say(`${JULIET}@${romeo.credentials.numberDomain}`, "But soft, what light");
    await romeo.stop();
    makeBackup();
    await deleteAsAdmin(ROMEO, true);
    await restoreBackup();
    const device = await RawDevice.online(juliet);
    const prompt = await RawDevice.online(await world.person(NURSE, "nurse"));
    await prompt.say(`${JULIET}@${romeo.credentials.numberDomain}`, "Madam!");
    expect(await device.texts(1)).to.deep.equal(["Madam!"]);
    await Promise.all([device.stop(), prompt.stop()]);
  });

  it("knows what people deleted themselves, and who lost a number to its next owner", async () => {
    await world.person(ROMEO, "romeo");
    await world.person(TYBALT, "tybalt");
    makeBackup();
    await world.withStore(async (store) => {
      await store.of<AccountOperations>("accounts").unlink("romeo@example.org");
    });
    await world.person(TYBALT, "benvolio");
    await restoreBackup();
    expect([await ownerOf(ROMEO), await ownerOf(TYBALT)]).to.deep.equal([undefined, undefined]);
  });

  it("leaves the account alone that was made for the number afterwards", async () => {
    await world.person(ROMEO, "romeo");
    await deleteAsAdmin(ROMEO);
    await until("it is listed", () => readDeletions(list).length === 1);
    await world.person(ROMEO, "benvolio");
    makeBackup();
    await restoreBackup();
    expect(await ownerOf(ROMEO)).to.equal("benvolio@example.org");
  });

  it("tells nobody without the store key which numbers they were", async () => {
    await world.person(ROMEO, "romeo");
    await deleteAsAdmin(ROMEO);
    await until("it is listed", () => existsSync(list));
    expect(readFileSync(list, "utf8")).not.to.match(/15551230001|romeo/);
    expect(statSync(list).mode & 0o777).to.equal(0o600);
  });

  it("keeps what cannot be listed for later", async () => {
    await world.person(ROMEO, "romeo");
    // Nothing can be appended to a folder
    mkdirSync(list);
    await deleteAsAdmin(ROMEO);
    await until("it is told", () => said.some((line) => line.includes("could not be listed")));
    rmdirSync(list);
    await world.stopComponent();
    expect(readDeletions(list)).to.have.lengthOf(1);
  });
});

describe("readDeletions", () => {
  it("passes over what was cut off and what is no deletion", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "list");
    const deletion = { numberHash: Buffer.from("hash"), until: 7, isErased: true, isAtOnce: false };
    await appendDeletions(path, [deletion]);
    writeFileSync(path, `${readFileSync(path, "utf8")}{"number":"aGFz\n{}\nnull\n[]\n`);
    expect(readDeletions(path)).to.deep.equal([deletion]);
    rmSync(folder, { recursive: true });
  });

  it("keeps what is appended behind something that was cut off", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "list");
    const one: Deletion = { numberHash: Buffer.from("hash"), until: 1, isErased: true, isAtOnce: false };
    const other = { ...one, until: 2 };
    await appendDeletions(path, [one]);
    const whole = readFileSync(path, "utf8");
    writeFileSync(path, whole + whole.slice(0, 20));
    await appendDeletions(path, [other]);
    expect(readDeletions(path)).to.deep.equal([one, other]);
    rmSync(folder, { recursive: true });
  });
});
