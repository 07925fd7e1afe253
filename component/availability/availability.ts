import type { EpochMs } from "../../src/clock.js";

/** An app, or device, that is online. Source: RFC 6121 §4.7 */
export interface Resource {
  /** Full JID. */
  readonly jid: string;
  /** Bare JID. */
  readonly account: string;
  /** -128 to 127. */
  readonly priority: number;
  readonly show: "away" | "chat" | "dnd" | "xa" | undefined;
  /** What the person wrote beside it, at most 1,000 characters. */
  readonly status: string | undefined;
  /** When it came online, or was first seen after the link came up. */
  readonly since: EpochMs;
  readonly caps: Caps | undefined;
}

/** What names an app's features. Source: XEP-0115 §4 */
export interface Caps {
  /** Missing in the form from before version 1.4, which proves nothing. */
  readonly hash: string | undefined;
  readonly node: string;
  readonly ver: string;
}

/**
 * Which resources of accounts are online and what their apps can do.
 *
 * Presence lies: an app whose connection broke stays available for minutes. It says when to try, never that
 * something arrived. Source: XEP-0115, XEP-0030
 */
export interface Availability {
  /** Available resources of an account (bare JID), the first that came first. */
  resourcesOf(accountJid: string): readonly Resource[];
  /** Whether a resource (full JID) is available. */
  isAvailable(fullJid: string): boolean;
  /** Features of an app, by entity caps or by asking it; `undefined` when it is not available or does not answer. */
  featuresOf(fullJid: string): Promise<ReadonlySet<string> | undefined>;
  /**
   * Is told of every presence of an available resource; `isNew` at its first, and at its first after the link came up.
   *
   * What a listener throws is logged and stops no other.
   */
  onAvailable(listener: (resource: Resource, isNew: boolean) => void): void;
  /**
   * Is told when a resource (full JID) has gone; with `isLost` when only the link was down: whether it is still there
   * shows in a moment, and when it is, it is new.
   */
  onUnavailable(listener: (fullJid: string, isLost: boolean) => void): void;
}
