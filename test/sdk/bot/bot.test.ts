import { expect } from "chai";
import { Bot, Composer, type Context, session } from "../../../sdk/bot/mod.js";
import type { BotClientEvents } from "../../../sdk/bot/port.js";
import { ClientDouble } from "../../../sdk/testing/client-double.js";
import { botTest, ManualClock, openMemoryStorage } from "../../../sdk/testing/mod.js";
import { TwotickError } from "../../../src/errors.js";
import { newDeviceId } from "../../../src/ids.js";
import { phoneNumber } from "../../../src/phone-number.js";
import { until } from "../../support/until.js";

/** Something that a handler waits for and a test opens. */
function gate(): { open: () => void; opened: Promise<void>; reached: Promise<void>; reach: () => void } {
  let open = (): void => {};
  let reach = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (reach = resolve));
  return { open, opened, reached, reach };
}

describe("Bot", () => {
  it("answers commands, what it hears, and everything else, the first that was added", async () => {
    const bot = new Bot();
    bot.command("start", (ctx) => ctx.reply(`Hello ${ctx.command.args}!`));
    bot.hears(/^(\d+)\+(\d+)$/, (ctx) => ctx.reply(String(Number(ctx.match[1]) + Number(ctx.match[2]))));
    bot.hears("ping", (ctx) => ctx.reply("pong"));
    bot.on("message:text", (ctx) => ctx.reply(ctx.text));
    const test = await botTest(bot);
    const romeo = test.user();
    await romeo.says("/START  Romeo ");
    romeo.hears("Hello Romeo!");
    await romeo.says("2+3");
    romeo.hears("5");
    await romeo.says("Ping");
    romeo.hears("pong");
    await romeo.says("/startle");
    romeo.hears("/startle");
    romeo.hearsNothing();
    await test.stop();
  });

  it("passes corrections, reactions and retractions to their filters alone", async () => {
    const bot = new Bot();
    bot.on("edit", (ctx) => ctx.reply(`edited ${ctx.replaces} to ${ctx.text}`));
    bot.on(["reaction"], (ctx) => ctx.reply(`reacted ${ctx.emojis.join("")} to ${ctx.of}`));
    bot.on("retraction", (ctx) => ctx.reply(`retracted ${ctx.of}`));
    bot.on("message:quote", (ctx) => ctx.reply(`answered ${ctx.quote.text}`));
    bot.on("message", (ctx) => ctx.reply("a message"));
    const test = await botTest(bot);
    const romeo = test.user();
    const said = await romeo.says("one");
    const answer = romeo.hears("a message");
    await romeo.edits(said, "/two");
    romeo.hears(`edited ${said.id} to /two`);
    await romeo.reacts(answer, "👍", "🎉");
    romeo.hears(`reacted 👍🎉 to ${answer.id}`);
    await romeo.retracts(said);
    romeo.hears(`retracted ${said.id}`);
    await romeo.says("yes\nno", { answering: answer });
    romeo.hears("answered a message");
    await test.stop();
  });

  it("quotes, reacts, edits and retracts", async () => {
    const bot = new Bot();
    bot.on("message:text", async (ctx) => {
      const sent = await ctx.reply("one", { quote: true });
      await ctx.react("👀");
      await sent.edit("two");
      await sent.retract();
      await ctx.react();
    });
    const test = await botTest(bot);
    const romeo = test.user();
    const said = await romeo.says("a > b\nc");
    const heard = romeo.hears("one");
    expect(heard.quote).to.deep.include({ id: said.id, text: "a > b\nc" });
    romeo.seesReaction(said, "👀");
    romeo.seesEdit(heard, "two");
    romeo.seesRetraction(heard);
    romeo.seesReaction(said);
    romeo.hearsNothing();
    await test.stop();
  });

  it("tells the sender that a message was read when it is handled, and not before", async () => {
    const bot = new Bot();
    const door = gate();
    bot.on("message", () => door.opened);
    const test = await botTest(bot);
    const romeo = test.user();
    const saying = romeo.says("hello");
    await test.advance("1s");
    door.open();
    expect((await saying).isRead()).to.equal(true);
    await test.stop();
    const silent = await botTest(new Bot({ marksRead: false }));
    expect((await silent.user().says("hello")).isRead()).to.equal(false);
    await silent.stop();
  });

  it("handles the messages of one chat one after the other, and of others meanwhile, up to a bound", async () => {
    const bot = new Bot({ concurrency: 2 });
    const door = gate();
    const events: string[] = [];
    bot.on("message:text", async (ctx) => {
      events.push(`+${ctx.text}`);
      await door.opened;
      events.push(`-${ctx.text}`);
    });
    const test = await botTest(bot);
    const [romeo, juliet, nurse] = [test.user(), test.user(), test.user()];
    const sayings = [romeo.says("r1"), romeo.says("r2"), juliet.says("j1"), nurse.says("n1")];
    await test.advance("1s");
    expect(events).to.deep.equal(["+r1", "+j1"]);
    door.open();
    await Promise.all(sayings);
    expect(events.indexOf("+r2")).to.be.greaterThan(events.indexOf("-r1"));
    expect(events).to.have.lengthOf(8);
    await test.stop();
  });

  it("changes what is sent by its transformers before it goes, and sends nothing that one refuses", async () => {
    const bot = new Bot();
    bot.transform((outgoing) => {
      if (outgoing.content.kind !== "text") return outgoing;
      if (outgoing.content.text.includes("secret")) throw new Error("not that");
      return { ...outgoing, content: { ...outgoing.content, text: `[bot] ${outgoing.content.text}` } };
    });
    bot.on("message:text", (ctx) => ctx.reply(ctx.text).catch(() => ctx.reply("no")));
    const test = await botTest(bot);
    const romeo = test.user();
    await romeo.says("hello");
    romeo.hears("[bot] hello");
    await romeo.says("a secret");
    romeo.hears("[bot] no");
    await bot.api.send(romeo.number, "news");
    await test.settle();
    romeo.hears("[bot] news");
    await test.stop();
  });

  it("sends once what has the same key, whatever it says", async () => {
    const bot = new Bot();
    const test = await botTest(bot);
    const [romeo, juliet] = [test.user(), test.user()];
    const first = await bot.api.send(romeo.number, "one", { key: "daily" });
    const second = await bot.api.send(romeo.number, "two", { key: "daily" });
    await bot.api.send(juliet.number, "one", { key: "daily" });
    await test.settle();
    expect(second.id).to.equal(first.id);
    romeo.hears("one");
    romeo.hearsNothing();
    juliet.hears("one");
    await test.stop();
  });

  it("tells how far a message has come, and takes back what has not gone", async () => {
    const bot = new Bot();
    const test = await botTest(bot);
    const romeo = test.user();
    const sent = await bot.api.send(romeo.number, "hello");
    await sent.until("delivered");
    romeo.reads(romeo.hears("hello"));
    await sent.until("read");
    expect(await sent.cancel()).to.equal(false);
    test.disconnect();
    const waiting = await bot.api.send(romeo.number, "never mind");
    expect([waiting.state, await waiting.cancel(), waiting.state]).to.deep.equal(["queued", true, "failed"]);
    expect(waiting.failure).to.include({ code: "cancelled" });
    await test.reconnect();
    romeo.hearsNothing();
    await test.stop();
  });

  describe("says on the console that a message cannot be sent", () => {
    const failed = { handle: { id: "m1" } } as BotClientEvents["failed"];
    const listeners: ((detail: BotClientEvents["failed"]) => void)[] = [];
    class Telling extends ClientDouble {
      override on<Name extends keyof BotClientEvents>(
        name: Name,
        listener: (detail: BotClientEvents[Name]) => void,
      ): () => void {
        if (name === "failed") listeners.push(listener as (detail: BotClientEvents["failed"]) => void);
        return super.on(name, listener);
      }
    }
    const { error: printed } = console;
    afterEach(() => {
      console.error = printed;
      listeners.length = 0;
    });

    /** What stands on the console when it fails so. */
    async function told(bot: Bot, code: string): Promise<string[]> {
      const lines: string[] = [];
      console.error = (...words: unknown[]) => void lines.push(words.join(" "));
      const number = phoneNumber("+15551230009");
      const device = newDeviceId();
      const storage = openMemoryStorage();
      await bot.run(new Telling({ storage, clock: new ManualClock(), number, device, accept: () => {} }));
      for (const listener of listeners) listener({ ...failed, error: new TwotickError(code, "no keys") });
      await bot.stop();
      return lines;
    }

    it("where nobody listens", async () => {
      expect(await told(new Bot(), "no-devices")).to.deep.equal([
        "bot: a message was not sent: no-devices: no keys",
      ]);
    });

    it("not where somebody does, and not when the program took it back", async () => {
      const bot = new Bot();
      const heard: string[] = [];
      bot.listen("failed", ({ error }) => heard.push(error.code));
      expect(await told(bot, "no-devices")).to.deep.equal([]);
      expect(heard).to.deep.equal(["no-devices"]);
      expect(await told(new Bot(), "cancelled")).to.deep.equal([]);
    });
  });

  it("waits for what a handler did not wait for, and fails when that fails", async () => {
    const bot = new Bot();
    bot.on("message:text", (ctx) => {
      void ctx.reply(ctx.text === "bad" ? "\u0000" : ctx.text);
    });
    const test = await botTest(bot, { allowsFailures: true });
    bot.catch(() => {});
    const romeo = test.user();
    await romeo.says("good");
    romeo.hears("good");
    await romeo.says("bad");
    expect(bot.deadLetters().map(({ error }) => error.code)).to.deep.equal(["invalid-input"]);
    await test.stop();
  });

  it("hands errors to a boundary, and a second next() is an error", async () => {
    const bot = new Bot();
    const risky = new Composer<Context<undefined>>();
    risky.command("fail", () => {
      throw new Error("oops");
    });
    bot.errorBoundary((error, ctx) => ctx.reply(String(error)), risky);
    bot.use(async (_, next) => {
      await next();
      await next();
    });
    const test = await botTest(bot);
    const romeo = test.user();
    await romeo.says("/fail");
    romeo.hears("Error: oops");
    await romeo.says("else").then(
      () => expect.fail("it should fail"),
      (error: Error) => expect(error.message).to.match(/called twice/),
    );
    await test.stop();
  });

  it("stops gracefully: what has begun is answered, what has not waits for the next start", async () => {
    const bot = new Bot();
    const door = gate();
    bot.on("message:text", async (ctx) => {
      door.reach();
      await door.opened;
      await ctx.reply(`re: ${ctx.text}`);
    });
    const test = await botTest(bot);
    const romeo = test.user();
    void romeo.says("one");
    void romeo.says("two");
    await door.reached;
    const stopped = test.stop();
    door.open();
    await stopped;
    romeo.hears("re: one");
    romeo.hearsNothing();
    await test.start();
    romeo.hears("re: two");
    romeo.hearsNothing();
    await test.stop();
  });

  it("stops in time although a handler does not end, and hands it the message again", async () => {
    const bot = new Bot({ stopWithinMs: 1_000 });
    const door = gate();
    let runs = 0;
    bot.on("message:text", async (ctx) => {
      runs += 1;
      door.reach();
      if (runs === 1) await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      await ctx.reply(ctx.isRepeated ? "again" : "first");
    });
    const test = await botTest(bot);
    const romeo = test.user();
    void romeo.says("one");
    await door.reached;
    const stopped = test.stop();
    test.clock.advance(1_000);
    await stopped;
    await test.start();
    romeo.hears("again");
    romeo.hearsNothing();
    expect(runs).to.equal(2);
    await test.stop();
  });

  it("passes on what its client tells", async () => {
    const bot = new Bot();
    const states: string[] = [];
    bot.listen("connection", ({ state, reason }) => states.push(`${state} ${reason?.code ?? ""}`.trim()));
    const test = await botTest(bot);
    test.disconnect();
    await test.reconnect();
    await test.stop();
    expect(states).to.deep.equal(["attached", "connecting closed", "attached"]);
  });

  it("refuses bounds, filters and commands that are none, and to run twice", async () => {
    expect(() => new Bot({ concurrency: 0 })).to.throw(/concurrency/);
    expect(() => new Bot().on("nonsense" as "message", () => {})).to.throw(/no filter/);
    expect(() => new Bot().command("/start", () => {})).to.throw(/without a slash/);
    const bot = new Bot();
    expect(() => bot.api).to.throw(/does not run/);
    const test = await botTest(bot);
    await bot.start().then(
      () => expect.fail("it should fail"),
      (error: Error) => expect(error.message).to.match(/runs already/),
    );
    await test.stop();
  });
});

