import type { Clock } from "../../src/clock.js";
import { systemClock } from "../../src/clock.js";
import type { StreamLimits } from "../../src/stream-parser.js";

/** How a link is set up; only where the server is, the domain and the secret have no default. */
export interface LinkOptions {
  /** Host name or address of the server's component port. */
  host: string;
  /** The server's component port. */
  port: number;
  /** The domain that the component serves, in the form that the server prepares (lower case). */
  domain: string;
  /** The secret shared with the server. */
  secret: string;
  /** Where the time comes from; the system's unless given. */
  clock?: Clock;
  /** Draws from 0 to 1 for the back-off; `Math.random` unless given. */
  random?: () => number;
  /** Limits of what arrives that differ from the defaults. */
  limits?: Partial<StreamLimits>;
  /** From the first byte to the handshake's answer; 10 s. */
  openTimeoutMs?: number;
  /** How long `stop` waits for the server to close the stream; 2 s. */
  closeTimeoutMs?: number;
  /** An idle link is probed after this time; 20 s. */
  keepaliveMs?: number;
  /** A probed link that stays silent for this time is dead; 10 s. */
  keepaliveTimeoutMs?: number;
  /** How long a request waits unless it says otherwise; 30 s. */
  requestTimeoutMs?: number;
  /** The ceiling of the first wait before connecting again; 1 s. */
  backoffMinMs?: number;
  /** The ceiling of every wait before connecting again; 60 s. */
  backoffMaxMs?: number;
  /** The largest stanza that may be sent, in bytes; 512 KiB, where Prosody ends the stream. */
  maxSentBytes?: number;
  /** Unwritten output above which `send` answers false; 1 MiB. */
  highWaterBytes?: number;
  /** Unwritten output above which `send` refuses; 16 MiB. */
  maxBufferedBytes?: number;
  /** Stanzas whose handlers have not finished above which nothing more is read; 1,024. */
  maxInFlight?: number;
}

/** Every option with its value. */
export type LinkSettings = Required<LinkOptions>;

/** Fills in the defaults. */
export function linkSettings(options: LinkOptions): LinkSettings {
  return {
    clock: systemClock,
    random: Math.random,
    limits: {},
    openTimeoutMs: 10_000,
    closeTimeoutMs: 2_000,
    keepaliveMs: 20_000,
    keepaliveTimeoutMs: 10_000,
    requestTimeoutMs: 30_000,
    backoffMinMs: 1_000,
    backoffMaxMs: 60_000,
    maxSentBytes: 524_288,
    highWaterBytes: 1_048_576,
    maxBufferedBytes: 16_777_216,
    maxInFlight: 1_024,
    ...options,
  };
}
