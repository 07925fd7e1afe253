import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { botTest } from "../../sdk/testing/mod.js";
import { bot as echo } from "../../examples/echo.js";
import { createBridge } from "../../examples/bridge.js";
import { bot as reminder } from "../../examples/reminder.js";
import { createDesk } from "../../examples/support.js";
import { createWebhook } from "../../examples/webhook.js";
import { Bot } from "../../sdk/bot/mod.js";

describe("examples/echo.ts", () => {
  it("says what it is told, corrections and reactions too", async () => {
    const test = await botTest(echo);
    const romeo = test.user();
    const said = await romeo.says("But soft");
    const answer = romeo.hears("But soft");
    await romeo.edits(said, "But, soft!");
    romeo.hears("You mean: But, soft!");
    await romeo.reacts(answer, "🌹");
    romeo.seesReaction(answer, "🌹");
    await test.stop();
  });
});

describe("examples/reminder.ts", () => {
  it("reminds at the time that was asked for, each person by themselves, over a restart", async () => {
    const test = await botTest(reminder, { now: new Date("2026-05-01T08:00:00Z") });
    const [romeo, juliet] = [test.user(), test.user()];
    await romeo.says("/remind 20m the kettle");
    romeo.hears("All right. That is your reminder number 1.");
    await romeo.says("/remind 2h the nurse");
    romeo.hears("All right. That is your reminder number 2.");
    await juliet.says("/list");
    juliet.hears("Nothing waits.");
    await romeo.says("/list");
    romeo.hears("1. 2026-05-01T08:20:00.000Z ⏰ the kettle\n2. 2026-05-01T10:00:00.000Z ⏰ the nurse");
    await test.advance("19m 59s");
    romeo.hearsNothing();
    await test.restart();
    await test.advance("1s");
    romeo.hears("⏰ the kettle");
    await romeo.says("/cancel 1");
    romeo.hears("Dropped: ⏰ the nurse");
    await romeo.says("/cancel 1");
    romeo.hears("There is no such reminder.");
    await test.advance("1d");
    romeo.hearsNothing();
    await romeo.says("/remind me");
    romeo.hears(/^Write \/remind/);
    await test.stop();
  });
});

describe("examples/support.ts", () => {
  it("answers what it knows, and hands over to a human and back, over a crash", async () => {
    const human = "+15551230100";
    const test = await botTest(createDesk(human));
    const [romeo, juliet, nurse] = [test.user(), test.user(), test.user(human)];
    await romeo.says("What is the price?");
    romeo.hears("It costs nothing.");
    await romeo.says("My balcony is broken");
    romeo.hears(/\/human$/);
    await romeo.says("/human the balcony");
    romeo.hears("Somebody will answer you here.");
    const line = nurse.hears(`${romeo.number}: the balcony`);
    await juliet.says("/human");
    juliet.hears("Somebody will answer you here.");
    nurse.hears(`${juliet.number}: asks for you`);
    await test.crash();
    const answer = await nurse.says("Which one?", { answering: line });
    nurse.seesReaction(answer, "✔️");
    romeo.hears("Which one?");
    juliet.hearsNothing();
    const said = await romeo.says("The price of the second");
    const second = nurse.hears(`${romeo.number}: The price of the second`);
    await romeo.edits(said, "The second");
    nurse.hears(`${romeo.number}: (corrects) The second`);
    await nurse.says("Which?");
    nurse.hears(/^Quote a line/);
    await nurse.says("/cases");
    nurse.hears(`${romeo.number}\n${juliet.number}`);
    await nurse.says("/done", { answering: second });
    nurse.hears(`Closed: ${romeo.number}.`);
    romeo.hears(/done here/);
    await romeo.says("price");
    romeo.hears("It costs nothing.");
    for (const user of [romeo, juliet, nurse]) user.hearsNothing();
    await test.stop();
  });
});

describe("examples/bridge.ts", () => {
  it("carries texts, quotes, corrections, reactions and retractions both ways, and nobody else's", async () => {
    const ends = ["+15551230201", "+15551230202"] as const;
    const test = await botTest(createBridge(ends));
    const [romeo, juliet, tybalt] = [test.user(ends[0]), test.user(ends[1]), test.user("+15551230203")];
    const said = await romeo.says("But soft");
    const copy = juliet.hears("But soft");
    await juliet.reacts(copy, "🌹");
    romeo.seesReaction(said, "🌹");
    await romeo.edits(said, "But, soft!");
    juliet.seesEdit(copy, "But, soft!");
    await test.crash();
    const answer = await juliet.says("Ay me", { answering: copy });
    const heard = romeo.hears("Ay me");
    expect(heard.quote?.id).to.equal(said.id);
    await juliet.retracts(answer);
    romeo.seesRetraction(heard);
    await tybalt.says("Peace?");
    tybalt.hears(/two ends/);
    for (const user of [romeo, juliet, tybalt]) user.hearsNothing();
    await test.stop();
  });
});

describe("examples/webhook.ts", () => {
  const TOKEN = "a token that is long enough";

  it("sends what a system asks for once, says how far it has come, and refuses everything else", async () => {
    const bot = new Bot();
    const test = await botTest(bot);
    const romeo = test.user();
    const server = createWebhook(bot, TOKEN).listen(0, "127.0.0.1");
    await once(server, "listening");
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/messages`;
    const good = { to: romeo.number, text: "The backup has failed." };
    const ask = (content: unknown, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(base, {
        method: "POST",
        body: typeof content === "string" ? content : JSON.stringify(content),
        headers: {
          authorization: `Bearer ${TOKEN}`,
          "content-type": "application/json",
          "idempotency-key": "backup-1",
          ...headers,
        },
      });
    const [first, again] = [await ask(good), await ask(good)];
    expect([first.status, again.status]).to.deep.equal([202, 202]);
    const { id } = (await first.json()) as { id: string };
    expect(((await again.json()) as { id: string }).id).to.equal(id);
    await test.settle();
    romeo.hears("The backup has failed.");
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect(await (await fetch(`${base}/${id}`, { headers })).json()).to.deep.equal({
      id,
      state: "delivered",
    });
    for (const [expected, response] of [
      [401, await ask(good, { authorization: "Bearer another token that is long" })],
      [401, await fetch(`${base}/${id}`)],
      [404, await fetch(`${base}/unknown`, { headers })],
      [405, await fetch(base, { headers })],
      [400, await ask(good, { "idempotency-key": "" })],
      [400, await ask("{")],
      [415, await ask(good, { "content-type": "text/plain" })],
      [413, await ask({ ...good, text: "x".repeat(20_000) })],
      [422, await ask({ ...good, text: "x".repeat(5_000) })],
      [422, await ask({ ...good, to: "15551230001" })],
      [422, await ask(null)],
    ] as const)
      expect(response.status).to.equal(expected);
    await test.stop();
    expect((await ask(good)).status).to.equal(503);
    romeo.hearsNothing();
    server.close();
    expect(() => createWebhook(bot, "short")).to.throw("too short");
  });
});