describe("session", () => {
  const counting = () =>
    new Bot({ session: session({ initial: () => ({ count: 0, seen: new Map<string, Date>() }) }) });

  it("remembers, for each chat by itself, also what JSON cannot hold, and over a restart", async () => {
    const bot = counting();
    bot.on("message:text", (ctx) => {
      ctx.session.seen.set(ctx.text, new Date(ctx.at));
      return ctx.reply(`${++ctx.session.count} ${[...ctx.session.seen.keys()].join()}`);
    });
    const test = await botTest(bot);
    const [romeo, juliet] = [test.user(), test.user()];
    await romeo.says("a");
    romeo.hears("1 a");
    await juliet.says("b");
    juliet.hears("1 b");
    await test.restart();
    await romeo.says("c");
    romeo.hears("2 a,c");
    await test.stop();
  });

  it("loses no update of messages that come at once", async () => {
    const bot = counting();
    bot.command("count", (ctx) => ctx.reply(String(ctx.session.count)));
    bot.on("message:text", async (ctx) => {
      const { count } = ctx.session;
      await new Promise((resolve) => setImmediate(resolve));
      ctx.session.count = count + 1;
    });
    const test = await botTest(bot);
    const romeo = test.user();
    await Promise.all(Array.from({ length: 20 }, (_, index) => romeo.says(`message ${index}`)));
    await romeo.says("/count");
    romeo.hears("20");
    await test.stop();
  });

  it("forgets what a handler changed that failed, and stores what a chat is cleared to", async () => {
    const bot = counting();
    bot.catch(() => {});
    bot.command("fail", (ctx) => {
      ctx.session.count = 99;
      throw new Error("no");
    });
    bot.command("clear", (ctx) => {
      ctx.session = { count: 0, seen: new Map() };
    });
    bot.on("message:text", (ctx) => ctx.reply(String(++ctx.session.count)));
    const test = await botTest(bot, { allowsFailures: true });
    const romeo = test.user();
    await romeo.says("one");
    romeo.hears("1");
    await romeo.says("/fail");
    await romeo.says("two");
    romeo.hears("2");
    await romeo.says("/clear");
    await romeo.says("three");
    romeo.hears("1");
    await test.stop();
  });

  it("migrates what an older version stored, or begins anew", async () => {
    const first = new Bot({ session: session({ initial: () => ({ name: "Romeo" }) }) });
    first.use((ctx) => void (ctx.session.name = "Juliet"));
    const storage = openMemoryStorage();
    const test = await botTest(first, { storage });
    const romeo = test.user();
    await romeo.says("hello");
    await test.stop();
    const next = new Bot({
      session: session({
        version: 2,
        initial: () => ({ names: ["nobody"] }),
        migrate: (old) => ({ names: [(old as { name: string }).name] }),
      }),
    });
    next.use((ctx) => ctx.reply(ctx.session.names.join()));
    const again = await botTest(next, { storage });
    await again.user(romeo.number).says("hello");
    again.user(romeo.number).hears("Juliet");
    await again.stop();
  });

  it("is one for chats whose sessions have one name, which take turns", async () => {
    const bot = new Bot({
      session: session({
        initial: () => ({ count: 0 }),
        nameOf: (chat) => (chat === "+15551230003" ? chat : "together"),
      }),
    });
    bot.use(async (ctx) => {
      const { count } = ctx.session;
      await new Promise((resolve) => setImmediate(resolve));
      ctx.session.count = count + 1;
      return ctx.reply(String(ctx.session.count));
    });
    const test = await botTest(bot);
    const users = [test.user(), test.user(), test.user("+15551230003")];
    await Promise.all(users.map((user) => user.says("hello")));
    users[0]?.hears("1");
    users[1]?.hears("2");
    users[2]?.hears("1");
    await test.crash();
    await users[1]?.says("hello");
    users[1]?.hears("3");
    await test.stop();
  });
});

