import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { Client } from "../../../sdk/mod.js";
import {
  checkJournals,
  Journal,
  keepJournal,
  readJournal,
  seededRandom,
  type JournaledClient,
} from "../../../sdk/testing/mod.js";
import { temporaryFolder } from "../../support/prosody.js";
import { until } from "../../support/until.js";
import { useWorld } from "../../support/world.js";
import { PEER } from "../client/fake-service.js";
import { People } from "../client/people.js";
import { Stage } from "../client/stage.js";
import { openMemoryStorage } from "../../../sdk/mod.js";

describe("keepJournal", () => {
  let folder: string;
  beforeEach(() => (folder = temporaryFolder()));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("asks again, under the same id, for what it had asked and died before it was written down", async () => {
    const storage = openMemoryStorage();
    const path = join(folder, "romeo.jsonl");
    const stage = new Stage();
    const first = await stage.enter(storage);
    const journal = new Journal(path);
    journal.write({ kind: "asked", id: "lost", to: PEER, body: "x" });
    const kept = keepJournal(first.client, journal);
    await (await kept.send(PEER, "hello", "known")).until("accepted");
    stage.crash(first);
    const next = new Stage();
    const second = await next.prepare(storage);
    const keeper = keepJournal(second.client, new Journal(path), (id) => `text of ${id}`);
    await second.client.start();
    const handles = await keeper.resume();
    await Promise.all(handles.map((handle) => handle.until("accepted")));
    expect(handles.map(({ id }) => id)).to.deep.equal(["lost"]);
    expect(next.service.messages.map(({ id }) => id)).to.deep.equal(["lost"]);
    await next.clear();
  });

  it("writes down what became of a send when the process before had no time to", async () => {
    const storage = openMemoryStorage();
    const path = join(folder, "romeo.jsonl");
    const stage = new Stage();
    const first = await stage.enter(storage);
    await (await first.client.send(PEER, "hello", { id: "known" })).until("accepted");
    stage.crash(first);
    const journal = new Journal(path);
    journal.write({ kind: "asked", id: "known", to: PEER, body: "x" });
    const next = new Stage();
    const second = await next.prepare(storage);
    await keepJournal(second.client, journal).resume();
    await keepJournal(second.client, journal).resume();
    const told = journal.lines().filter((line) => line.kind === "told");
    expect(told.map(({ id, state }) => `${id} ${state}`)).to.deep.equal(["known accepted"]);
    await next.clear();
  });

  describe("with a real server and component", () => {
    const world = useWorld();
    const people = new People(world);
    afterEach(() => people.leave());

    it("proves that nothing is lost, doubled or out of order across a restart of the component", async () => {
      const random = seededRandom(20);
      const persons = [await people.arrive(), await people.arrive(), await people.arrive()];
      const actors = persons.map(({ client, account }, index) => {
        const journal = new Journal(join(folder, `${index}.jsonl`));
        return { client, number: account.number as string, journal, ...keepJournal(client, journal) };
      });
      for (const { show } of actors) void show();
      await talk(actors, random, 60, async (index) => {
        if (index === 20) await world().stopComponent();
        if (index === 30) await world().startComponent();
      });
      const read = () => actors.map(({ journal }) => readJournal(journal.path));
      await until("everything shown", () => checkJournals(read()).counts.shown === 60, 20_000);
      const report = checkJournals(read());
      expect(report.violations).to.deep.equal([]);
      expect(report.counts).to.include({ asked: 60, accepted: 60, shown: 60 });
    }).timeout(60_000);
  });
});

interface Actor extends JournaledClient {
  readonly client: Client;
  readonly number: string;
}

/** Messages from and to anybody, with something happening in between. */
async function talk(
  actors: readonly Actor[],
  random: () => number,
  count: number,
  between: (index: number) => Promise<void>,
): Promise<void> {
  for (let index = 0; index < count; index++) {
    await between(index);
    const from = actors[Math.floor(random() * actors.length)] as Actor;
    const others = actors.filter((actor) => actor !== from);
    const to = others[Math.floor(random() * others.length)] as Actor;
    const handle = await from.send(to.number, `line ${index}`, `m${index}`);
    if (random() < 0.2) await handle.until("queued");
  }
}
