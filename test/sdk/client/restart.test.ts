import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import {
  Client,
  InvalidInput,
  openMemoryStorage,
  openSqliteStorage,
  StorageError,
  type Storage,
} from "../../../sdk/mod.js";
import { temporaryFolder } from "../../support/prosody.js";
import { until } from "../../support/until.js";
import { failure } from "../connection/support.js";
import { acceptAll, message, PEER } from "./fake-service.js";
import { Stage } from "./stage.js";

describe("Client, after a crash, from an SQLite store", () => {
  let folder: string;
  let storage: Storage;
  let stage: Stage;
  beforeEach(() => {
    folder = temporaryFolder();
    storage = openSqliteStorage({ path: join(folder, "device.db") });
    stage = new Stage();
  });
  afterEach(async () => {
    await stage.clear();
    storage.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The process dies, and another begins on what it left on the disk. */
  async function reborn(person: Parameters<Stage["crash"]>[0]): ReturnType<Stage["enter"]> {
    stage.crash(person);
    storage.close();
    storage = openSqliteStorage({ path: join(folder, "device.db") });
    stage = new Stage();
    return await stage.enter(storage);
  }

  it("sends what was queued and never tried", async () => {
    const first = await stage.prepare(storage);
    const { id } = await first.client.send(PEER, "before I go");
    stage.service.open();
    const { client } = await reborn(first);
    await client.sent(id)?.until("accepted");
    expect(stage.service.messages.map((sent) => sent.id)).to.deep.equal([id]);
  });

  it("submits the bytes that it had encrypted, when it died before the answer", async () => {
    const first = await stage.enter(storage);
    stage.service.answer = () => new Promise<string>(() => {});
    const handle = await first.client.send(PEER, "But soft");
    await until("the submit", () => stage.service.submits.length === 1);
    const [before] = stage.service.submits;
    const { client } = await reborn(first);
    await client.sent(handle.id)?.until("accepted");
    expect(stage.service.submits[0]?.raw).to.equal(before?.raw);
  });

  it("keeps the order of what was encrypted before and what comes after", async () => {
    const first = await stage.enter(storage);
    stage.service.answer = () => new Promise<string>(() => {});
    await first.client.send(PEER, "one");
    await until("the submit", () => stage.service.submits.length === 1);
    await first.client.send(PEER, "two");
    const { client } = await reborn(first);
    await (await client.send(PEER, "three")).until("accepted");
    const texts = stage.service.messages.map(({ payload }) => /<text>(.*)<\/text>/.exec(payload)?.[1]);
    expect(texts).to.deep.equal(["one", "two", "three"]);
  });

  it("does not submit again what was accepted, and still knows how far it came", async () => {
    const first = await stage.enter(storage);
    const handle = await first.client.send(PEER, "hello");
    await handle.until("accepted");
    const { client } = await reborn(first);
    expect(client.sent(handle.id)?.state).to.equal("accepted");
    await (await client.send(PEER, "next")).until("accepted");
    expect(stage.service.messages).to.have.lengthOf(1);
  });

  it("acknowledges and does not show again what it took in and died before acknowledging", async () => {
    const first = await stage.enter(storage);
    const shown: string[] = [];
    first.client.on("message", (shownMessage) => {
      shown.push(shownMessage.text);
      void shownMessage.acknowledge();
    });
    stage.service.take = () => {};
    stage.service.deliver(message(1, "one"));
    await until("the app's acknowledgement", () =>
      storage.read((view) => shown.length === 1 && view.scan("inbox/").length === 0),
    );
    const next = await reborn(first);
    expect(stage.service.attaches[0]?.last).to.equal(1);
    stage.service.deliver(message(1, "one", { isRedelivery: true }), message(2, "two"));
    await until("the acknowledgement", () => stage.service.acks.at(-1)?.seq === 2);
    expect(next.texts()).to.deep.equal(["two"]);
  });

  it("takes in once more what came and was never committed", async () => {
    const first = await stage.enter(storage);
    stage.service.deliver(message(1, "one"));
    // Before the transaction that it waits for
    const next = await reborn(first);
    expect(stage.service.attaches[0]?.last).to.equal(0);
    stage.service.deliver(message(1, "one", { isRedelivery: true }));
    await until("the message", () => next.messages.length === 1);
    expect(next.texts()).to.deep.equal(["one"]);
  });

  it("logs in from the store alone, and only as the account that it belongs to", async () => {
    const first = await stage.enter(storage);
    const { device } = first.client;
    await stage.clear();
    const { client } = await stage.enter(storage, { account: undefined });
    expect(client.device).to.equal(device);
    const other = {
      domain: "example.org",
      username: "juliet",
      password: "x",
      numberDomain: "phone.example.org",
    };
    const options = { storage, service: "xmpp://127.0.0.1:5222", account: other };
    expect(await failure(Client.open(options)))
      .to.be.instanceOf(StorageError)
      .that.includes({ code: "other-account" });
    const empty = { ...options, storage: openMemoryStorage(), account: undefined };
    expect(await failure(Client.open(empty))).to.be.instanceOf(InvalidInput);
  });

  it("lets what is on the way come to its end when it is stopped, and keeps the rest", async () => {
    const { client } = await stage.enter(storage);
    let answer = (): void => {};
    stage.service.answer = (submit) => new Promise((resolve) => (answer = () => resolve(acceptAll(submit))));
    const first = await client.send(PEER, "one");
    await until("the submit", () => stage.service.submits.length === 1);
    const second = await client.send(PEER, "two");
    const stopped = client.stop();
    answer();
    await stopped;
    expect([first.state, second.state]).to.deep.equal(["accepted", "queued"]);
    expect(await failure(second.until("accepted"))).to.include({ code: "stopped" });
  });
});
