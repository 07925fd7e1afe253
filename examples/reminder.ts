/**
 * A bot that reminds people: `/remind 20m the kettle`. What it has promised it keeps, also when it was restarted.
 *
 *     TWOTICK_NUMBER=+15551230009 npx tsx examples/reminder.ts
 */
import { pathToFileURL } from "node:url";
import { Bot, session } from "twotick/bot";

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const HELP = "Write /remind 20m the kettle (s, m, h or d), /list to see what waits, /cancel 1 to drop one.";

export const bot = new Bot({
  store: process.env.TWOTICK_STORE ?? "reminder.db",
  session: session({ initial: () => ({ count: 0 }) }),
});

bot.command("remind", async (ctx) => {
  const [, count, unit, what] = /^(\d{1,4})\s*([smhd])\s+([\s\S]+)$/.exec(ctx.command.args) ?? [];
  if (what === undefined) return await ctx.reply(HELP);
  const delayMs = Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  // Counted from when it was written: a bot that was down does not put it off
  await ctx.schedule(ctx.at + delayMs, `⏰ ${what}`);
  ctx.session.count += 1;
  return await ctx.reply(`All right. That is your reminder number ${ctx.session.count}.`);
});

bot.command("list", async (ctx) => {
  const waiting = ctx.api.scheduled(ctx.chat);
  const lines = waiting.map(({ at, text }, index) => `${index + 1}. ${new Date(at).toISOString()} ${text}`);
  await ctx.reply(lines.join("\n") || "Nothing waits.");
});

bot.command("cancel", async (ctx) => {
  const reminder = ctx.api.scheduled(ctx.chat)[Number(ctx.command.args) - 1];
  await ctx.reply((await reminder?.cancel()) ? `Dropped: ${reminder?.text}` : "There is no such reminder.");
});

bot.on("message", (ctx) => ctx.reply(HELP));

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await bot.start();
  console.log("The bot reminds people; Ctrl-C ends it.");
}
