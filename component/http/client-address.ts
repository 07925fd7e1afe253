import type { IncomingMessage } from "node:http";
import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;
/** Addresses of one network: an address in it and the length of its prefix. */
type Network = [Address, number];

/** More hops than this no chain of proxies has. */
const MAX_HOPS = 32;

/** The address that limits count by, and the network around it. */
export interface ClientAddress {
  /** An IPv4 address, or the /64 of an IPv6 address: what one customer of a network has. */
  readonly address: string;
  /** The /24 of an IPv4 address, the /48 of an IPv6 address. */
  readonly network: string;
}

/**
 * Makes what finds out who asks.
 *
 * `X-Forwarded-For` is believed only as far as trusted proxies wrote it: the answer is its rightmost address
 * that is no trusted proxy's. What stands left of it anybody can have written.
 *
 * @param trustedProxies addresses or networks (CIDR)
 */
export function clientAddressReader(
  trustedProxies: readonly string[],
): (request: IncomingMessage) => ClientAddress {
  const trusted = trustedProxies.map(parseNetwork);
  const isTrusted = (address: Address): boolean => trusted.some((network) => contains(network, address));
  return (request) => {
    const peer = parseAddress(request.socket.remoteAddress ?? "") ?? ipaddr.parse("0.0.0.0");
    return describe(rightmostUntrusted(peer, forwardedFor(request), isTrusted));
  };
}

function rightmostUntrusted(
  peer: Address,
  forwarded: readonly string[],
  isTrusted: (address: Address) => boolean,
): Address {
  let client = peer;
  for (const text of forwarded.toReversed()) {
    if (!isTrusted(client)) return client;
    const previous = parseAddress(text);
    // A trusted proxy wrote something that is no address: it answers for it itself
    if (!previous) return client;
    client = previous;
  }
  return client;
}

function forwardedFor(request: IncomingMessage): readonly string[] {
  const header = request.headers["x-forwarded-for"];
  const text = Array.isArray(header) ? header.join(",") : (header ?? "");
  return text === "" ? [] : text.split(",").slice(-MAX_HOPS);
}

function parseAddress(text: string): Address | undefined {
  const trimmed = withoutPort(text.trim());
  if (!ipaddr.isValid(trimmed) || (!trimmed.includes(":") && !ipaddr.IPv4.isValidFourPartDecimal(trimmed)))
    return undefined;
  // ::ffff:192.0.2.1 is 192.0.2.1
  return ipaddr.process(trimmed);
}

// Some proxies write the port too: 192.0.2.1:4711, [2001:db8::1]:4711
function withoutPort(text: string): string {
  const match = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text) ?? /^\[([^\]]+)\](?::\d+)?$/.exec(text);
  return match?.[1] ?? text;
}

function parseNetwork(text: string): Network {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.process(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

function contains([base, length]: Network, address: Address): boolean {
  return base.kind() === address.kind() && address.match(base, length);
}

function describe(address: Address): ClientAddress {
  if (address.kind() === "ipv4") return { address: address.toString(), network: prefix(address, 24) };
  return { address: prefix(address, 64), network: prefix(address, 48) };
}

function prefix(address: Address, length: number): string {
  const bytes = address.toByteArray().map((byte, index) => {
    const bits = Math.min(8, Math.max(0, length - index * 8));
    return byte & (0xff << (8 - bits)) & 0xff;
  });
  return `${ipaddr.fromByteArray(bytes).toString()}/${length}`;
}
