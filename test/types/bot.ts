/** What types promise; `npm run check` compiles it, nothing runs it. */
import { Bot, type Context, session } from "twotick/bot";
import type { MessageId, Quote } from "twotick/sdk";

// oxlint-disable typescript/no-unnecessary-type-parameters -- types are what is tested here
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function holds<Claim extends true>(claim?: Claim): void {
  void claim;
}

const bot = new Bot();

bot.use((ctx) => {
  holds<Same<typeof ctx.text, string | undefined>>();
  holds<Same<typeof ctx.session, undefined>>();
  // @ts-expect-error -- it may not be a message
  ctx.text.length;
});
bot.on("message:text", (ctx) => {
  holds<Same<typeof ctx.item.kind, "message">>();
  ctx.text.length;
  // @ts-expect-error -- it need not answer anything
  ctx.quote.id;
  // @ts-expect-error -- only behind `command`
  ctx.command.args;
});
bot.on("message:quote", ({ quote }) => holds<Same<typeof quote, Quote>>());
bot.on("reaction", (ctx) => {
  ctx.emojis.map((emoji) => emoji.length);
  // @ts-expect-error -- a reaction has no text
  ctx.text.length;
});
bot.on("reacted-elsewhere", (ctx) => {
  holds<Same<typeof ctx.item.kind, "reacted-elsewhere">>();
  ctx.emojis.map((emoji) => emoji.length);
});
bot.on("edited-elsewhere", ({ replaces }) => holds<Same<typeof replaces, MessageId>>());
bot.on(["edit", "message"], (ctx) => {
  ctx.text.length;
  // @ts-expect-error -- only one of the two replaces something
  const id: MessageId = ctx.replaces;
  return id;
});
// @ts-expect-error -- there is no such filter
bot.on("message:smell", () => {});
bot.command("start", ({ command }) => holds<Same<typeof command.args, string>>());
bot.hears(/x/, ({ match }) => match.index);
// What is added to what a filter answers has its type
bot.on("message").filter(
  (ctx) => ctx.text.length > 3,
  (ctx) => ctx.text.length,
);

const counting = new Bot({ session: session({ initial: () => ({ count: 0 }) }) });
counting.on("message:text", (ctx) => {
  holds<Same<typeof ctx.session, { count: number }>>();
  // @ts-expect-error -- it is a number
  ctx.session.count = "one";
});
// @ts-expect-error -- a handler for another session
counting.use((ctx: Context<{ name: string }>) => ctx.session.name);
