import { expect } from "chai";
import { openMemoryStorage, type Storage } from "../../../sdk/mod.js";
import { parseSession, type Session } from "../../../sdk/ratchet/mod.js";
import { until } from "../../support/until.js";
import { useWorld } from "../../support/world.js";
import { enrolFurther, People, type Person } from "./people.js";

/** The sessions in a store, of all devices and versions. */
function sessionsIn(storage: Storage): Session[] {
  return storage.read((view) => view.scan("omemo/1/session").map(([, bytes]) => parseSession(bytes)));
}

function forgetSessions(storage: Storage): void {
  storage.transaction((transaction) => {
    for (const [key] of transaction.scan("omemo/1/session")) transaction.delete(key);
  });
}

describe("the sessions of clients, with a real server and component", () => {
  const world = useWorld();
  const people = new People(world);
  afterEach(() => people.leave());

  const say = async (from: Person, to: Person, text: string): Promise<void> => {
    const handle = await from.client.send(to.account.number as string, text);
    await handle.until("delivered", { timeoutMs: 10_000 });
    await until(text, () => to.texts().includes(text));
  };

  /** Whoever was not told anything but what people said. */
  const nothingElseTold = (...all: Person[]): void => {
    for (const { told } of all) {
      expect([told.error, told.failed, told["device-skipped"]]).to.deep.equal([
        undefined,
        undefined,
        undefined,
      ]);
    }
  };

  it("are answered without a word, so that the other stops repeating the key exchange", async () => {
    const romeo = await people.arrive();
    const juliet = await people.arrive();
    await say(romeo, juliet, "But soft");
    expect(sessionsIn(romeo.storage)[0]?.pending).not.equal(undefined);
    await until("the answer", () => sessionsIn(romeo.storage)[0]?.pending === undefined, 15_000);
    await say(romeo, juliet, "what light");
    expect(romeo.messages).to.deep.equal([]);
    expect(juliet.told.receipt ?? []).to.deep.equal([]);
    expect(juliet.told.accepted ?? []).to.deep.equal([]);
    nothingElseTold(romeo, juliet);
  });

  it("are repaired when one side has lost them; what was said meanwhile is told as lost", async () => {
    const romeo = await people.arrive();
    const juliet = await people.arrive();
    await say(romeo, juliet, "one");
    await say(juliet, romeo, "two");
    forgetSessions(juliet.storage);
    const lost = await romeo.client.send(juliet.account.number as string, "lost");
    await lost.until("undecryptable", { timeoutMs: 10_000 }).catch(() => {});
    await until("the loss", () => juliet.told.undecryptable?.length === 1);
    await until("the repair", () => sessionsIn(juliet.storage).length === 1);
    await until("that it arrived", () => sessionsIn(romeo.storage)[0]?.isInitiator === false);
    await say(romeo, juliet, "three");
    await say(juliet, romeo, "four");
    expect(romeo.told.undecryptable).to.equal(undefined);
    nothingElseTold(romeo, juliet);
  });

  it("say nothing to the own other devices, nor to those of the other that they are not for", async () => {
    const romeo = await people.arrive();
    const storage = openMemoryStorage();
    await enrolFurther(world(), romeo.account, storage);
    const tablet = await people.open(storage, { account: romeo.account });
    const juliet = await people.arrive();
    await say(juliet, romeo, "hello");
    await until("the copy", () => tablet.texts().includes("hello"));
    // Each of Romeo's devices answers Juliet's, and the other gets a copy
    const isAnswered = (): boolean =>
      sessionsIn(juliet.storage).length === 2 && sessionsIn(juliet.storage).every(({ pending }) => !pending);
    await until("both answers", isAnswered, 15_000);
    await say(juliet, romeo, "once more");
    for (const { told } of [romeo, tablet]) {
      expect(told.undecryptable ?? []).to.deep.equal([]);
      expect(told["sent-elsewhere"] ?? []).to.deep.equal([]);
      expect(told.receipt ?? []).to.deep.equal([]);
    }
    nothingElseTold(romeo, tablet, juliet);
  });

  it("reach both of two devices of an account that came at once", async () => {
    const romeo = await people.arrive();
    const stores = [openMemoryStorage(), openMemoryStorage()];
    for (const storage of stores) await enrolFurther(world(), romeo.account, storage);
    const clients = await Promise.all(
      stores.map((storage) => people.prepare(storage, { account: romeo.account })),
    );
    await Promise.all(clients.map(({ client }) => client.start()));
    const juliet = await people.arrive();
    // The lists are settled soon: who was overwritten hears of it, and Juliet of that
    let texts = 0;
    const isSettled = (): boolean =>
      [romeo, ...clients].every((one) => one.texts().includes(`text ${texts}`));
    const deadline = Date.now() + 25_000;
    do await say(juliet, romeo, `text ${++texts}`);
    while (!isSettled() && Date.now() < deadline);
    await say(juliet, romeo, "to all");
    for (const one of clients) await until("the text", () => one.texts().includes("to all"));
  });
});
