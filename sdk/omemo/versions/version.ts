import type { EpochMs } from "../../../src/clock.js";
import type { DeviceId } from "../../../src/ids.js";
import type { Jid } from "../../../src/jid.js";
import type { OmemoBundle } from "../../../src/omemo-bundle.js";
import type { Element } from "../../../src/xml.js";
import type { Profile } from "../../ratchet/mod.js";
import type { NodeItem } from "../devices/pep.js";
import type { OmemoVersionName, OpenFailure } from "../port.js";

/**
 * Everything in which one version of OMEMO differs from another outside of the ratchet, whose differences are in
 * `profile`: where things are published, how they are written, what is encrypted and how.
 *
 * The rest of OMEMO knows no version by name: another one is a file like `version-omemo2.ts` and an entry in
 * `versions.ts`.
 */
export interface OmemoVersion {
  readonly name: OmemoVersionName;
  readonly profile: Profile;
  /** Where the device list of an account is. */
  readonly deviceList: NodeItem;
  /** Where the bundle of a device is. */
  readonly bundle: (device: DeviceId) => NodeItem;
  /** The devices of a published list, each once. @throws {InvalidInput} */
  readonly readDeviceList: (list: Element) => DeviceId[];
  /** The list as it is published. */
  readonly writeDeviceList: (devices: readonly DeviceId[]) => string;
  /** The bundle with its keys as published. @throws {InvalidInput} */
  readonly readBundle: (bundle: Element) => OmemoBundle;
  /** The bundle as it is published. */
  readonly writeBundle: (bundle: OmemoBundle) => string;
  /** Whether elements beside the text can be encrypted too. */
  readonly canCarryElements: boolean;
  /** Encrypts, with a fresh key, what all devices get. */
  readonly seal: (content: Content, route: EnvelopeRoute) => SealedContent;
  /** Makes a message that says nothing and only carries sessions on. */
  readonly sealEmpty: () => SealedContent;
  /** Takes an `<encrypted/>` of this version apart. @throws {InvalidInput} */
  readonly read: (encrypted: Element, self: Self) => ReceivedMessage;
}

/** What a message says. */
export interface Content {
  /** Missing when there is nothing to show. */
  readonly text: string | undefined;
  /** What else is said, for example a trust message. */
  readonly elements: readonly Element[];
  /** Whether the text alone goes to devices that can carry no elements; otherwise they get nothing. */
  readonly isTextEnough?: boolean | undefined;
}

/** From whom to whom a message goes, and when, as far as it is encrypted with it. */
export interface EnvelopeRoute {
  readonly from: Jid;
  readonly to: Jid;
  /** When it was sent. */
  readonly at: EpochMs;
}

/** What a stanza says of its message, and by which other names those in it may be called. */
export interface ReceivedRoute extends EnvelopeRoute {
  readonly isSender?: ((name: Jid) => boolean) | undefined;
  readonly isRecipient?: ((name: Jid) => boolean) | undefined;
}

/** A content that was encrypted once for all devices. */
export interface SealedContent {
  /** What each device gets through its session; to be overwritten afterwards. */
  readonly keyMaterial: Buffer;
  /** Writes the `<encrypted/>`. */
  readonly write: (sid: DeviceId, keys: readonly DeviceKey[]) => string;
}

/** Key material as it was encrypted for a device: named as in the stanza, so that hundreds are written as they are. */
export interface DeviceKey {
  /** The bare JID whose device it is. */
  readonly jid: string;
  readonly rid: DeviceId;
  /** Whether it builds a session. */
  readonly isPreKey: boolean;
  readonly data: Uint8Array;
}

/** The device that reads. */
export interface Self {
  /** The bare JIDs under which others may know it. */
  readonly addresses: readonly string[];
  readonly device: DeviceId;
}

/** What was received, before anything of it is decrypted. */
export interface ReceivedMessage {
  /** The device that it claims to come from. */
  readonly sid: DeviceId;
  /** The keys for this device; where ids alone name devices, also those of other people's with the same id. */
  readonly keys: readonly Pick<DeviceKey, "isPreKey" | "data">[];
  /**
   * Decrypts the payload with key material that came through a session, which is overwritten.
   *
   * @param route what the stanza says, which an envelope may not contradict
   */
  readonly open: (keyMaterial: Buffer, route: ReceivedRoute) => OpenedContent;
}

/** What a payload was: a content, nothing at all (it only carries the session on), or none of the sender's. */
export type OpenedContent =
  | {
      readonly kind: "content";
      readonly content: Content;
      /** When it was sent, as far as the sender encrypted that with it. */
      readonly sentAt: EpochMs | undefined;
      /** What the sender calls itself, as far as that is encrypted. */
      readonly sender: Jid | undefined;
    }
  | { readonly kind: "empty" }
  | {
      readonly kind: "failed";
      readonly reason: Extract<OpenFailure, "bad-mac" | "malformed" | "bad-envelope">;
    };
