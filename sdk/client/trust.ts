import type { Jid } from "../../src/jid.js";
import { phoneNumber } from "../../src/phone-number.js";
import {
  type Comparison,
  type Fingerprint,
  isSafetyNumber,
  type KnownDevice,
  type KnownIdentity,
  type OmemoTrust,
  parseFingerprint,
  type TrustLevel,
  type Verification,
} from "../omemo/mod.js";

/** What decisions on trust work with. */
export interface ClientTrustPorts {
  /** @throws {LinkError} `not-attached` until the own number is known */
  readonly trust: () => OmemoTrust;
  /** The number JID of a number. */
  readonly jidOf: (number: string) => Jid;
  readonly ownNumber: () => Jid;
}

/**
 * Whom messages are encrypted for, and how people find out that nobody stands between them.
 *
 * Trust belongs to an identity of a person: it outlives device ids, device lists and sessions. What is decided is durable
 * when a call ends, and told, encrypted, to one's other verified devices (XEP-0450). Numbers are E.164. Every method throws
 * `LinkError` (`not-attached`) until the own number is known.
 *
 * @example
 * const { digits } = await client.trust.safetyNumber("+15551230002");
 * // The two compare the digits by a call, or side by side
 * await client.trust.verify("+15551230002", digits);
 */
export class ClientTrust {
  readonly #ports: ClientTrustPorts;

  constructor(ports: ClientTrustPorts) {
    this.#ports = ports;
  }

  /** What is known of the devices of a number; of the own ones, this is not among them. */
  devices(number: string): readonly KnownDevice[] {
    return this.#trust.devices(this.#jidOf(number));
  }

  /** The identities of a number that are known, also those that no device shows any more, or yet. */
  identities(number: string): readonly KnownIdentity[] {
    return this.#trust.identities(this.#jidOf(number));
  }

  /**
   * The 60 digits that two people compare: 12 groups of 5, the same at both when both see the same devices.
   *
   * Device lists and identities are fetched first. `unknown` are devices whose identity cannot be had now: the other side
   * may see another number. `unverifiedOwn` are own devices that are in it and not verified here: the number does not
   * show whose they are.
   *
   * @throws {InvalidInput} when no identity of the other is known, or the number is the own one
   * @throws {OmemoError} `no-devices`; @throws {StanzaError} @throws {LinkError}
   */
  async safetyNumber(number: string): Promise<Comparison> {
    const jid = this.#jidOf(number);
    await this.#trust.refresh(jid);
    return this.#trust.safetyNumber(jid);
  }

  /**
   * The `xmpp:` URI by which others verify one's devices, also other apps; its text is what goes into a QR code.
   *
   * It names this device and the own ones that are verified here; of another number the devices that are verified here.
   *
   * @throws {InvalidInput} when there is none, or more than fit into one
   */
  verificationUri(number?: string): string {
    return this.#trust.verificationUri(number === undefined ? this.#ports.ownNumber() : this.#jidOf(number));
  }

  /**
   * Verifies by what the other person showed or said by a way that nobody else can write on: the URI out of a QR code,
   * the 60 digits, or the fingerprint of one device.
   *
   * From then on, devices of the person that come and are not verified get nothing until they are decided on, unless a
   * verified device of theirs vouches for them.
   *
   * @throws {InvalidInput} when it is none of them, a URI of somebody else, or not the safety number of the two now
   * @throws {OmemoError} @throws {StanzaError} @throws {LinkError} as {@link ClientTrust.safetyNumber}, for the digits alone
   */
  async verify(number: string, by: string): Promise<Verification> {
    const jid = this.#jidOf(number);
    if (isSafetyNumber(by)) await this.#trust.refresh(jid);
    return this.#trust.verify(jid, by);
  }

  /**
   * Has messages go to an identity that was not compared; under `verified-only` that takes more.
   *
   * @throws {InvalidInput} for what is no fingerprint, and the one of this device
   */
  accept(number: string, fingerprint: Fingerprint | string): void {
    this.#decide(number, fingerprint, "trusted");
  }

  /** Has nothing go to an identity, and marks what comes from it. @throws {InvalidInput} as {@link ClientTrust.accept} */
  distrust(number: string, fingerprint: Fingerprint | string): void {
    this.#decide(number, fingerprint, "distrusted");
  }

  /** Takes back what was decided: nothing goes to the identity. @throws {InvalidInput} as {@link ClientTrust.accept} */
  undecide(number: string, fingerprint: Fingerprint | string): void {
    this.#decide(number, fingerprint, "undecided");
  }

  get #trust(): OmemoTrust {
    return this.#ports.trust();
  }

  #jidOf(number: string): Jid {
    return this.#ports.jidOf(phoneNumber(number));
  }

  #decide(number: string, fingerprint: string, level: TrustLevel): void {
    this.#trust.decide(this.#jidOf(number), parseFingerprint(fingerprint), level);
  }
}
