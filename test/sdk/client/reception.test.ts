import { expect } from "chai";
import { StanzaError, StorageError } from "../../../sdk/mod.js";
import { until } from "../../support/until.js";
import { DOMAIN, message, receipt } from "./fake-service.js";
import { limitedStorage } from "./limited-storage.js";
import { Stage } from "./stage.js";

describe("Reception", () => {
  let stage: Stage;
  beforeEach(() => {
    stage = new Stage();
  });
  afterEach(() => stage.clear());

  const lastAck = (): number | undefined => stage.service.acks.at(-1)?.seq;
  const withoutNumber = {
    domain: "example.org",
    username: "romeo",
    password: "secret",
    numberDomain: DOMAIN,
  };
  const deliverWith = (answerTo: string, deliver: () => void): void => {
    stage.service.onResult = (payload) => {
      if (payload !== answerTo) return;
      stage.service.onResult = () => {};
      deliver();
    };
  };

  it("shows what arrives together with the attach that tells the own number", async () => {
    const person = await stage.prepare(undefined, { account: withoutNumber });
    deliverWith("attach", () => stage.service.deliver(message(1, "But soft")));
    await person.client.start();
    await until("the acknowledgement", () => lastAck() === 1);
    expect(person.texts()).to.deep.equal(["But soft"]);
    expect(stage.service.acks.at(-1)?.undecryptable).to.deep.equal([]);
  });

  it("shows what arrives while the greeting is still being written", async () => {
    const person = await stage.prepare(undefined, { account: withoutNumber });
    let written = (): void => {};
    stage.service.written = new Promise((resolve) => (written = resolve));
    stage.service.onAttach = () =>
      setTimeout(() => {
        stage.service.deliver(message(1, "But soft"));
        setTimeout(written, 10);
      }, 1);
    await person.client.start();
    await until("the acknowledgement", () => lastAck() === 1);
    expect(person.texts()).to.deep.equal(["But soft"]);
    expect(stage.service.acks.at(-1)?.undecryptable).to.deep.equal([]);
  });

  it("acknowledges nothing as long as it cannot open any message", async () => {
    const person = await stage.prepare(undefined, { account: withoutNumber });
    stage.service.onAttach = () => {
      stage.service.onAttach = () => {};
      stage.service.deliver(message(1, "too early"));
      throw new StanzaError("internal-server-error", "later");
    };
    const started = person.client.start();
    await until("the error", () => (person.told.error?.length ?? 0) >= 2);
    stage.clock.advance(15_000);
    await started;
    stage.service.deliver(message(1, "too early"));
    await until("the acknowledgement", () => lastAck() === 1);
    expect(person.texts()).to.deep.equal(["too early"]);
  });

  it("takes what arrives together with the answer to an attach, also behind expired entries", async () => {
    const person = await stage.prepare();
    deliverWith("attach", () => stage.service.deliver(message(5, "five")));
    await person.client.start();
    await until("the acknowledgement", () => lastAck() === 5);
    expect(person.texts()).to.deep.equal(["five"]);
    expect(stage.service.attaches).to.have.lengthOf(1);
  });

  it("shows the rest when what follows from a receipt cannot be noted", async () => {
    const person = await stage.enter();
    stage.omemo.doubt = () => {
      throw new StorageError("disk-full", "full");
    };
    stage.service.deliver(
      receipt(1, ["m1"], "undecryptable"),
      receipt(2, ["m2"], "read"),
      message(3, "three"),
    );
    await until("the message", () => person.messages.length === 1);
    expect(person.told.receipt).to.have.lengthOf(2);
    expect(person.told.error).to.have.lengthOf(1);
  });

  it("goes on showing messages after the disk was full for a while", async () => {
    const storage = limitedStorage();
    const person = await stage.enter(storage);
    person.client.on("undecryptable", () => (storage.isFull = true));
    stage.service.deliver(message(1, "bad"));
    await until("the error", () => person.told.error?.length === 1);
    storage.isFull = false;
    stage.service.deliver(message(2, "two"));
    await until("the message", () => person.messages.length === 1);
    expect(person.texts()).to.deep.equal(["two"]);
  });
});
