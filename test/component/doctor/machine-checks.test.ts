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
