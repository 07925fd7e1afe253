/**
 * A bot in a process of its own, to be killed. Its store and server come from the environment; with `HANG` it stops
 * in the middle of a handler for a text that ends in `!`, and says so.
 */
import { Bot, session } from "twotick/bot";

const bot = new Bot({ session: session({ initial: () => ({ count: 0 }) }) });
bot.command("later", async (ctx) => {
  await ctx.schedule(ctx.clock.now() + Number(ctx.command.args), "later");
  console.log("scheduled");
});
bot.on("message:text", async (ctx) => {
  ctx.session.count += 1;
  await ctx.reply(`begun ${ctx.session.count} ${ctx.text}`);
  if (process.env.HANG !== undefined && ctx.text.endsWith("!")) {
    console.log("hanging");
    await new Promise(() => {});
  }
  await ctx.reply(`done ${ctx.session.count} ${ctx.text}`);
});
await bot.start();
console.log("online");
