import type { IncomingMessage } from "node:http";
import { expect } from "chai";
import { clientAddressReader, type ClientAddress } from "../../../component/http/client-address.js";

const read = (trusted: string[], peer: string, forwarded?: string | string[]): ClientAddress => {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  const request = { socket: { remoteAddress: peer }, headers } as unknown as IncomingMessage;
  return clientAddressReader(trusted)(request);
};

describe("clientAddressReader", () => {
  const table: readonly (readonly [string, string[], string, string | string[] | undefined, string])[] = [
    ["takes the peer when nothing is trusted", [], "192.0.2.1", "203.0.113.9", "192.0.2.1"],
    ["takes the peer when it is no trusted proxy", ["10.0.0.1"], "192.0.2.1", "203.0.113.9", "192.0.2.1"],
    ["believes a trusted proxy", ["10.0.0.1"], "10.0.0.1", "203.0.113.9", "203.0.113.9"],
    ["takes the rightmost", ["10.0.0.1"], "10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"],
    [
      "passes over trusted proxies",
      ["10.0.0.0/8"],
      "10.0.0.1",
      "6.6.6.6, 203.0.113.9, 10.2.3.4",
      "203.0.113.9",
    ],
    ["joins repeated headers in order", ["10.0.0.1"], "10.0.0.1", ["6.6.6.6", "203.0.113.9"], "203.0.113.9"],
    ["takes the proxy when the header is missing", ["10.0.0.1"], "10.0.0.1", undefined, "10.0.0.1"],
    ["takes the proxy when the header is no address", ["10.0.0.1"], "10.0.0.1", "unknown", "10.0.0.1"],
    ["stops at what is no address", ["10.0.0.0/8"], "10.0.0.1", "203.0.113.9, evil, 10.0.0.2", "10.0.0.2"],
    ["takes no number for an address", ["10.0.0.1"], "10.0.0.1", "3405803776", "10.0.0.1"],
    ["reads an address with its port", ["10.0.0.1"], "10.0.0.1", "203.0.113.9:4711", "203.0.113.9"],
    ["reads IPv4 in IPv6", ["10.0.0.1"], "::ffff:10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"],
    ["groups IPv6 by /64", ["::1"], "::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["reads IPv6 with its port", ["::1"], "::1", "[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64"],
    ["keeps IPv4 and IPv6 networks apart", ["0.0.0.0/0"], "2001:db8::1", "203.0.113.9", "2001:db8::/64"],
  ];
  for (const [promise, trusted, peer, forwarded, expected] of table)
    it(promise, () => expect(read(trusted, peer, forwarded).address).to.equal(expected));

  it("tells the network around an address", () => {
    expect(read([], "203.0.113.9").network).to.equal("203.0.113.0/24");
    expect(read([], "2001:db8:1:2:3::9").network).to.equal("2001:db8:1::/48");
  });
});
