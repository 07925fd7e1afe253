import type { FastifyReply } from "fastify";
import { TwotickError } from "../../src/errors.js";

/** Further members of a problem, and what goes into headers. */
export interface ProblemOptions {
  /** When trying again may help; also becomes the header `Retry-After`. Whole seconds, rounded up. */
  readonly retryAfterSeconds?: number;
  /** Members beside the standard ones. Source: RFC 9457 §3.2. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/**
 * A request to the HTTP API was refused; the caller is told by problem details.
 *
 * `code` becomes the type `urn:twotick:problem:<code>`; trying again helps where `retryAfterSeconds` says so.
 * Source: RFC 9457.
 */
export class Problem extends TwotickError {
  readonly status: number;
  readonly title: string;
  readonly options: ProblemOptions;

  /** @param title says what the kind of problem is @param detail says what happened this time */
  constructor(status: number, code: string, title: string, detail = title, options: ProblemOptions = {}) {
    super(code, detail, options.cause);
    this.status = status;
    this.title = title;
    this.options = options;
  }

  /** The body that the caller gets. Source: RFC 9457 §3.1. */
  toJSON(): Record<string, unknown> {
    const { extra, retryAfterSeconds } = this.options;
    return {
      ...extra,
      type: `urn:twotick:problem:${this.code}`,
      status: this.status,
      title: this.title,
      detail: this.message,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds: Math.ceil(retryAfterSeconds) }),
    };
  }

  /** Answers a request with this problem. */
  async send(reply: FastifyReply): Promise<void> {
    const { retryAfterSeconds, headers } = this.options;
    if (headers) reply.headers(headers);
    if (retryAfterSeconds !== undefined) reply.header("retry-after", String(Math.ceil(retryAfterSeconds)));
    await reply
      .code(this.status)
      .type("application/problem+json")
      .serializer((text: string) => text)
      .send(JSON.stringify(this));
  }
}

/** Turns whatever a route or the server threw into a problem; faults of our own say nothing about themselves. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const known = typeof code === "string" ? SERVER_ERRORS[code] : undefined;
  if (known) return new Problem(known.status, known.code, known.title, known.title, { cause: error });
  if (code === "disk-full")
    return new Problem(503, "no-room", "The service has no room at the moment", undefined, {
      retryAfterSeconds: FULL_RETRY_SECONDS,
      cause: error,
    });
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500)
    return new Problem(statusCode, "bad-request", "The request is not valid", undefined, { cause: error });
  return new Problem(
    500,
    "internal",
    "Something went wrong here",
    "The fault is not yours; try again later",
    {
      cause: error,
    },
  );
}

/** When to try again on a disk that is full. */
const FULL_RETRY_SECONDS = 60;

/** What fastify says in its own words. */
const SERVER_ERRORS: Readonly<Record<string, { status: number; code: string; title: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, code: "too-large", title: "The request body is too large" },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    code: "unsupported-media-type",
    title: "The request body must be application/json",
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: { status: 400, code: "bad-request", title: "The request body is empty" },
  FST_ERR_CTP_INVALID_JSON_BODY: { status: 400, code: "bad-request", title: "The request body is not JSON" },
  FST_ERR_BAD_URL: { status: 400, code: "bad-request", title: "The path is malformed" },
};
