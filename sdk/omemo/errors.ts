import { TwotickError } from "../../src/errors.js";

/**
 * What was asked of OMEMO cannot be done, for a reason in `code`:
 *
 * - `not-prepared`: device lists or bundles have to be fetched first; `prepare` and trying again help
 * - `no-devices`: the person has no device that a message could be encrypted to; trying again later may help
 * - `untrusted-identity`: every device of the person shows a changed identity; accepting it helps
 * - `not-listed`: the server took the device list and does not have it; trying again later may help
 * - `identity-mismatch`: the identity to be accepted is not the one that was met last
 * - `other-device`: the store belongs to another device or number
 */
export class OmemoError extends TwotickError {
  declare readonly code: OmemoErrorCode;

  /** @param code see the class @param message for people, without numbers and keys */
  constructor(code: OmemoErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, options.cause);
  }
}

/** The codes of {@link OmemoError}. */
export type OmemoErrorCode =
  "not-prepared" | "no-devices" | "untrusted-identity" | "not-listed" | "identity-mismatch" | "other-device";
