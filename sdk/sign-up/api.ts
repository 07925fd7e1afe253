import { type Clock, systemClock } from "../../src/clock.js";
import { SignUpError } from "./refusal.js";

/** How the sign-up API is reached. */
export interface ApiOptions {
  /** Where the API is: the part before `/v1/sign-ups`. */
  readonly api: string | URL;
  /** How long one request may take; 30 s when left out: a provider may be slow. */
  readonly timeoutMs?: number;
  /** Requests made at most for one step while there is no answer; 4 when left out. */
  readonly attempts?: number;
  readonly clock?: Clock;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_ATTEMPTS = 4;
const FIRST_RETRY_MS = 250;
const MAX_ANSWER_CHARACTERS = 64 * 1024;
/** Statuses of a proxy whose service is away, and of a service that cannot reach its server just now. */
const AWAY: ReadonlySet<number> = new Set([502, 504]);

/** Talks to the sign-up API. */
export class Api {
  readonly #options: ApiOptions;

  /** @param options where it is and how patient to be */
  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /**
   * Posts JSON and answers JSON.
   *
   * @param isRepeatable whether it may be sent again when no answer came
   * @throws {SignUpError}
   */
  async post(path: string, body: object, isRepeatable: boolean): Promise<Record<string, unknown>> {
    const attempts = isRepeatable ? (this.#options.attempts ?? DEFAULT_ATTEMPTS) : 1;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#postOnce(path, body);
      } catch (error) {
        if (attempt >= attempts || !isWorthRepeating(error)) throw error;
        await this.#wait(FIRST_RETRY_MS * 2 ** (attempt - 1) * (0.5 + Math.random()));
      }
    }
  }

  async #postOnce(path: string, body: object): Promise<Record<string, unknown>> {
    const base = withoutSlashes(String(this.#options.api));
    const { status, text, isJson } = await this.#fetch(`${base}${path}`, JSON.stringify(body));
    const answer = isJson ? parse(text) : undefined;
    if (status >= 200 && status < 300 && answer) return answer;
    throw readProblem(status, answer);
  }

  async #fetch(url: string, body: string): Promise<{ status: number; text: string; isJson: boolean }> {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json, application/problem+json" },
        body,
        redirect: "error",
        signal: AbortSignal.timeout(this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS),
      });
      const text = (await response.text()).slice(0, MAX_ANSWER_CHARACTERS);
      const isJson = /[/+]json\b/.test(response.headers.get("content-type") ?? "");
      return { status: response.status, text, isJson };
    } catch (error) {
      throw new SignUpError("unreachable", "the sign-up service did not answer", { cause: error });
    }
  }

  #wait(ms: number): Promise<void> {
    const clock = this.#options.clock ?? systemClock;
    return new Promise((resolve) => void clock.after(ms, resolve));
  }
}

// "host-unavailable" is the service's "try this very step again"
function isWorthRepeating(error: unknown): boolean {
  return (
    error instanceof SignUpError &&
    (error.code === "unreachable" || error.code === "host-unavailable" || AWAY.has(error.status))
  );
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

// RFC 9457 §3.1
function readProblem(status: number, problem: Record<string, unknown> | undefined): SignUpError {
  const { type, detail, title, retryAfterSeconds, checksLeft } = problem ?? {};
  const prefix = "urn:twotick:problem:";
  const code = typeof type === "string" && type.startsWith(prefix) ? type.slice(prefix.length) : "refused";
  const text = [detail, title].find((one) => typeof one === "string");
  return new SignUpError(code, text ?? `the sign-up service answered with status ${status}`, {
    status,
    ...(typeof retryAfterSeconds === "number" ? { retryAfterSeconds } : {}),
    ...(typeof checksLeft === "number" ? { checksLeft } : {}),
  });
}

function withoutSlashes(address: string): string {
  let end = address.length;
  while (address[end - 1] === "/") end -= 1;
  return address.slice(0, end);
}
