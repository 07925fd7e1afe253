import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "chai";
import { openMemoryStorage, StanzaError, StorageError } from "../../../sdk/mod.js";
import { until } from "../../support/until.js";
import { failure } from "../connection/support.js";
import { message, PEER } from "./fake-service.js";
import { limitedStorage } from "./limited-storage.js";
import { Stage } from "./stage.js";

const outdated = (): StanzaError =>
  new StanzaError("conflict", "older", { applicationCondition: "store-outdated" });

describe("StoreGeneration", () => {
  let stage: Stage;
  beforeEach(() => {
    stage = new Stage();
    stage.service.generation = "first";
  });
  afterEach(() => stage.clear());

  const claims = () => stage.service.attaches.map(({ generation }) => generation);
  const again = async (): Promise<void> => {
    const count = stage.service.attaches.length;
    stage.service.connection.cut();
    stage.service.connection.login();
    await until("another attach", () => stage.service.attaches.length > count);
  };

  it("attaches with what the service gave last, also after a restart", async () => {
    const storage = openMemoryStorage();
    await stage.enter(storage);
    stage.service.generation = "second";
    await stage.clear();
    await stage.enter(storage);
    await stage.clear();
    await stage.enter(storage);
    expect(claims().map((claim) => claim?.token)).to.deep.equal([undefined, "first", "second"]);
    expect(stage.service.confirmed).to.deep.equal(["first", "second", "second"]);
  });

  it("says that it has the next one only when that is durable, and submits nothing before", async () => {
    const storage = openMemoryStorage();
    const { client } = await stage.prepare(storage);
    await client.send(PEER, "hello");
    let durable: string | undefined;
    stage.service.onResult = (payload) => {
      if (payload === "attach") expect(stage.service.confirmed).to.deep.equal([]);
    };
    const take = stage.service.take.bind(stage.service);
    stage.service.take = (stanza) => {
      if (stanza.getChild("generation")) {
        expect(stage.service.submits).to.deep.equal([]);
        durable = storage.read((view) => Buffer.from(view.get("mailbox/generation") ?? []).toString());
      }
      take(stanza);
    };
    await client.start();
    await until("the message", () => stage.service.submits.length > 0);
    expect(durable).to.include("first");
  });

  it("attaches with the one before when the next could not be made durable", async () => {
    const storage = limitedStorage();
    const { client, told } = await stage.prepare(storage);
    storage.isFull = true;
    const started = client.start();
    await until("the error", () => told.error !== undefined);
    expect(stage.service.confirmed).to.deep.equal([]);
    storage.isFull = false;
    stage.clock.advance(60_000);
    await started;
    expect(claims().map((claim) => claim?.token)).to.deep.equal([undefined, undefined]);
    expect(stage.service.confirmed).to.deep.equal(["first"]);
  });

  it("counts what it encrypts before the service hears of it, and what it takes in", async () => {
    const { client } = await stage.enter();
    await (await client.send(PEER, "one")).until("accepted");
    await (await client.send(PEER, "two")).until("accepted");
    stage.service.deliver(message(1, "three"));
    await until("the acknowledgement", () => stage.service.acks.at(-1)?.seq === 1);
    await again();
    const sent = stage.service.submits.map((submit) => submit.sent as number);
    expect(sent[1]).greaterThan(sent[0] as number);
    expect(claims().at(-1)).to.deep.equal({ token: "first", sent: sent[1], taken: 1 });
  });

  it("gives up for good when the service knows a newer state, token or not, and tells what is in the inbox to nobody", async () => {
    const storage = openMemoryStorage();
    const first = await stage.enter(storage);
    stage.service.deliver(message(1, "not acknowledged"));
    await until("the message", () => first.messages.length === 1);
    await stage.clear();
    stage.service.onAttach = () => {
      throw outdated();
    };
    const copy = await stage.prepare(storage);
    const reading = copy.client.messages().next();
    expect(await failure(copy.client.start()))
      .to.be.instanceOf(StorageError)
      .that.includes({ code: "store-outdated" });
    expect(copy.client.state).to.equal("refused");
    stage.service.connection.cut();
    stage.service.connection.login();
    await nextTurn();
    expect(stage.service.attaches).to.have.lengthOf(2);
    expect(copy.messages).to.deep.equal([]);
    await copy.client.stop();
    expect(await reading).to.deep.equal({ value: undefined, done: true });
  });

  it("works with a service that knows no generations", async () => {
    stage.service.generation = undefined;
    const { client } = await stage.enter();
    await (await client.send(PEER, "one")).until("accepted");
    await again();
    expect(claims().at(-1)).to.include({ token: undefined });
    expect(stage.service.confirmed).to.deep.equal([]);
  });
});
