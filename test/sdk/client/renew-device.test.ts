import { expect } from "chai";
import {
  InvalidInput,
  isSignedUp,
  openDeviceKey,
  openMemoryStorage,
  renewDevice,
  type Storage,
} from "../../../sdk/mod.js";
import { until } from "../../support/until.js";
import { message, PEER } from "./fake-service.js";
import { Stage } from "./stage.js";

const KEPT = ["omemo/trust/1/pending/a/00", "omemo/trust/1/person/a"];
const DROPPED = ["omemo/1/own", "omemo/1/session/a/0000000001", "omemo/1/prekey/0000000001", "omemo/2/x"];

describe("renewDevice", () => {
  let stage: Stage;
  let storage: Storage;
  beforeEach(() => {
    stage = new Stage();
    storage = openMemoryStorage();
  });
  afterEach(() => stage.clear());

  const keys = (prefix: string): string[] => storage.read((view) => view.scan(prefix).map(([key]) => key));

  it("takes a new device id and key, and drops what only one device may have, in one transaction", async () => {
    await stage.enter(storage);
    await stage.clear();
    storage.transaction((t) => [...KEPT, ...DROPPED].forEach((key) => t.set(key, Buffer.from("{}"))));
    const before = openDeviceKey(storage);
    let transactions = 0;
    const counting: Storage = {
      ...storage,
      transaction: (work) => {
        transactions += 1;
        return storage.transaction(work);
      },
    };
    const renewed = renewDevice(counting);
    expect(transactions).to.equal(1);
    expect(renewed.device).to.not.equal(before.device);
    expect(renewed.publicKey.equals(before.publicKey)).to.equal(false);
    expect(openDeviceKey(storage)).to.deep.include({ device: renewed.device, publicKey: renewed.publicKey });
    expect(keys("omemo/")).to.deep.equal(KEPT);
    expect(keys("mailbox/")).to.deep.equal([]);
    expect(isSignedUp(storage)).to.equal(true);
  });

  it("keeps the inbox, and knows messages that it has seen", async () => {
    const first = await stage.enter(storage);
    stage.service.deliver(message(1, "one"));
    await until("the message", () => first.messages.length === 1);
    await stage.clear();
    renewDevice(storage);
    const next = await stage.enter(storage);
    expect(stage.service.attaches.at(-1)).to.include({ last: 0 });
    stage.service.deliver(message(1, "one", { id: first.messages[0]!.id }), message(2, "two"));
    await until("both", () => next.messages.length === 2);
    expect(next.texts()).to.deep.equal(["one", "two"]);
  });

  it("ends what the old device had encrypted, and sends what it had not", async () => {
    const first = await stage.enter(storage);
    stage.service.answer = () => new Promise<string>(() => {});
    const encrypted = await first.client.send(PEER, "encrypted");
    await until("the submit", () => stage.service.submits.length === 1);
    stage.crash(first);
    stage = new Stage();
    const waiting = await (await stage.prepare(storage)).client.send(PEER, "waiting");
    await stage.clear();
    const { failed } = renewDevice(storage, { clock: stage.clock });
    expect(failed).to.deep.equal([encrypted.id]);
    stage = new Stage();
    const { client } = await stage.enter(storage);
    await client.sent(waiting.id)?.until("accepted");
    expect(client.sent(encrypted.id)?.state).to.equal("failed");
    expect(stage.service.messages.map(({ id }) => id)).to.deep.equal([waiting.id]);
  });

  it("has nothing to renew in a store without an account", () => {
    expect(() => renewDevice(storage)).to.throw(InvalidInput);
    expect(keys("")).to.deep.equal([]);
  });
});
