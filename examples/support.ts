/**
 * A support desk: answers what it knows, and hands over to a human who answers through the same number.
 *
 *     TWOTICK_NUMBER=+15551230009 TWOTICK_HUMAN=+15551230001 npx tsx examples/support.ts
 *
 * Customers never learn the human's number. The human quotes a line to answer whose line it is.
 */
import { pathToFileURL } from "node:url";
import { Bot, session } from "twotick/bot";

/** Lines that the human may still answer. */
const MAX_LINES = 1_000;

/** What the whole desk remembers, for customers and human belong together. */
interface Desk {
  /** Customers who talk to the human. */
  readonly open: Set<string>;
  /** Whose line a message to the human is, the oldest first. */
  readonly lines: Map<string, string>;
}

/** Makes the bot. @param human the number of whoever answers */
export function createDesk(human: string, store = process.env.TWOTICK_STORE ?? "support.db") {
  const bot = new Bot({
    store,
    session: session<Desk>({
      initial: () => ({ open: new Set(), lines: new Map() }),
      // One for all chats: what the human does concerns customers
      nameOf: () => "desk",
    }),
  });
  const desk = bot.filter(({ chat }) => chat === human);

  desk.command("done", async (ctx) => {
    const customer = ctx.session.lines.get(ctx.quote?.id ?? "");
    if (!customer || !ctx.session.open.delete(customer)) return ctx.reply("Quote an open case to close it.");
    await ctx.api.send(customer, "We are done here. I, the machine, am back.");
    return ctx.reply(`Closed: ${customer}.`);
  });
  desk.command("cases", (ctx) => ctx.reply([...ctx.session.open].join("\n") || "No case is open."));
  desk.on("message:quote", async (ctx) => {
    const customer = ctx.session.lines.get(ctx.quote.id);
    if (!customer) return ctx.reply("I do not know any more whose line that is.");
    ctx.session.open.add(customer);
    await ctx.api.send(customer, ctx.text);
    return ctx.react("✔️");
  });
  desk.on("message", (ctx) =>
    ctx.reply("Quote a line to answer it. /cases lists who waits, /done closes one."),
  );
  // What else the human does is nothing that customers see
  desk.use(() => {});

  bot.command("human", async (ctx) => {
    ctx.session.open.add(ctx.chat);
    await pass(ctx, ctx.command.args || "asks for you");
    await ctx.reply("Somebody will answer you here.");
  });
  bot.on(["message", "edit"]).filter(
    ({ session: { open }, chat }) => open.has(chat),
    (ctx) => pass(ctx, ctx.replaces ? `(corrects) ${ctx.text}` : ctx.text),
  );
  bot.hears(/\b(open|hours)\b/i, (ctx) => ctx.reply("From 9 to 17, Monday to Friday."));
  bot.hears(/\bprice\b/i, (ctx) => ctx.reply("It costs nothing."));
  bot.on("message", (ctx) => ctx.reply("I know our hours and our price. For everything else: /human"));

  /** Tells the human, and keeps whose line it is. */
  async function pass({ api, chat, session: { lines } }: Passing, text: string): Promise<void> {
    const { id } = await api.send(human, `${chat}: ${text}`);
    lines.set(id, chat);
    for (const oldest of lines.keys()) {
      if (lines.size <= MAX_LINES) break;
      lines.delete(oldest);
    }
  }
  return bot;
}

type Passing = Pick<import("twotick/bot").Context<Desk>, "api" | "chat" | "session">;

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const human = process.env.TWOTICK_HUMAN;
  if (!human) throw new Error("TWOTICK_HUMAN is the number of whoever answers");
  await createDesk(human).start();
  console.log("The desk is open; Ctrl-C closes it.");
}
