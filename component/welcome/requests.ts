import type { FastifyRequest } from "fastify";
import { textsFor } from "./languages.js";
import type { Texts } from "./texts.js";

/** The texts in the language that the browser asks for. */
export function textsOf(request: FastifyRequest): Texts {
  return textsFor(request.headers["accept-language"]);
}

/** The fields of a form that was sent. */
export function formOf({ body }: FastifyRequest): URLSearchParams {
  return body instanceof URLSearchParams ? body : new URLSearchParams();
}

/** What stands behind the question mark of the address. */
export function queryOf({ url }: FastifyRequest): URLSearchParams {
  return new URL(url, "http://localhost").searchParams;
}
