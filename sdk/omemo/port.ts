import type { EpochMs } from "../../src/clock.js";
import type { DeviceId } from "../../src/ids.js";
import type { Jid } from "../../src/jid.js";
import type { Element } from "../../src/xml.js";
import type { Transaction } from "../storage/port.js";
import type { ControlMessage } from "./sealing/control.js";
import type { SealedAhead } from "./sealing/seal-ahead.js";
import type { OmemoTrust } from "./trust-port.js";
import type { TrustChange, TrustLevel } from "./trust/mod.js";

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
   * Makes sure that others can encrypt to this device, in every version: publishes the bundle when it changed since
   * it was last published or is missing at the server, adds this device to the list when it is not in it, and opens
   * what is there but cannot be read by everybody or is not kept.
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
   *   server does not show them (`cause`); `untrusted-identity` when content may go to none of the identities that
   *   they show: accepting or verifying one helps
   * @throws {StanzaError} @throws {LinkError} when nothing is known and trying again later may help
   */
  prepare(to: Jid): Promise<void>;

  /**
   * Encrypts for all devices of a person and one's own others, for each in the version that it announces, OMEMO 2
   * before 0.3; the ratchets advance in `transaction`.
   *
   * @throws {OmemoError} `not-prepared` when {@link Omemo.prepare} has to run first (again); `no-devices` and
   *   `untrusted-identity` as there
   * @throws {InvalidInput} when the text has more than 64 KiB or cannot stand in XML, or the message with the keys of all devices
   *   has more than 96 KiB. Nothing has been written in any of these cases.
   */
  seal(transaction: Transaction, to: Jid, content: PlainContent): Sealed;

  /**
   * Encrypts a message to many devices before the transaction, in slices between which everything else has its turn:
   * that transaction then holds the event loop only as long as it writes. Nothing is written here.
   *
   * @returns nothing when there are few devices, or something is against it, which {@link Omemo.seal} will tell
   */
  sealAhead(to: Jid, content: PlainContent): Promise<SealedAhead | undefined>;

  /**
   * Fetches what {@link Omemo.sealControl} needs; for a repair also the bundle, whatever is known of the device.
   *
   * @throws {StanzaError} @throws {LinkError} when trying again later may help
   */
  prepareControl(control: ControlMessage): Promise<void>;

  /**
   * Encrypts a message of OMEMO's own; the ratchets advance in `transaction`.
   *
   * @returns nothing when there is no device (any more) that is to get it
   * @throws {OmemoError} `not-prepared` when {@link Omemo.prepareControl} has to run first (again)
   */
  sealControl(transaction: Transaction, control: ControlMessage): Sealed | undefined;

  /**
   * Decrypts a message; the ratchet advances in `transaction`, or nothing changes when it fails.
   *
   * @param incoming what the service says of the message, to which its envelope is held
   * @param message what holds the `<encrypted/>` of one version or of both: that which is meant for this device is opened
   */
  open(transaction: Transaction, incoming: Incoming, message: Element): Opened;

  /** Takes in a device list that was pushed (the `<items/>` of a PEP event). Source: XEP-0163 §4.3. */
  receiveDeviceList(from: Jid, items: Element): void;

  /**
   * A message to a person could not be opened, so what is known of their devices may be wrong: the list is fetched
   * again before the next message to them.
   */
  doubt(of: Jid): void;

  /**
   * Begins every session with a person's listed devices anew, because somebody asks for it: the message that each
   * gets carries nothing else. Sessions that are broken noticeably are repaired without being asked.
   *
   * @returns how many are begun anew; they go out when their turn comes
   * @throws {StanzaError} @throws {LinkError} when the devices cannot be asked for
   * Source: XEP-0384 0.8 §6.
   */
  renewSessions(of: Jid): Promise<number>;

  /** Whom content goes to, and how people find out that nobody stands between them. */
  readonly trust: OmemoTrust;

  /** Ends what runs in the background; the store stays open. */
  close(): void;
}

/**
 * What is to be encrypted: a text, or a text and what stands beside it.
 *
 * A device that speaks OMEMO 0.3, which encrypts nothing but a text, gets the text alone; without one it is skipped.
 */
export type PlainContent =
  string | { readonly text: string | undefined; readonly elements: readonly Element[] };

/** Who a message is from, to whom it went, and when it was accepted. */
export interface Incoming {
  /** A number JID; the own one for copies of what own devices sent. The resource does not count. */
  readonly from: Jid;
  readonly to: Jid;
  readonly at: EpochMs;
}

