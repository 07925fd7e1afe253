import { TwotickError } from "../../src/errors.js";

/** Why a step of a sign-up was refused, as people are told; by stable name. */
export const REFUSALS = {
  "number-invalid": "This is not a phone number that codes can be sent to",
  "country-not-allowed": "No codes are sent to this country",
  "channel-unavailable": "Codes are not sent this way",
  "too-many-requests": "Too many codes were asked for; wait and try again",
  "codes-unavailable": "No codes can be sent now; try again later",
  "too-early": "Wait before the next try",
  "no-more-codes": "No more codes are sent in this sign-up; begin again",
  "session-unknown": "There is no such sign-up, or it has expired; begin again",
  "code-wrong": "The code is not right",
  "code-expired": "The code has expired; ask for another one",
  "checks-exhausted": "Too many wrong codes; begin again",
  "pin-invalid": "A PIN is 4 to 20 digits",
  "pin-required": "The number is protected by a PIN",
  "pin-wrong": "The PIN is not right",
  "pin-locked": "Too many wrong PINs; wait and try again",
  "localpart-invalid": "This name cannot be chosen",
  "localpart-taken": "This name is taken",
  "device-mismatch": "This sign-up was finished by another device",
  "host-unavailable": "The server cannot be reached; try again",
  "host-refused": "The server does not make accounts now",
  "invitations-unavailable": "There are no invitations here; take an address and a password",
  "account-made": "The account has been made already",
} as const;

/** The stable name of a refusal. */
export type RefusalCode = keyof typeof REFUSALS;

/**
 * A step of a sign-up was refused.
 *
 * Trying the same again helps where `retryAfterMs` says when; `code` tells what else would.
 */
export class SignUpRefusal extends TwotickError {
  declare readonly code: RefusalCode;
  readonly retryAfterMs: number | undefined;
  readonly checksLeft: number | undefined;

  /** @param code which refusal; its sentence is the message */
  constructor(
    code: RefusalCode,
    options: { readonly retryAfterMs?: number; readonly checksLeft?: number; readonly cause?: unknown } = {},
  ) {
    super(code, REFUSALS[code], options.cause);
    this.retryAfterMs = options.retryAfterMs;
    this.checksLeft = options.checksLeft;
  }
}
