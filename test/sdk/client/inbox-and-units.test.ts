import { expect } from "chai";
import { type InboxItem, openMemoryStorage, type Storage } from "../../../sdk/mod.js";
import { NS } from "../../../src/namespaces.js";
import { until } from "../../support/until.js";
import { useWorld } from "../../support/world.js";
import { message, PEER } from "./fake-service.js";
import { People } from "./people.js";
import { Stage } from "./stage.js";

describe("SendHandle.cancel", () => {
  const stage = new Stage();
  afterEach(() => stage.clear());

  it("takes back what waits while the client is offline, and tells that it failed", async () => {
    const { client, told } = await stage.enter();
    stage.service.connection.cut();
    const [first, second] = [await client.send(PEER, "one"), await client.send(PEER, "two")];
    expect([await first.cancel(), await first.cancel()]).to.deep.equal([true, false]);
    expect(first.failure).to.include({ code: "cancelled" });
    expect(told.failed?.map(({ error }) => error.code)).to.deep.equal(["cancelled"]);
    stage.service.connection.login();
    await second.until("accepted");
    expect(stage.service.messages.map(({ id }) => id)).to.deep.equal([second.id]);
    expect([await second.cancel(), second.state]).to.deep.equal([false, "accepted"]);
  });

  it("finds a message by its key, however many wait", async () => {
    const own = new Stage();
    const scanned: string[] = [];
    const { client } = await own.enter(noteScans(openMemoryStorage(), scanned));
    own.service.connection.cut();
    const handles = await Promise.all(["one", "two", "three"].map((text) => client.send(PEER, text)));
    scanned.length = 0;
    expect([await handles[1]?.cancel(), handles.map(({ state }) => state)]).to.deep.equal([
      true,
      ["queued", "failed", "queued"],
    ]);
    expect(scanned).to.deep.equal([]);
    own.service.connection.login();
    await handles[2]?.until("accepted");
    expect(own.service.messages.map(({ id }) => id)).to.deep.equal([handles[0]?.id, handles[2]?.id]);
    await own.clear();
  });

  it("takes nothing back that is on its way", async () => {
    const own = new Stage();
    const { client } = await own.enter();
    own.service.answer = () => new Promise<string>(() => {});
    const handle = await client.send(PEER, "one");
    await until("the submit", () => own.service.submits.length === 1);
    expect([await handle.cancel(), handle.state]).to.deep.equal([false, "queued"]);
    own.service.open();
  });
});

describe("ClientOptions.maxBacklog", () => {
  const stage = new Stage();
  afterEach(() => stage.clear());

  it("holds back what arrives while too much is not acknowledged, and takes it in after", async () => {
    const storage = openMemoryStorage();
    const { client } = await stage.prepare(storage, { maxBacklog: 2 });
    const items: InboxItem[] = [];
    const inbox = client.inbox();
    await client.start();
    void (async () => {
      for await (const item of inbox) items.push(item);
    })();
    stage.service.deliver(message(1, "one"), message(2, "two"));
    await until("two items", () => items.length === 2);
    stage.service.deliver(message(3, "three"));
    stage.service.deliver(message(4, "four"));
    await (await client.send(PEER, "meanwhile")).until("accepted");
    expect(stage.service.acks.every(({ seq }) => seq <= 2)).to.equal(true);
    expect(items).to.have.lengthOf(2);
    await client.commit((unit) => items.forEach((item) => unit.acknowledge(item)));
    await until("the others, in order", () => items.length === 4);
    expect(items.map((item) => "text" in item && item.text)).to.deep.equal(["one", "two", "three", "four"]);
  });

  it("holds nothing back for longer than a minute, so that the service does not give the device up", async () => {
    const own = new Stage();
    const { client } = await own.prepare(openMemoryStorage(), { maxBacklog: 1 });
    const items: InboxItem[] = [];
    const inbox = client.inbox();
    await client.start();
    void (async () => {
      for await (const item of inbox) items.push(item);
    })();
    own.service.deliver(message(1, "one"));
    await until("one item", () => items.length === 1);
    own.service.deliver(message(2, "two"));
    own.clock.advance(59_000);
    expect(items).to.have.lengthOf(1);
    await until("the wait", () => {
      own.clock.advance(1_000);
      return items.length === 2;
    });
    await own.clear();
  });
});

describe("ClientEvents.connection", () => {
  const stage = new Stage();
  afterEach(() => stage.clear());

  it("says what the client does, and why", async () => {
    const { client } = await stage.prepare();
    const states: string[] = [];
    client.on("connection", ({ state, reason }) => states.push(`${state} ${reason?.message ?? ""}`.trim()));
    await client.start();
    stage.service.connection.cut();
    stage.service.connection.login();
    await until("it is attached again", () => client.state === "attached");
    stage.service.say(`<detached xmlns='${NS.mailbox}'>restart</detached>`);
    await until("it is attached once more", () => states.at(-1) === "attached" && states.length > 7);
    expect(states.filter((state) => state.includes(" "))).to.have.lengthOf(2);
    expect(states).to.include("connecting cut");
  });
});

describe("what a message says beside a text, with a real server and component", () => {
  const people = new People(useWorld());
  afterEach(() => people.leave());

  it("arrives encrypted: reactions, corrections, answers and retractions", async () => {
    const [romeo, juliet] = [await people.arrive(), await people.arrive()];
    const to = juliet.client.number as string;
    const said = await romeo.client.send(to, "But soft");
    await said.until("delivered");
    const of = said.id;
    for (const content of [
      { kind: "text", text: "But, soft!", replaces: of },
      { kind: "text", text: "what light", quote: { id: of, text: "But soft" } },
      { kind: "reaction", of, emojis: ["🌹"] },
      { kind: "retraction", of },
    ] as const) {
      await (await romeo.client.send(to, content)).until("delivered");
    }
    const told = { reactions: [] as unknown[], retractions: [] as unknown[] };
    juliet.client.on("reaction", (reaction) => told.reactions.push(reaction.emojis));
    await until("the messages", () => juliet.messages.length === 3);
    expect(juliet.messages.map(({ text, isEncrypted }) => [text, isEncrypted])).to.deep.equal([
      ["But soft", true],
      ["But, soft!", true],
      ["what light", true],
    ]);
    expect(juliet.messages.map(({ replaces }) => replaces)).to.deep.equal([undefined, of, undefined]);
    expect(juliet.messages[2]?.quote).to.deep.equal({ id: of, text: "But soft" });
    await (await romeo.client.send(to, { kind: "reaction", of, emojis: ["🎉", "🌹"] })).until("delivered");
    await until("the reaction", () => told.reactions.length === 1);
    expect(told.reactions).to.deep.equal([["🎉", "🌹"]]);
  }).timeout(60_000);
});

/** A store that notes which prefixes are scanned. */
function noteScans(storage: Storage, scanned: string[]): Storage {
  return {
    ...storage,
    transaction: (work) =>
      storage.transaction((transaction) =>
        work({
          ...transaction,
          scan(prefix, options) {
            scanned.push(prefix);
            return transaction.scan(prefix, options);
          },
        }),
      ),
    read: (work) =>
      storage.read((view) =>
        work({
          ...view,
          scan(prefix, options) {
            scanned.push(prefix);
            return view.scan(prefix, options);
          },
        }),
      ),
  };
}
