/**
 * Sends encrypted messages for any system that can ask by HTTP.
 *
 *     TWOTICK_NUMBER=+15551230009 TWOTICK_WEBHOOK_TOKEN="$(openssl rand -base64 24)" npx tsx examples/webhook.ts
 *
 *     curl http://127.0.0.1:5390/messages -H "Authorization: Bearer $TWOTICK_WEBHOOK_TOKEN" \
 *       -H "Idempotency-Key: backup-2026-05-01" -H "Content-Type: application/json" \
 *       -d '{"to": "+15551230001", "text": "The backup has failed."}'
 *
 * The answer comes when the message is durable here: it goes, whatever happens then. Who got no answer asks again with
 * the same key; the message goes once. `GET /messages/ID` says how far it has come.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { pathToFileURL } from "node:url";
import { Bot, type BotApi, type SentMessage } from "twotick/bot";
import { InvalidInput, isPhoneNumber, LinkError } from "twotick/protocol";

const MAX_BODY_BYTES = 16 * 1024;
const MAX_TEXT_CHARACTERS = 4_000;
const MIN_TOKEN_CHARACTERS = 16;

/** What the asker did wrong, and the status that says so. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Makes the server; it listens not before it is told to.
 *
 * @param bot runs already
 * @param token what askers have to know
 */
export function createWebhook(bot: Pick<Bot, "api">, token: string): Server {
  if (token.length < MIN_TOKEN_CHARACTERS) throw new Error("the token is too short to be secret");
  const server = createServer((request, response) => {
    void answer(bot, token, request).then(({ status, content }) => {
      // What of the body was not read is of no use any more
      response.writeHead(status, { "content-type": "application/json", connection: "close" });
      response.end(JSON.stringify(content));
    });
  });
  server.requestTimeout = 10_000;
  return server;
}

async function answer(bot: Pick<Bot, "api">, token: string, request: IncomingMessage) {
  try {
    if (!isSame(request.headers.authorization ?? "", `Bearer ${token}`))
      throw new Refusal(401, "the token is missing or wrong");
    const [, place, id, ...rest] = (request.url ?? "").split("/");
    if (place !== "messages" || rest.length > 0) throw new Refusal(404, "there is nothing at this path");
    if (id !== undefined) return { status: 200, content: look(apiOf(bot), request.method, id) };
    if (request.method !== "POST") throw new Refusal(405, "messages are sent with POST");
    return { status: 202, content: await send(apiOf(bot), request) };
  } catch (error) {
    const status = statusOf(error);
    return { status, content: { error: status === 500 ? "something went wrong" : (error as Error).message } };
  }
}

function apiOf(bot: Pick<Bot, "api">): BotApi {
  try {
    return bot.api;
  } catch {
    throw new Refusal(503, "the bot does not run");
  }
}

function look(api: BotApi, method: string | undefined, id: string) {
  if (method !== "GET") throw new Refusal(405, "how far a message has come is asked with GET");
  const sent = /^[\w-]{1,64}$/.test(id) ? api.sent(id) : undefined;
  if (!sent) throw new Refusal(404, "no such message is known");
  return described(sent);
}

async function send(api: BotApi, request: IncomingMessage) {
  const key = request.headers["idempotency-key"];
  if (typeof key !== "string" || key.length < 1 || key.length > 200)
    throw new Refusal(400, "Idempotency-Key names the message, so that it goes once");
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? ""))
    throw new Refusal(415, "the body is application/json");
  const { to, text } = readMessage(await readBody(request));
  return described(await api.send(to, text, { key: `webhook ${key}` }));
}

function readMessage(body: string): { to: string; text: string } {
  let message: { to?: unknown; text?: unknown } | null;
  try {
    message = JSON.parse(body) as typeof message;
  } catch {
    throw new Refusal(400, "the body is not JSON");
  }
  const { to, text } = message ?? {};
  if (typeof to !== "string" || !isPhoneNumber(to))
    throw new Refusal(422, "`to` is a number like +15551230001");
  if (typeof text !== "string" || text === "") throw new Refusal(422, "`text` is missing");
  if (text.length > MAX_TEXT_CHARACTERS)
    throw new Refusal(422, `\`text\` has ${MAX_TEXT_CHARACTERS} characters at most`);
  return { to, text };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > MAX_BODY_BYTES) throw new Refusal(413, `the body has ${MAX_BODY_BYTES} bytes at most`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function described({ id, state, failure }: SentMessage) {
  return { id, state, ...(failure && { error: failure.code }) };
}

function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.status;
  // It stops just now, or does not run yet: asking again helps
  if (error instanceof LinkError) return 503;
  return error instanceof InvalidInput ? 422 : 500;
}

/** Whether two texts are the same, in a time that tells nothing of where they differ. */
function isSame(given: string, expected: string): boolean {
  const [one, other] = [given, expected].map((text) => createHash("sha256").update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const bot = new Bot({ store: process.env.TWOTICK_STORE ?? "webhook.db" });
  bot.on("message", (ctx) => ctx.reply("I only tell; nobody reads what you write here."));
  const server = createWebhook(bot, process.env.TWOTICK_WEBHOOK_TOKEN ?? "");
  await bot.start();
  server.listen(Number(process.env.TWOTICK_WEBHOOK_PORT ?? 5390), "127.0.0.1");
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => server.close());
  console.log("The webhook listens; Ctrl-C ends it.");
}
