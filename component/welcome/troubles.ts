import type { FastifyRequest } from "fastify";
import type { SignUpRefusal } from "../sign-up/refusal.js";
import type { Trouble } from "./pages.js";
import { queryOf, textsOf } from "./requests.js";
import type { Texts } from "./texts.js";

/** What the address of the page says went wrong: names and waits, nothing of a person. */
export function troubleIn(request: FastifyRequest): Trouble | undefined {
  const parameters = queryOf(request);
  const code = parameters.get("problem") ?? "";
  const wait = /^\d{1,7}$/.exec(parameters.get("wait") ?? "")?.[0];
  const { problems } = textsOf(request);
  if (!Object.hasOwn(problems, code)) return undefined;
  return {
    code: code as keyof Texts["problems"],
    waitSeconds: wait === undefined ? undefined : Number(wait),
  };
}

/** What a refusal is on a page. */
export function troubleOf({ code, retryAfterMs }: SignUpRefusal): Trouble {
  return { code, waitSeconds: retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1000) };
}

/** Writes what went wrong into the address of a page. */
export function troubleQuery({ code, waitSeconds }: Trouble): string {
  const isTold = code === "code-wrong" || code === "code-expired" || code === "too-early";
  // The page itself says when the next try is possible, and still says it right after a reload
  return `problem=${code}${waitSeconds && !isTold ? `&wait=${waitSeconds}` : ""}`;
}
