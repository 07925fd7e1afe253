import type { FastifyReply } from "fastify";
import type { Html } from "./html.js";
import { STYLE_HASH } from "./style.js";
import type { Texts } from "./texts.js";

const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy": `default-src 'none'; style-src ${STYLE_HASH}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cross-origin-opener-policy": "same-origin",
  vary: "accept-language, cookie",
};

/** Answers with a page. */
export async function show(reply: FastifyReply, texts: Texts, page: Html): Promise<void> {
  await reply.headers({ ...HEADERS, "content-language": texts.language }).send(page.text);
}

/**
 * Answers with the address of another page.
 *
 * @param location relative, so that the reverse proxy may have the page wherever it likes. Source: RFC 9110 §15.4.4
 */
export async function seeOther(reply: FastifyReply, location: string): Promise<void> {
  await reply.code(303).header("cache-control", "no-store").header("location", location).send();
}
