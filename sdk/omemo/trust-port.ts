import type { Jid } from "../../src/jid.js";
import type { Fingerprint, KnownDevice } from "./port.js";
import type { Comparison, KnownIdentity, TrustLevel, UriOutcome } from "./trust/mod.js";

/** What came of verifying. Trust of what is `unmentioned` or `mismatched` is left as it was. */
export type Verification = Omit<UriOutcome, "changes" | "dispatches">;

/**
 * Trust in the identities of people, decided on by the person at this device.
 *
 * What is decided is durable when a call returns, and told to the own other devices and, where XEP-0450 says so, to
 * those of contacts, as far as they are verified.
 */
export interface OmemoTrust {
  /** What is known of a person's devices; of the own ones, this is not among them. */
  devices(of: Jid): readonly KnownDevice[];

  /** The identities of a person that are known, also those that no device shows any more or yet. */
  identities(of: Jid): readonly KnownIdentity[];

  /**
   * Fetches the device lists of both sides and the identities of all devices on them, so that what people compare is
   * what is published now.
   *
   * @throws {OmemoError} `no-devices` when the person has published none; @throws {StanzaError} @throws {LinkError}
   */
  refresh(of: Jid): Promise<void>;

  /**
   * The number that two people compare, of the devices as they are known; {@link OmemoTrust.refresh} comes first.
   *
   * @throws {InvalidInput} when no identity of the other is known, or the other is oneself
   */
  safetyNumber(of: Jid): Comparison;

  /**
   * The `xmpp:` URI, and text of a QR code, by which others verify the own devices: this one and the verified others;
   * or the verified ones of somebody else.
   *
   * @throws {InvalidInput} when there is none, or are more than fit into one
   */
  verificationUri(of: Jid): string;

  /**
   * Verifies by what the other person showed or said: a URI, a safety number or the fingerprint of one device.
   *
   * @throws {InvalidInput} when it is none of them, a URI of somebody else, or not the safety number of the two now
   */
  verify(of: Jid, by: string): Verification;

  /**
   * Gives an identity a level: `trusted` is to accept it without having compared it.
   *
   * @throws {InvalidInput} when it is the one of this device
   */
  decide(of: Jid, fingerprint: Fingerprint, level: TrustLevel): void;
}
