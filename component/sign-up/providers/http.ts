import type { SignUpConfig } from "../config.js";
import { CodeNotSent, type CodeProvider, fillIn, type Placeholders, withRetries } from "./provider.js";

type HttpConfig = NonNullable<SignUpConfig["http"]>;
type RequestConfig = NonNullable<HttpConfig["voice"]>;

/** No answer of a provider is read any further. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Sends codes by HTTP request, as nearly every SMS service takes them. @param secret takes the place of `{secret}` */
export function httpProvider(
  config: HttpConfig,
  secret: string,
  wait: (ms: number) => Promise<void>,
): CodeProvider {
  const { voice } = config;
  return {
    channels: voice ? ["sms", "voice"] : ["sms"],
    async send(message) {
      const request = message.channel === "voice" ? voice : config;
      if (!request) throw new CodeNotSent("there are no voice calls", { isPermanent: true });
      const values = { ...message, secret };
      await withRetries(request.attempts, wait, () => sendOnce(request, values));
    },
  };
}

async function sendOnce(request: RequestConfig, values: Placeholders): Promise<void> {
  const hasBody = request.method !== "GET" && request.body !== "";
  const headers = Object.entries(request.headers).map(([name, value]) => [
    name,
    fillIn(value, values, headerValue),
  ]);
  const { status, body } = await ask(fillIn(request.url, values, encodeURIComponent), {
    method: request.method,
    headers: Object.fromEntries(hasBody ? [["content-type", request.contentType], ...headers] : headers),
    // A redirect would carry number, code and secret to who knows where
    redirect: "error",
    signal: AbortSignal.timeout(request.timeoutMs),
    ...(hasBody ? { body: fillIn(request.body, values, encoderFor(request.contentType)) } : {}),
  });
  if (status === 408 || status === 429 || status >= 500)
    throw new CodeNotSent(`the provider answered with status ${status}`);
  if (status < 200 || status >= 300)
    throw new CodeNotSent(`the provider answered with status ${status}`, { isPermanent: true });
  if (request.expectBody !== undefined && !body.includes(request.expectBody))
    throw new CodeNotSent("the provider's answer lacks what expect_body names", { isPermanent: true });
}

async function ask(url: string, init: RequestInit): Promise<{ status: number; body: string }> {
  try {
    const response = await fetch(url, init);
    return { status: response.status, body: await readStart(response) };
  } catch (error) {
    // The error's own words may hold the URL, and the URL may hold number and code
    throw new CodeNotSent(
      (error as Error).name === "TimeoutError"
        ? "the provider did not answer in time"
        : "the provider could not be reached",
    );
  }
}

async function readStart(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).toString();
}

function encoderFor(contentType: string): (value: string) => string {
  if (contentType.includes("json")) return (value) => JSON.stringify(value).slice(1, -1);
  if (contentType.includes("x-www-form-urlencoded")) return encodeURIComponent;
  if (contentType.includes("xml")) return escapeMarkup;
  return (value) => value;
}

function escapeMarkup(value: string): string {
  return value.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

// A line break would begin another header
function headerValue(value: string): string {
  return value.replaceAll(/[\r\n\0]/g, "");
}
