import { TwotickError } from "../../src/errors.js";

/**
 * The service refused a step of a sign-up, or could not be reached.
 *
 * `code` says why: `code-wrong`, `code-expired`, `checks-exhausted`, `too-early`, `too-many-requests`,
 * `codes-unavailable`, `number-invalid`, `country-not-allowed`, `pin-required`, `pin-wrong`, `pin-locked`,
 * `localpart-taken`, `session-unknown`, `unreachable`, and what else `docs/sign-up-api.md` lists. The same again
 * helps after `retryAfterSeconds`, where there is one.
 */
export class SignUpError extends TwotickError {
  /** HTTP status; 0 when there was no answer, or the answer did not come by HTTP. */
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  /** Codes that may still be checked in this sign-up. */
  readonly checksLeft: number | undefined;

  /** @param code stable name of the refusal @param detail for people */
  constructor(
    code: string,
    detail: string,
    options: { status?: number; retryAfterSeconds?: number; checksLeft?: number; cause?: unknown } = {},
  ) {
    super(code, detail, options.cause);
    this.status = options.status ?? 0;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.checksLeft = options.checksLeft;
  }
}