/** A version of OMEMO: `eu.siacs.conversations.axolotl` or `urn:xmpp:omemo:2`. */
export type OmemoVersionName = "0.3" | "2";

/**
 * A public identity key in 64 hexadecimal digits, as apps show it: its X25519 form, which is the same in all versions.
 *
 * Source: XEP-0384 0.3 §7, XEP-0384 0.8 §8.
 */
export type Fingerprint = string & { readonly __fingerprint: unique symbol };

/** A device of a person, as this device knows it. */
export interface KnownDevice {
  readonly device: DeviceId;
  /** The identity that it showed last; missing as long as none was met. */
  readonly fingerprint: Fingerprint | undefined;
  /** What the identity counts as under the policy: content goes to what is `trusted` or `verified`. */
  readonly trust: TrustLevel;
  readonly hasSession: boolean;
  /** The versions in whose published list it stands, the one preferred first; empty when the person took it off. */
  readonly versions: readonly OmemoVersionName[];
}

/** Why a device was left out of a message. */
export type SkipReason =
  | "no-bundle"
  | "malformed-bundle"
  /** Nobody has decided on the identity that it shows; verifying or accepting it helps. */
  | "undecided-identity"
  | "distrusted-identity"
  | "too-many-devices"
  /** It speaks no version that can carry what is sent. */
  | "old-version";

/** A device that a message was not encrypted to. */
export interface SkippedDevice {
  readonly address: string;
  readonly device: DeviceId;
  readonly reason: SkipReason;
}

/** An encrypted message, ready to be submitted. */
export interface Sealed {
  /** XML of the message's children: encrypted element of each version in use, hints and a body for apps without OMEMO. */
  readonly payload: string;
  /** How many devices can read it: of the recipient, and of oneself. */
  readonly devices: { readonly recipient: number; readonly own: number };
  readonly skipped: readonly SkippedDevice[];
}

/**
 * Why a message could not be opened. Trying again with the same message never helps, except after `too-many-skipped`
 * when messages between arrived.
 *
 * - `duplicate`: it was opened before; nothing is lost
 * - `not-for-this-device`: it holds no key for this device (the sender did not know it yet)
 * - `no-session`: it continues a session that this device does not have
 * - `no-prekey`: it begins a session with a prekey that is used up or was never ours
 * - `bad-mac`: it was tampered with, or belongs to a session that is gone
 * - `bad-envelope`: it was written by somebody else, to somebody else or at another time than the service says
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
  | "bad-envelope"
  | "too-many-skipped"
  | "too-many-devices"
  | "malformed";

/** What came of opening a message. */
export type Opened =
  | {
      readonly kind: "plaintext";
      readonly device: DeviceId;
      /** The identity that it was encrypted with. */
      readonly fingerprint: Fingerprint;
      /** What that identity counts as: what comes from one that is not trusted is opened and marked, never hidden. */
      readonly trust: TrustLevel;
      readonly plaintext: string;
      /** What stood beside the text in its envelope, each with its own `xmlns`. Source: XEP-0420 §4 */
      readonly elements: readonly Element[];
    }
  /** It says something, but nothing to show, for example a receipt; or it was a trust message, which is no element here. */
  | {
      readonly kind: "content";
      readonly device: DeviceId;
      readonly fingerprint: Fingerprint;
      readonly trust: TrustLevel;
      readonly elements: readonly Element[];
    }
  /** It only carries the session on; there is nothing to show. Source: XEP-0384 0.3 §4.6, XEP-0384 0.8 §5.5.2 */
  | { readonly kind: "key-transport"; readonly device: DeviceId }
  | {
      readonly kind: "failed";
      readonly device: DeviceId | undefined;
      readonly reason: OpenFailure;
      /** Set when nothing is lost: it was an empty message, or one of OMEMO's own to other devices. */
      readonly isSilent?: true;
    };

/** News for the person who uses this device. Told after the transaction in which they arose. */
export type OmemoEvent =
  /** A device shows another identity than until now, whatever the policy. */
  | {
      readonly kind: "identity-changed";
      readonly address: string;
      readonly device: DeviceId;
      readonly before: Fingerprint;
      readonly now: Fingerprint;
      /** What the new one counts as. */
      readonly trust: TrustLevel;
    }
  /** A person of whom devices were known has one more; after re-registration of a number all are new. */
  | {
      readonly kind: "device-added";
      readonly address: string;
      readonly device: DeviceId;
      readonly fingerprint: Fingerprint;
      readonly trust: TrustLevel;
    }
  /** An identity got another level: by the person at this device, or on the word of another device that is verified. */
  | ({ readonly kind: "trust-changed" } & TrustChange)
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
