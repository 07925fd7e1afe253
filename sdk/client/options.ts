import type { Clock } from "../../src/clock.js";
import type { ConnectionOptions } from "../connection/connection.js";
import type { Omemo, OmemoOptions, TrustPolicy } from "../omemo/mod.js";
import type { Storage } from "../storage/port.js";
import type { Account } from "./account.js";
import type { ConnectionPort } from "./mailbox-service.js";

/** What a client is made of. */
export interface ClientOptions {
  /** Holds everything that must not be lost; one store belongs to one device. It stays open when the client stops. */
  readonly storage: Storage;
  /** Where the XMPP server is: `xmpp://host:port` (STARTTLS) or `xmpps://host:port` (direct TLS). */
  readonly service: string;
  /** The account to log in with; once given it is kept in the store and need not be given again. */
  readonly account?: Account | undefined;
  /**
   * Which identities messages go to before the person has compared anything; `blind-before-verification` unless given.
   *
   * It may be another one at each start: what was decided stays.
   */
  readonly trustPolicy?: TrustPolicy | undefined;
  /** More about the connection: heartbeat, retries, certificates. */
  readonly connection?: Partial<
    Omit<ConnectionOptions, "service" | "domain" | "username" | "password" | "clock" | "random">
  >;
  /** Whether the service is asked for compact frames (docs/protocol.md 4.7); true unless given. Without them XML is spoken. */
  readonly wantsFrames?: boolean | undefined;
  /**
   * How many items may lie in the inbox unacknowledged before arriving ones are held back, at the service, by its
   * window; no limit unless given. An app that falls behind then shows to its senders, as `resource-constraint`.
   */
  readonly maxBacklog?: number | undefined;
  /** Where the time comes from. */
  readonly clock?: Clock;
  /** A random number from 0 to 1, for the time between attempts. */
  readonly random?: () => number;
  /** Makes the connection; for tests. */
  readonly openConnection?: (options: ConnectionOptions) => ConnectionPort;
  /** Makes the encryption; for tests and benchmarks. */
  readonly openOmemo?: (options: OmemoOptions) => Omemo;
}

/** What may be chosen about one message. */
export interface SendOptions {
  /**
   * An id of the caller's own choosing, 1 to 64 printable ASCII characters.
   *
   * Sending the same text under the same id again sends nothing and answers the handle of the first: a program
   * that does not know whether it has sent something before it crashed asks again.
   */
  readonly id?: string;
  /** Whether an id that was used answers the handle of its message also when that said something else. */
  readonly isFirstKept?: boolean;
}
