import type { DeviceId } from "../../src/ids.js";
import type { Jid } from "../../src/jid.js";
import type { Element } from "../../src/xml.js";
import type { Transaction } from "../storage/port.js";

/**
 * End-to-end encryption for one device: its keys, its sessions, what it knows of other people's devices.
 *
 * Nothing that talks to the network runs inside a transaction, and nothing that advances a ratchet runs outside
 * of one: {@link Omemo.prepare} fetches, {@link Omemo.seal} and {@link Omemo.open} are synchronous and write
 * through the caller's transaction only, so that a ratchet state and the outbox or inbox entry that belongs to
 * it become durable together or not at all.
 *
 * Addresses are bare JIDs: number JIDs for people, and the own number JID for the own other devices.
 */
export interface Omemo {
  /** The identity of this device, as others see it. */
  readonly fingerprint: Fingerprint;

  /**
   * Makes sure that others can encrypt to this device: publishes the bundle when it changed since it was last
   * published or is missing at the server, and adds this device to the list when it is not in it.
   *
   * To be called after every login; prekeys that are used up later are published again without being asked.
   *
   * @throws {StanzaError} when the server refuses; {@link LinkError} when it cannot be reached; {@link OmemoError}
   *   `not-listed` when it takes the list and does not keep it
   */
  announce(): Promise<void>;

  /**
   * Fetches what {@link Omemo.seal} needs for messages to a person: the device lists of both sides when the
   * known ones are too old, and the bundle of every device without a session.
   *
   * When the server cannot be reached an older list does; then only devices with a session are written to.
   *
   * @throws {OmemoError} `no-devices` when the person has none that a message could be encrypted to, or the
   *   server does not show them (`cause`); `untrusted-identity` when all that the person has changed their identity
   * @throws {StanzaError} @throws {LinkError} when nothing is known and trying again later may help
   */
  prepare(to: Jid): Promise<void>;

  /**
   * Encrypts for all devices of a person and one's own others; the ratchets advance in `transaction`.
   *
   * @throws {OmemoError} `not-prepared` when {@link Omemo.prepare} has to run first (again); `no-devices` and
   *   `untrusted-identity` as there
   * @throws {InvalidInput} when the text has more than 64 KiB. Nothing has been written in any of these cases.
   */
  seal(transaction: Transaction, to: Jid, plaintext: string): Sealed;

  /**
   * Decrypts one `<encrypted/>`; the ratchet advances in `transaction`, or nothing changes when it fails.
   *
   * @param from who the message is from: a number JID, the own one for copies of what own devices sent
   */
  open(transaction: Transaction, from: Jid, encrypted: Element): Opened;

  /** Takes in a device list that was pushed (the `<items/>` of a PEP event). Source: XEP-0163 §4.3. */
  receiveDeviceList(from: Jid, items: Element): void;

  /**
   * A message to a person could not be opened, so what is known of their devices may be wrong: the list is fetched
   * again before the next message to them.
   */
  doubt(of: Jid): void;

  /** What is known of a person's devices. */
  devices(of: Jid): readonly KnownDevice[];

  /**
   * Takes a changed identity for the device's own from now on; its old sessions are dropped.
   *
   * @throws {OmemoError} `identity-mismatch` when that is not the identity that was met last
   */
  acceptIdentity(of: Jid, device: DeviceId, fingerprint: Fingerprint): void;

  /** Ends what runs in the background; the store stays open. */
  close(): void;
}

/** A public identity key in 64 hexadecimal digits, as apps show it. Source: XEP-0384 0.3 §7. */
export type Fingerprint = string & { readonly __fingerprint: unique symbol };

/** A device of a person, as this device knows it. */
export interface KnownDevice {
  readonly device: DeviceId;
  /** The identity that is trusted; missing as long as none was met. */
  readonly fingerprint: Fingerprint | undefined;
  /** Another identity that the device claims now; nothing goes to or comes from it until that is accepted. */
  readonly changedTo: Fingerprint | undefined;
  readonly hasSession: boolean;
  /** Whether it stands in the person's published list. */
  readonly isListed: boolean;
}

/** Why a device was left out of a message. */
export type SkipReason = "no-bundle" | "malformed-bundle" | "untrusted-identity" | "too-many-devices";

/** A device that a message was not encrypted to. */
export interface SkippedDevice {
  readonly address: string;
  readonly device: DeviceId;
  readonly reason: SkipReason;
}

/** An encrypted message, ready to be submitted. */
export interface Sealed {
  /** XML of the message's children: encrypted element, hints and a body for apps without OMEMO. */
  readonly payload: string;
  /** How many devices can read it: of the recipient, and of oneself. */
  readonly devices: { readonly recipient: number; readonly own: number };
  readonly skipped: readonly SkippedDevice[];
}

/**
 * Why a message could not be opened. Trying again with the same message never helps, except after
 * `untrusted-identity` when the identity has been accepted and after `too-many-skipped` when messages between arrived.
 *
 * - `duplicate`: it was opened before; nothing is lost
 * - `not-for-this-device`: it holds no key for this device (the sender did not know it yet)
 * - `no-session`: it continues a session that this device does not have
 * - `no-prekey`: it begins a session with a prekey that is used up or was never ours
 * - `bad-mac`: it was tampered with, or belongs to a session that is gone
 * - `untrusted-identity`: the sending device shows another identity than before
 * - `too-many-skipped`: it lies too far ahead of what arrived
 * - `too-many-devices`: the person has shown far more devices than anybody has
 * - `malformed`: it is no OMEMO message
 */
export type OpenFailure =
  | "duplicate"
  | "not-for-this-device"
  | "no-session"
  | "no-prekey"
  | "bad-mac"
  | "untrusted-identity"
  | "too-many-skipped"
  | "too-many-devices"
  | "malformed";

/** What came of opening a message. */
export type Opened =
  | { readonly kind: "plaintext"; readonly device: DeviceId; readonly plaintext: string }
  /** It only carries the session on; there is nothing to show. Source: XEP-0384 0.3 §4.6 */
  | { readonly kind: "key-transport"; readonly device: DeviceId }
  | { readonly kind: "failed"; readonly device: DeviceId | undefined; readonly reason: OpenFailure };

/** News for the person who uses this device. Told after the transaction in which they arose. */
export type OmemoEvent =
  /** A device shows another identity than the one pinned: told once per new identity. */
  | {
      readonly kind: "identity-changed";
      readonly address: string;
      readonly device: DeviceId;
      readonly pinned: Fingerprint;
      readonly claimed: Fingerprint;
    }
  /** A person of whom devices were known has one more; after re-registration of a number all are new. */
  | {
      readonly kind: "device-added";
      readonly address: string;
      readonly device: DeviceId;
      readonly fingerprint: Fingerprint;
    }
  /** A device cannot be encrypted to for now. */
  | { readonly kind: "device-skipped"; readonly skipped: SkippedDevice }
  /** Something could not be kept, and comes up again by itself. */
  | { readonly kind: "storage-failed"; readonly error: Error }
  /** Publishing in the background failed; the next {@link Omemo.announce} tries again. */
  | { readonly kind: "publish-failed"; readonly error: Error };

/** What OMEMO needs of a connection. */
export interface IqPort {
  /**
   * Sends an IQ and answers its result.
   *
   * @throws {StanzaError} when the peer answers with an error; @throws {LinkError} when no answer comes
   */
  request(iq: Element): Promise<Element>;
}