describe("dead letters", () => {
  it("keep what failed, let the rest go on, and can be handled again without sending twice", async () => {
    const bot = new Bot();
    let isFixed = false;
    const caught: string[] = [];
    bot.catch((error, ctx) => {
      caught.push(`${(error as Error).message} ${ctx.text}`);
      throw new Error("even this");
    });
    bot.listen("error", (error) => caught.push((error as Error).message));
    bot.on("message:text", async (ctx) => {
      await ctx.reply(`begun ${ctx.text}`);
      if (ctx.text === "bad" && !isFixed) throw new TypeError("a fault");
      await ctx.reply(`done ${ctx.text}`);
    });
    const test = await botTest(bot, { allowsFailures: true });
    const romeo = test.user();
    await romeo.says("bad");
    await romeo.says("good");
    for (const text of ["begun bad", "begun good", "done good"]) romeo.hears(text);
    await until("the errors", () => caught.length === 2);
    expect(caught).to.deep.equal(["a fault bad", "even this"]);
    await test.restart();
    romeo.hearsNothing();
    const [letter] = bot.deadLetters();
    expect(letter).to.deep.include({ attempts: 1, error: { name: "TypeError", message: "a fault" } });
    expect(await bot.retry(letter!)).to.equal(false);
    expect(bot.deadLetters()[0]?.attempts).to.equal(2);
    isFixed = true;
    expect(await bot.retry(letter!)).to.equal(true);
    await test.settle();
    romeo.hears("done bad");
    romeo.hearsNothing();
    expect(bot.deadLetters()).to.deep.equal([]);
    expect(await bot.retry(letter!)).to.equal(false);
    await test.stop();
  });

  it("take what ends the process each time, after three times", async () => {
    const bot = new Bot();
    bot.catch(() => {});
    let runs = 0;
    bot.on("message:text", async (ctx) => {
      if (ctx.text !== "poison") return void (await ctx.reply(ctx.text));
      runs += 1;
      await new Promise(() => {});
    });
    const test = await botTest(bot, { allowsFailures: true });
    const romeo = test.user();
    void romeo.says("poison");
    void romeo.says("after it");
    for (let crashes = 1; crashes <= 3; crashes++) {
      await until("the handler runs", () => runs === crashes);
      test.kill();
      if (crashes < 3) void test.start();
    }
    await test.start();
    expect(runs).to.equal(3);
    romeo.hears("after it");
    expect(bot.deadLetters().map(({ error }) => error.code)).to.deep.equal(["interrupted"]);
    expect(await bot.discard(bot.deadLetters()[0]!)).to.equal(true);
    expect(bot.deadLetters()).to.deep.equal([]);
    await test.stop();
  });
});

