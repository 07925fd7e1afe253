import { expect } from "chai";
import { openMemoryStorage, LinkError, StanzaError, type Storage } from "../../../sdk/mod.js";
import type { Enqueue } from "../../../sdk/omemo/mod.js";
import type { DeviceId } from "../../../src/ids.js";
import { writeSubmitted } from "../../../src/mailbox-submit.js";
import { until } from "../../support/until.js";
import { PEER, PEER_JID, receipt } from "./fake-service.js";
import type { Person } from "./people.js";
import { Stage } from "./stage.js";

const SAID = "<said xmlns='urn:example:said'/>";
const CONTROL = { to: PEER_JID, elements: [SAID] };

describe("enqueueControl", () => {
  let stage: Stage;
  let storage: Storage;
  let enqueue: Enqueue;
  beforeEach(() => {
    stage = new Stage();
    storage = openMemoryStorage();
  });
  afterEach(() => stage.clear());

  const enter = async (): Promise<Person> => {
    const person = await stage.enter(storage, {
      openOmemo(options) {
        enqueue = options.enqueue as Enqueue;
        return stage.omemo;
      },
    });
    void person.client.fingerprint;
    return person;
  };
  const write = (control: Parameters<Enqueue>[1] = CONTROL): void =>
    storage.transaction((transaction) => enqueue(transaction, control));
  const outbox = (): number => storage.read((view) => view.scan("outbox/").length);
  const nothingTold = ({ told, client }: Person): void => {
    expect(client.state).to.equal("attached");
    for (const name of ["accepted", "failed", "receipt", "error"] as const)
      expect(told[name]).to.equal(undefined);
  };

  it("submits it under an id of its own, and tells nobody how it ended", async () => {
    const person = await enter();
    write();
    await until("the outbox to be empty", () => outbox() === 0);
    expect(stage.service.messages.map(({ to }) => to.bare)).to.deep.equal([PEER_JID]);
    expect(stage.service.messages[0]?.payload).to.contain("urn:example:said");
    const id = stage.service.messages[0]!.id;
    stage.service.deliver(receipt(1, [id], "delivered"), receipt(2, ["of-another-device"], "delivered"));
    await until("the receipt of another device", () => person.told.receipt?.length === 1);
    expect(person.client.sent(id)).to.equal(undefined);
    expect(person.told.receipt?.map((told) => told.id)).to.deep.equal(["of-another-device"]);
    expect([person.told.accepted, person.told.failed]).to.deep.equal([undefined, undefined]);
  });

  it("sends nothing of a transaction that was rolled back", async () => {
    const person = await enter();
    expect(() =>
      storage.transaction((transaction) => {
        enqueue(transaction, CONTROL);
        throw new RangeError("rolled back");
      }),
    ).to.throw(RangeError);
    // It takes the place in the outbox that the other had for a moment
    write({ to: PEER_JID, elements: ["<next xmlns='urn:example:said'/>"] });
    await person.client.send(PEER, "last").then((handle) => handle.until("accepted"));
    await until("the outbox to be empty", () => outbox() === 0);
    const said = stage.service.messages.map(({ payload }) => /next|last/.exec(payload)?.[0]);
    expect(said).to.have.members(["next", "last"]);
  });

  it("sends it from the next process when this one ends before", async () => {
    const person = await enter();
    stage.service.answer = () => new LinkError("closed", "gone with the process");
    write();
    await until("a submit", () => stage.service.submits.length > 0);
    stage.crash(person);
    const next = new Stage();
    await next.enter(storage);
    await until("the outbox to be empty", () => outbox() === 0);
    expect(next.service.messages.map(({ id }) => id)).to.deep.equal([stage.service.messages[0]?.id]);
    await next.clear();
  });

  it("drops it quietly when no device is to get it", async () => {
    const person = await enter();
    write({ to: PEER_JID, devices: [] as DeviceId[] });
    await until("the outbox to be empty", () => outbox() === 0);
    expect(stage.service.messages).to.deep.equal([]);
    nothingTold(person);
  });

  it("drops it quietly when the service refuses it", async () => {
    const person = await enter();
    stage.service.answer = ({ messages }) =>
      writeSubmitted(messages.map(({ id }) => ({ id, error: new StanzaError("item-not-found", "nobody") })));
    write();
    await until("the outbox to be empty", () => outbox() === 0);
    nothingTold(person);
  });

  const pass = async (seconds: number): Promise<void> => {
    for (let passed = 0; passed < seconds; passed += 1) {
      stage.clock.advance(1_000);
      await new Promise(setImmediate);
    }
  };
  /** Lets nothing be prepared for a while, by default until all that is tried has had its time. */
  const failFor = async (seconds = 40): Promise<void> => {
    stage.omemo.prepareControlError = new StanzaError("remote-server-timeout", "not now");
    const before = stage.omemo.preparedControls;
    await until("an attempt", () => stage.omemo.preparedControls > before);
    await pass(seconds);
  };
  const reopen = (): void => {
    stage.service.connection.cut();
    stage.service.connection.login();
  };
  const said = (): (string | undefined)[] =>
    stage.service.messages.map(({ payload }) => /first|second|third/.exec(payload)?.[0]);
  const saying = (name: string): Parameters<Enqueue>[1] => ({
    to: PEER_JID,
    elements: [`<${name} xmlns='urn:example:said'/>`],
  });

  it("keeps one that says something until the mailbox is opened again, in the order of writing", async () => {
    const person = await enter();
    stage.omemo.prepareControlError = new StanzaError("remote-server-timeout", "not now");
    write(saying("first"));
    await failFor(13);
    write(saying("second"));
    // The time of the first is over, that of the second is not
    await pass(12);
    stage.omemo.prepareControlError = undefined;
    await pass(12);
    write(saying("third"));
    write({ to: PEER_JID });
    await until("the empty one to be gone", () => outbox() === 3);
    expect(said()).to.deep.equal([undefined]);
    reopen();
    await until("the outbox to be empty", () => outbox() === 0);
    expect(said()).to.deep.equal([undefined, "first", "second", "third"]);
    nothingTold(person);
  });

  it("drops an empty one that cannot be encrypted, and one that says something after 30 days", async () => {
    await enter();
    stage.omemo.prepareControlError = new StanzaError("remote-server-timeout", "not now");
    write({ to: PEER_JID });
    await failFor();
    expect(outbox()).to.equal(0);
    write(saying("first"));
    await failFor();
    expect(outbox()).to.equal(1);
    stage.clock.advance(30 * 24 * 60 * 60 * 1000);
    reopen();
    await failFor();
    expect(outbox()).to.equal(0);
    expect(said()).to.deep.equal([]);
  });

  it("holds up no message while what it needs cannot be fetched", async () => {
    const person = await enter();
    stage.omemo.prepareControlError = new StanzaError("remote-server-timeout", "not now");
    write();
    await person.client.send(PEER, "hello").then((handle) => handle.until("accepted"));
    expect(outbox()).to.equal(1);
    stage.omemo.prepareControlError = undefined;
    stage.clock.advance(2_000);
    await until("the outbox to be empty", () => outbox() === 0);
    expect(stage.service.messages).to.have.lengthOf(2);
  });
});
