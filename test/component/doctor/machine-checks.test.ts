import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { checkConfig, type Config } from "../../../component/config.js";
import {
  checkClock,
  checkConfigFile,
  checkRunning,
  checkStore,
} from "../../../component/doctor/machine-checks.js";
import { storeModules } from "../../../component/app.js";
import { openDatabase } from "../../../component/store/database.js";
import { Store } from "../../../component/store/store.js";
import { temporaryFolder } from "../../support/prosody.js";

describe("the doctor's look at the machine", () => {
  let folder: string;
  let config: Config;
  beforeEach(() => {
    folder = temporaryFolder();
    config = make({});
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function make(options: object): Config {
    return checkConfig({
      host: { domain: "example.org" },
      link: { domain: "phone.example.org", secret: "secret" },
      store: { path: join(folder, "twotick.db"), key: Buffer.alloc(32).toString("base64") },
      ...options,
    });
  }
  const whats = () => checkStore(config).map(({ what }) => what);

  async function makeStore(): Promise<void> {
    await (await Store.open(config.store.path, storeModules())).close();
  }

  it("finds nothing wrong with a store that the component made", async () => {
    await makeStore();
    // How much room the machine of the tests has is not asked here
    expect(whats().filter((what) => !what.includes("MiB are free"))).to.deep.equal([]);
  });

  it("finds a store that others can read", async () => {
    await makeStore();
    chmodSync(config.store.path, 0o644);
    expect(whats().join()).to.contain("Others on the machine can read");
  });

  it("finds times that are still to come", async () => {
    await makeStore();
    const database = openDatabase(config.store.path);
    database.pragma("foreign_keys = OFF");
    database
      .prepare("INSERT INTO devices (account, created_at, seen_at) VALUES (1, 0, ?)")
      .run(Date.now() + 86_400_000);
    database.close();
    expect(whats().join()).to.contain("the clock was set back");
  });

  /** Two mailboxes, one with what a minute ago came and one with what came as long ago as is said. */
  async function fill(days: number, fullest: number): Promise<void> {
    await makeStore();
    const database = openDatabase(config.store.path);
    database.pragma("foreign_keys = OFF");
    const device = database.prepare(
      "INSERT INTO devices (id, account, device_id, created_at, seen_at, pending_count) VALUES (?, 1, ?, 0, 0, ?)",
    );
    const entry = database.prepare("INSERT INTO entries (device, seq, at, size_bytes) VALUES (?, 1, ?, 1)");
    for (const [id, count, at] of [
      [1, 1, Date.now() - 60_000],
      [2, fullest, Date.now() - days * 86_400_000],
    ] as const) {
      device.run(id, id, count);
      entry.run(id, at);
    }
    database.close();
  }
  const waits = () => checkStore(config).filter(({ what }) => !what.includes("MiB are free"));

  it("finds nothing wrong with mailboxes in which something waits for some weeks", async () => {
    await fill(29, 9_000);
    expect(waits()).to.deep.equal([]);
  });

  it("finds a mailbox that is nearly full, by its own limit", async () => {
    await fill(1, 9_001);
    expect(waits().map(({ what }) => what)).to.deep.equal([
      "1 mailbox is nearly full (9001 of 10000 entries): who writes there will be refused.",
    ]);
    config = make({ mailbox: { maxEntries: 1_000_000 } });
    expect(waits()).to.deep.equal([]);
  });

  it("finds what clean-up left", async () => {
    await fill(32, 10);
    const [late, ...others] = waits();
    expect(late?.what).to.contain("In 1 mailbox something waits for longer than mailbox.keep_days");
    expect(late?.mend).to.contain("a job failed");
    expect(others).to.deep.equal([]);
  });

  it("finds more waiting than was measured", async () => {
    config = make({ mailbox: { maxEntries: 10_000_000 } });
    await fill(1, 1_000_000);
    expect(waits().map(({ what }) => what)).to.deep.equal([
      "1000001 entries wait in 2 mailboxes, more than a small machine was measured with.",
    ]);
  });

  it("finds entries that are set aside, and says how to mend that", async () => {
    await makeStore();
    const database = openDatabase(config.store.path);
    database.exec(
      "INSERT INTO set_aside_entries (device, at, entered_at, size_bytes) VALUES (1, 1, 1, 1), (1, 2, 2, 1)",
    );
    database.close();
    const [found, ...others] = waits();
    expect(found?.what).to.equal("2 entries are set aside: a device could not get past what was in it.");
    expect(found?.mend).to.contain("twotick admin set-aside list");
    expect(others).to.deep.equal([]);
  });

  it("finds what is no store", () => {
    writeFileSync(config.store.path, "x".repeat(5000), { mode: 0o600 });
    expect(whats().join()).to.contain("The store cannot be read");
  });

  it("finds a folder that is not there", () => {
    config = make({ store: { path: "/nowhere/at/all.db", key: config.store.key } });
    expect(whats().join()).to.contain("is not there");
  });

  it("finds a store in memory", () => {
    config = make({ store: { path: "/dev/shm/twotick.db", key: config.store.key } });
    expect(whats().join()).to.contain("tmpfs");
  });

  it("finds secrets that everybody can read, an open API and codes on a terminal", () => {
    const path = join(folder, "twotick.toml");
    writeFileSync(path, "");
    chmodSync(path, 0o640);
    expect(checkConfigFile(path, config)).to.deep.equal([]);
    chmodSync(path, 0o644);
    const open = make({
      http: { interface: "0.0.0.0" },
      signUp: { provider: "console", development: true },
    });
    expect(checkConfigFile(path, open)).to.have.lengthOf(3);
  });

  it("finds a clock that nothing keeps, and believes a system that cannot tell", () => {
    const clock = (status: number | null, stdout: string) =>
      checkClock((() => ({ status, stdout })) as never).length;
    expect([clock(0, "no\n"), clock(0, "yes\n"), clock(null, ""), clock(1, "")]).to.deep.equal([1, 0, 0, 0]);
  });

  it("finds a component that is away, or not ready, and says why", async () => {
    let isReady = true;
    const server = createServer((_, response) => {
      response.statusCode = isReady ? 200 : 503;
      response.end(JSON.stringify({ failing: ["link"] }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    config = make({ http: { port: (server.address() as AddressInfo).port } });
    expect(await checkRunning(config)).to.deep.equal([]);
    isReady = false;
    expect((await checkRunning(config))[0]?.what).to.contain("not ready: link");
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect((await checkRunning(config))[0]?.what).to.contain("does not answer");
  });
});
