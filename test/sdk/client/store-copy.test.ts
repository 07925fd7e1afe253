import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { linkDevice, openSqliteStorage, renewDevice, StorageError, type Storage } from "../../../sdk/mod.js";
import { temporaryFolder } from "../../support/prosody.js";
import { until } from "../../support/until.js";
import { useWorld } from "../../support/world.js";
import { failure } from "../connection/support.js";
import { People, type Person } from "./people.js";

const KEY = Buffer.alloc(32, 7);

describe("Client on a store that was put back or copied", () => {
  const world = useWorld();
  const people = new People(world);
  let folder: string;
  let path: string;
  let storage: Storage;
  let opened: Storage[];
  let romeo: Person;
  let juliet: Person;
  beforeEach(async () => {
    folder = temporaryFolder();
    path = join(folder, "romeo.db");
    opened = [];
    storage = open(path);
    juliet = await people.arrive();
    romeo = await people.arrive({ storage });
    await send(juliet, romeo, "one");
  });
  afterEach(async () => {
    await people.leave();
    for (const one of opened) one.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function open(file: string): Storage {
    const one = openSqliteStorage({ path: file, key: KEY });
    opened.push(one);
    return one;
  }

  /** Sends a text and waits until it is shown there and its sender knows. */
  async function send(from: Person, to: Person, text: string): Promise<void> {
    const handle = await from.client.send(to.client.number as string, text);
    await handle.until("delivered", { timeoutMs: 10_000 });
    await until(`the text ${text}`, () => to.texts().includes(text));
  }

  /** What a copy made at this moment holds: all of it, as no commit is half-way. */
  function copy(): Storage {
    const to = join(folder, "copy.db");
    for (const end of ["", "-wal"]) if (existsSync(path + end)) copyFileSync(path + end, to + end);
    return open(to);
  }

  async function expectRefused(person: Person): Promise<void> {
    const error = await failure(person.client.start());
    expect(error).instanceOf(StorageError).with.property("code", "store-outdated");
    expect(person.told.fatal).to.deep.equal([error]);
    expect(person.client.state).to.equal("refused");
    expect(person.texts()).to.deep.equal([]);
  }

  it("refuses a copy of a running client that took a message in since, shows nothing there and loses nothing here", async () => {
    const copied = copy();
    await send(juliet, romeo, "two");
    const second = await people.prepare(copied);
    const handle = await second.client.send(juliet.client.number as string, "from the copy");
    await expectRefused(second);
    await send(juliet, romeo, "three");
    await send(romeo, juliet, "four");
    expect(romeo.texts()).to.deep.equal(["one", "two", "three"]);
    expect(juliet.texts()).to.deep.equal(["four"]);
    expect(handle.state).to.equal("queued");
    expect(romeo.told.detached).to.equal(undefined);
  });

  it("refuses a copy of a running client that only sent something since", async () => {
    const copied = copy();
    await send(romeo, juliet, "two");
    await expectRefused(await people.prepare(copied));
    await send(romeo, juliet, "three");
    expect(juliet.texts()).to.deep.equal(["two", "three"]);
  });

  it("lets a copy go on that nothing came before, and then refuses the original", async () => {
    await romeo.client.stop();
    const moved = await people.open(copy());
    await send(juliet, moved, "two");
    await moved.client.stop();
    await expectRefused(await people.prepare(storage));
  });

  // Which one is open to a race: the original opens its mailbox again at once, perhaps before the copy has its generation
  it("lets one of the two go on and refuses the other when a copy starts beside an idle original", async () => {
    const moved = await people.prepare(copy());
    const started = moved.client.start().catch(() => {});
    const isRefused = ({ told }: Person): boolean => told.fatal !== undefined;
    await until("a refusal", () => [romeo, moved].some(isRefused));
    const [goesOn, refused] = isRefused(moved) ? [romeo, moved] : [moved, romeo];
    expect(refused.told.fatal?.map(({ code }) => code)).to.deep.equal(["store-outdated"]);
    expect(refused.client.state).to.equal("refused");
    await started;
    await send(juliet, goesOn, "two");
    await send(goesOn, juliet, "three");
    expect([goesOn.told.fatal, goesOn.client.state]).to.deep.equal([undefined, "attached"]);
    expect(refused.texts()).to.not.include("two");
  });

  it("lets a store go on that was moved, or restarted, any number of times", async () => {
    for (const text of ["two", "three", "four"]) {
      await romeo.client.stop();
      romeo = await people.open(storage);
      await send(juliet, romeo, text);
      await send(romeo, juliet, text);
    }
  });

  it("becomes a new device of the same account that keeps whom it trusts and what it has", async () => {
    const juliets = juliet.client.number as string;
    await send(romeo, juliet, "hello");
    await romeo.client.trust.verify(juliets, juliet.client.fingerprint as string);
    const backup = copy();
    await send(juliet, romeo, "after the backup");
    await romeo.client.stop();
    await expectRefused(await people.prepare(backup));
    const before = romeo.client.device;
    const identities = romeo.client.trust.identities(juliets);
    expect(identities.map(({ trust }) => trust)).to.deep.equal(["verified"]);
    const renewed = renewDevice(backup);
    expect(renewed).to.deep.include({ failed: [] }).and.property("device").not.equal(before);
    await linkDevice({ storage: backup, service: world().prosody.service });
    const next = await people.open(backup);
    expect(next.client.device).to.equal(renewed.device);
    expect(next.client.fingerprint).to.not.equal(romeo.client.fingerprint);
    expect(next.client.trust.identities(juliets)).to.deep.equal(identities);
    await send(next, juliet, "it is me");
    expect(juliet.texts()).to.deep.equal(["hello", "it is me"]);
    // Those who write to the number reach the new device as soon as they know of it, and the old one as before
    const romeos = next.client.number as string;
    while (!next.texts().includes("hello again")) {
      const handle = await juliet.client.send(romeos, "hello again");
      await handle.until("delivered", { timeoutMs: 10_000 });
    }
    const old = await people.open(storage);
    await until("its messages", () => old.texts().includes("hello again"));
  }).timeout(30_000);
});
