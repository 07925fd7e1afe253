import { TwotickError } from "../../src/errors.js";

/**
 * What was asked of OMEMO cannot be done, for a reason in `code`:
 *
 * - `not-prepared`: device lists or bundles have to be fetched first; `prepare` and trying again help
 * - `no-devices`: the person has no device that a message could be encrypted to; trying again later may help
 * - `untrusted-identity`: content may go to none of the identities that the person shows; accepting or verifying one
 *   helps, under `verified-only` only the latter
 * - `not-listed`: the server took the device list and does not have it; trying again later may help
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
  "not-prepared" | "no-devices" | "untrusted-identity" | "not-listed" | "other-device";
