import { type Clock, systemClock } from "../../src/clock.js";
import { InvalidInput } from "../../src/errors.js";
import { Jid } from "../../src/jid.js";
import type { StreamLimits } from "../../src/stream-parser.js";

/** When the server is asked whether it is still there, and how long it has to answer. */
export interface HeartbeatOptions {
  /** Ask after nothing was heard for this long; 20,000 unless given. */
  intervalMs: number;
  /** Ask this long after a stanza was sent, unless it was acknowledged before; 1,000 unless given. */
  afterSendMs: number;
  /** Without an answer for this long the connection is given up; 8,000 unless given. */
  deadlineMs: number;
}

/** How long to wait between two attempts: a random time up to `minMs` · 2^attempt, never more than `maxMs`. */
export interface RetryOptions {
  /** The longest first wait; 1,000 unless given. */
  minMs: number;
  /** The longest wait of all; 60,000 unless given. */
  maxMs: number;
}

/** How much may wait for the server's acknowledgement before `send` refuses. */
export interface SendLimits {
  /** Bytes of one stanza; 262,144 unless given, which is where a stock Prosody closes the stream. */
  maxStanzaBytes: number;
  /** Stanzas that the server has not acknowledged; 10,000 unless given. */
  maxPendingStanzas: number;
  /** Their size in UTF-16 code units; 8 Mi unless given. */
  maxPendingLength: number;
}

/** Where and as whom a {@link Connection} logs in. */
export interface ConnectionOptions {
  /** `xmpp://host:port` (STARTTLS) or `xmpps://host:port` (direct TLS); ports 5222 and 5223 unless given. */
  service: string;
  /** The domainpart of the account, which the server's certificate must be for. */
  domain: string;
  /** The localpart of the account. */
  username: string;
  /** The account's password; it never leaves this process except as PLAIN over TLS, when SCRAM is not offered. */
  password: string;
  /** The resourcepart wanted; the server chooses one unless given. */
  resource?: string | undefined;
  /** Whether to go on without TLS; only for a server on loopback unless given. */
  allowPlaintext?: boolean | undefined;
  /** Certificates (PEM) to trust besides the system's own. */
  trustedCertificates?: string | undefined;
  /** How long it may take from the first TCP packet until online; 20,000 unless given. */
  connectTimeoutMs?: number | undefined;
  /** See {@link HeartbeatOptions}. */
  heartbeat?: Partial<HeartbeatOptions> | undefined;
  /** See {@link RetryOptions}. */
  retry?: Partial<RetryOptions> | undefined;
  /** See {@link SendLimits}. */
  sendLimits?: Partial<SendLimits> | undefined;
  /** What may arrive; see {@link StreamLimits}. */
  streamLimits?: Partial<StreamLimits> | undefined;
  /** Where the time comes from. */
  clock?: Clock | undefined;
  /** A random number from 0 to 1, for the time between attempts. */
  random?: (() => number) | undefined;
}

/** Where a service is. */
export interface ServiceAddress {
  host: string;
  port: number;
  /** Whether TLS comes before XMPP. Source: XEP-0368 §3. */
  isDirectTls: boolean;
}

/** The options, checked and with every default filled in. */
export interface ConnectionSettings {
  readonly address: ServiceAddress;
  readonly account: Jid;
  readonly password: string;
  readonly resource: string | undefined;
  readonly allowPlaintext: boolean;
  /** Whether the server is on this machine. */
  readonly isLoopback: boolean;
  readonly trustedCertificates: string | undefined;
  readonly connectTimeoutMs: number;
  readonly heartbeat: HeartbeatOptions;
  readonly retry: RetryOptions;
  readonly sendLimits: SendLimits;
  readonly streamLimits: Partial<StreamLimits>;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Checks options and fills in the defaults. @throws {InvalidInput} naming the option that is wrong */
export function resolveOptions(options: ConnectionOptions): ConnectionSettings {
  const address = parseService(options.service);
  if (options.password === "") throw new InvalidInput("password is empty");
  return {
    address,
    account: accountOf(options),
    password: options.password,
    resource: options.resource,
    isLoopback: isLoopback(address.host),
    allowPlaintext: options.allowPlaintext ?? isLoopback(address.host),
    trustedCertificates: options.trustedCertificates,
    connectTimeoutMs: positive("connectTimeoutMs", options.connectTimeoutMs ?? 20_000),
    heartbeat: allPositive({
      intervalMs: 20_000,
      afterSendMs: 1_000,
      deadlineMs: 8_000,
      ...options.heartbeat,
    }),
    retry: allPositive({ minMs: 1_000, maxMs: 60_000, ...options.retry }),
    sendLimits: allPositive({
      maxStanzaBytes: 262_144,
      maxPendingStanzas: 10_000,
      maxPendingLength: 8 * 1_048_576,
      ...options.sendLimits,
    }),
    streamLimits: options.streamLimits ?? {},
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  };
}

function accountOf(options: ConnectionOptions): Jid {
  const resource = options.resource === undefined ? "" : `/${options.resource}`;
  const jid = Jid.tryParse(`${options.username}@${options.domain}${resource}`);
  if (!jid || jid.local === "") throw new InvalidInput("username, domain and resource do not make a JID");
  return Jid.parse(jid.bare);
}

function parseService(service: string): ServiceAddress {
  const url = URL.canParse(service) ? new URL(service) : undefined;
  if (!url || (url.protocol !== "xmpp:" && url.protocol !== "xmpps:") || url.hostname === "") {
    throw new InvalidInput("service is xmpp://host:port or xmpps://host:port");
  }
  const isDirectTls = url.protocol === "xmpps:";
  const host = url.hostname.replaceAll(/^\[|\]$/g, "");
  return { host, port: url.port === "" ? (isDirectTls ? 5223 : 5222) : Number(url.port), isDirectTls };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function allPositive<T extends object>(values: T): T {
  for (const [name, value] of Object.entries(values)) positive(name, value);
  return values;
}

function positive(name: string, value: unknown): number {
  if (typeof value === "number" && value > 0) return value;
  throw new InvalidInput(`${name} is a number above 0`);
}