describe("a crash in the middle of a handler", () => {
  it("sends what was not sent, and nothing twice, and counts once", async () => {
    const bot = new Bot({ session: session({ initial: () => ({ count: 0 }) }) });
    const door = gate();
    bot.on("message:text", async (ctx) => {
      ctx.session.count += 1;
      await ctx.reply(`begun ${ctx.session.count} at ${ctx.clock.now()}`);
      door.reach();
      if (!ctx.isRepeated) await door.opened;
      await ctx.reply(`done ${ctx.session.count}`);
    });
    const test = await botTest(bot);
    const romeo = test.user();
    void romeo.says("one");
    await door.reached;
    test.clock.advance(5_000);
    await test.crash();
    romeo.hears(/^begun 1 at/);
    romeo.hears("done 1");
    door.open();
    await romeo.says("two");
    romeo.hears(/^begun 2/);
    romeo.hears("done 2");
    romeo.hearsNothing();
    await test.stop();
  });
});

describe("scheduled sends", () => {
  it("go at their time, in their order, once, also when the bot was down or crashed", async () => {
    const bot = new Bot();
    bot.command("remind", async (ctx) => {
      await ctx.schedule(ctx.clock.now() + 60_000 * Number(ctx.command.args), `after ${ctx.command.args}`);
    });
    const test = await botTest(bot);
    const romeo = test.user();
    for (const minutes of [3, 1, 2, 5]) await romeo.says(`/remind ${minutes}`);
    await test.advance("1m");
    romeo.hears("after 1");
    romeo.hearsNothing();
    await test.crash();
    await test.advance("1m");
    romeo.hears("after 2");
    await test.stop();
    test.clock.advance(120_000);
    romeo.hearsNothing();
    await test.start();
    romeo.hears("after 3");
    await test.advance("59s");
    romeo.hearsNothing();
    await test.advance("2h");
    romeo.hears("after 5");
    romeo.hearsNothing();
    await test.stop();
  });

  it("can be listed and taken back, and one of the same key is the same", async () => {
    const bot = new Bot();
    const test = await botTest(bot);
    const romeo = test.user();
    const at = test.clock.now() + 60_000;
    const first = await bot.api.schedule(at, romeo.number, "tea", { key: "tea" });
    const second = await bot.api.schedule(at + 1, romeo.number, "coffee", { key: "tea" });
    expect(second).to.deep.include({ id: first.id, at, text: "tea" });
    await bot.api.schedule(new Date(at + 1), romeo.number, "milk");
    expect(bot.api.scheduled(romeo.number).map(({ text }) => text)).to.deep.equal(["tea", "milk"]);
    expect([await first.cancel(), await first.cancel()]).to.deep.equal([true, false]);
    await test.advance("2m");
    romeo.hears("milk");
    romeo.hearsNothing();
    const fault = await bot.api.schedule(Number.NaN, romeo.number, "never").catch((error: Error) => error);
    expect(fault).to.be.instanceOf(Error);
    await test.stop();
  });

  it("stand once in the schedule although the handler that wrote them ran twice", async () => {
    const bot = new Bot();
    const door = gate();
    bot.on("message:text", async (ctx) => {
      await ctx.schedule(ctx.clock.now() + 60_000, "tea");
      door.reach();
      if (!ctx.isRepeated) await new Promise(() => {});
    });
    const test = await botTest(bot);
    const romeo = test.user();
    void romeo.says("one");
    await door.reached;
    await test.crash();
    await test.advance("5m");
    romeo.hears("tea");
    romeo.hearsNothing();
    await test.stop();
  });
});
