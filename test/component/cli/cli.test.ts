import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { freePort } from "../../../prosody/prosody.js";
import { RawDevice } from "../../support/raw-device.js";
import { runCli, type Ran } from "../../support/cli.js";
import { World } from "../../support/world.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";

describe("twotick", function () {
  this.timeout(60_000);
  let world: World;
  let romeo: RawDevice;
  before(async () => {
    world = await World.start({ isProcess: true, config: { http: { port: await freePort() } } });
    romeo = await RawDevice.online(await world.person(ROMEO, "romeo"));
    await world.person(JULIET, "juliet");
    await romeo.say(`${JULIET}@${romeo.credentials.numberDomain}`, "wherefore");
  });
  after(async () => {
    await romeo?.stop();
    await world?.stop();
  });

  const run = (...args: readonly string[]): Promise<Ran> =>
    runCli("--config", join(world.folder, "component.toml"), ...args);

  it("lists what is set aside, and says when there is no such entry", async () => {
    expect(await run("set-aside", "list")).to.deep.equal({ code: 0, said: "" });
    const { code, said } = await run("set-aside", "retry", "17");
    expect([code, said]).to.deep.equal([1, "twotick: No entry with this id is set aside\n"]);
  });

  it("exports what is kept about a number into a file that nobody else can read, and over none", async () => {
    const file = join(world.folder, "juliet.jsonl");
    expect((await run("export", JULIET, file)).code).to.equal(0);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(readFileSync(file, "utf8")).to.contain("wherefore");
    expect((await run("export", JULIET, file)).code).to.equal(1);
    const none = join(world.folder, "none.jsonl");
    expect((await run("export", "+15559876543", none)).code).to.equal(1);
    expect(existsSync(none)).to.equal(false);
  });

  it("removes a PIN", async () => {
    expect((await run("reset-pin", JULIET)).code).to.equal(0);
    expect((await run("reset-pin", "+15559876543")).said).to.contain("Nothing is kept about this number");
  });

  it("deletes everything about a number, and says from whom it was taken", async () => {
    const { code, said } = await run("delete", JULIET);
    expect(code, said).to.equal(0);
    expect(said).to.contain("juliet@example.org");
  });

  it("examines the installation, and exits with 1 when something is broken", async () => {
    const { code, said } = await run("doctor", "--prosody-config", world.prosody.configPath);
    // For development everything but the store's place may be left as it is
    const errors = said.split("\n").filter((line) => line.startsWith("error:"));
    expect(errors).to.deep.equal([]);
    expect(code, said).to.equal(0);
    const broken = await run("doctor", "--prosody-config", "/nowhere/prosody.cfg.lua");
    expect(broken.code).to.equal(1);
    expect(broken.said).to.contain("--prosody-config says where it is");
  });

  it("says when the component does not run, and exits with 2 for what it does not understand", async () => {
    expect((await run("dance")).code).to.equal(2);
    expect((await runCli("--config", "/nowhere.toml", "set-aside", "list")).code).to.equal(2);
    await world.stopComponent();
    const { code, said } = await run("set-aside", "list");
    expect([code, said.includes("does the component run?")]).to.deep.equal([1, true]);
  });
});
