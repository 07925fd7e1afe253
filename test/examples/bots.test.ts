import { botTest } from "../../sdk/testing/mod.js";
import { bot as echo } from "../../examples/echo.js";
import { bot as reminder } from "../../examples/reminder.js";

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
