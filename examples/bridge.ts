/**
 * A bridge between two chats: two people talk through the bot's number and never learn each other's.
 *
 *     TWOTICK_NUMBER=+15551230009 TWOTICK_BRIDGE=+15551230001,+15551230002 npx tsx examples/bridge.ts
 *
 * Texts pass with what they quote, their corrections, reactions and retractions.
 */
import { pathToFileURL } from "node:url";
import { Bot, session } from "twotick/bot";
import { messageId } from "twotick/protocol";

/** Messages that can still be quoted, corrected, reacted to and taken back. */
const MAX_PAIRS = 2_000;

/** Every message and its copy in the other chat, both ways; the oldest first. */
interface Bridge {
  readonly pairs: Map<string, string>;
}

/** Makes the bot. @param ends the numbers of the two */
export function createBridge(
  ends: readonly [string, string],
  store = process.env.TWOTICK_STORE ?? "bridge.db",
) {
  const bot = new Bot({
    store,
    session: session<Bridge>({ initial: () => ({ pairs: new Map() }), nameOf: () => "bridge" }),
  });
  const otherEnd = (chat: string): string => (chat === ends[0] ? ends[1] : ends[0]);
  const inside = bot.filter(({ chat }) => ends.some((end) => end === chat));

  inside.on("message:text", async (ctx) => {
    const { pairs } = ctx.session;
    const id = pairs.get(ctx.quote?.id ?? "");
    const quote = id === undefined ? undefined : { id: messageId(id), text: ctx.quote?.text };
    const copy = await ctx.api.send(otherEnd(ctx.chat), ctx.text, { quote });
    pairs.set(ctx.id, copy.id).set(copy.id, ctx.id);
    for (const oldest of pairs.keys()) {
      if (pairs.size <= 2 * MAX_PAIRS) break;
      pairs.delete(oldest);
    }
  });
  inside.on("edit", async (ctx) => {
    const copy = ctx.session.pairs.get(ctx.replaces);
    if (copy) await ctx.api.edit(otherEnd(ctx.chat), copy, ctx.text);
  });
  inside.on("retraction", async (ctx) => {
    const copy = ctx.session.pairs.get(ctx.of);
    if (copy) await ctx.api.retract(otherEnd(ctx.chat), copy);
  });
  inside.on("reaction", async (ctx) => {
    const copy = ctx.session.pairs.get(ctx.of);
    if (copy) await ctx.api.react(otherEnd(ctx.chat), copy, ctx.emojis);
  });
  inside.use(() => {});
  bot.on("message", (ctx) => ctx.reply("This bridge has its two ends."));
  return bot;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [one, two] = (process.env.TWOTICK_BRIDGE ?? "").split(",");
  if (!one || !two) throw new Error("TWOTICK_BRIDGE is two numbers with a comma between them");
  await createBridge([one, two]).start();
  console.log("The bridge stands; Ctrl-C ends it.");
}
