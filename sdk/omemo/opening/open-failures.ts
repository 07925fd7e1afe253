import { type RatchetError } from "../../ratchet/mod.js";
import type { OpenFailure } from "../port.js";

/** From the least telling to the most. */
const GRAVITY: readonly OpenFailure[] = [
  "not-for-this-device",
  "malformed",
  "no-session",
  "no-prekey",
  "bad-mac",
  "bad-envelope",
  "too-many-skipped",
  "too-many-devices",
  "duplicate",
];

/** Of two reasons that which tells more. */
export function graver(one: OpenFailure, other: OpenFailure): OpenFailure {
  return GRAVITY.indexOf(other) > GRAVITY.indexOf(one) ? other : one;
}

/** What an error of the ratchet says of a message. */
export function failureOf(error: RatchetError): OpenFailure {
  switch (error.code) {
    case "duplicate-message":
      return "duplicate";
    case "too-many-skipped-keys":
      return "too-many-skipped";
    case "no-pre-key":
      return "no-prekey";
    case "bad-mac":
      return "bad-mac";
    default:
      return "malformed";
  }
}
