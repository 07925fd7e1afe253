import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { MAX_DEVICES, type AccountOperations } from "../../../component/accounts/store.js";
import { storeModules } from "../../../component/app.js";
import { Store } from "../../../component/store/store.js";
import { deviceId } from "../../../src/ids.js";
import { temporaryFolder } from "../../support/prosody.js";

const JULIET = "juliet@example.org";

describe("accounts store", () => {
  let folder: string;
  let store: Store;
  let accounts: ReturnType<typeof store.of<AccountOperations>>;
  beforeEach(async () => {
    folder = temporaryFolder();
    store = await Store.open(join(folder, "test.db"), storeModules());
    accounts = store.of<AccountOperations>("accounts");
    const numberHash = Buffer.alloc(32, 1);
    const numberSealed = Buffer.alloc(40, 2);
    const account = { jid: JULIET, numberHash, numberSealed, isMadeHere: true, pinHash: null };
    await accounts.create({ ...account, device: undefined, now: 0 });
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  const bind = (id: number, key = id) =>
    accounts.addDevice(JULIET, { deviceId: deviceId(id), keyHash: Buffer.alloc(32, key) }, 0);

  it("binds so many devices and no more, until one is removed", async () => {
    for (let id = 1; id <= MAX_DEVICES; id += 1) expect(await bind(id)).to.equal(undefined);
    expect(await bind(MAX_DEVICES + 1)).to.equal("too-many-devices");
    expect(await bind(1)).to.equal(undefined);
    expect(await accounts.removeDevice(JULIET, deviceId(1), 0)).to.equal(true);
    expect(await bind(MAX_DEVICES + 1)).to.equal(undefined);
    expect(await accounts.devices(JULIET)).to.have.length(MAX_DEVICES);
  });

  it("takes the same device again, and no other key under its id", async () => {
    expect(await bind(7)).to.equal(undefined);
    expect(await bind(7)).to.equal(undefined);
    expect(await bind(7, 8)).to.equal("device-id-taken");
    expect(await accounts.devices(JULIET)).to.have.length(1);
  });

  it("binds nothing to an account without a number", async () => {
    await accounts.unlink(JULIET);
    expect(await bind(7)).to.equal("no-account");
  });
});
