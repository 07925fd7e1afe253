/**
 * An encrypted echo bot: whoever writes to its number gets the same text back.
 *
 *     TWOTICK_NUMBER=+15551230009 npx tsx examples/echo.ts
 *
 * The first start signs up: it asks for the code that the service sends to the number. Later ones go on from the store.
 */
import { pathToFileURL } from "node:url";
import { Bot } from "twotick/bot";

export const bot = new Bot({ store: process.env.TWOTICK_STORE ?? "echo.db" });
bot.on("message:text", (ctx) => ctx.reply(ctx.text));
bot.on("edit", (ctx) => ctx.reply(`You mean: ${ctx.text}`));
bot.on("reaction", (ctx) => ctx.api.react(ctx.chat, ctx.of, ctx.emojis));

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await bot.start();
  console.log("The bot echoes what it is sent; Ctrl-C ends it.");
}
