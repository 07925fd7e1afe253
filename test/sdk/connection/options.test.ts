import { expect } from "chai";
import { type ConnectionOptions, resolveOptions } from "../../../sdk/connection/options.js";
import { retryDelayMs } from "../../../sdk/connection/retry.js";
import { InvalidInput } from "../../../src/errors.js";

const GOOD: ConnectionOptions = {
  service: "xmpp://localhost",
  domain: "example.org",
  username: "romeo",
  password: "p",
};

describe("resolveOptions", () => {
  it("allows clear text on loopback alone unless told otherwise", () => {
    const allows = (service: string, allowPlaintext?: boolean): boolean =>
      resolveOptions({ ...GOOD, service, allowPlaintext }).allowPlaintext;
    expect(["xmpp://localhost", "xmpp://127.0.0.9:1", "xmpp://[::1]"].map((service) => allows(service))).eql([
      true,
      true,
      true,
    ]);
    expect(
      ["xmpp://example.org", "xmpp://127.example.org", "xmpp://10.0.0.1"].map((service) => allows(service)),
    ).eql([false, false, false]);
    expect(allows("xmpp://localhost", false)).equal(false);
    expect(allows("xmpp://10.0.0.1", true)).equal(true);
  });

  it("knows the usual ports", () => {
    const address = (service: string): unknown => resolveOptions({ ...GOOD, service }).address;
    expect(address("xmpp://example.org")).eql({ host: "example.org", port: 5222, isDirectTls: false });
    expect(address("xmpps://example.org")).eql({ host: "example.org", port: 5223, isDirectTls: true });
    expect(address("xmpp://[::1]:7")).eql({ host: "::1", port: 7, isDirectTls: false });
  });

  for (const [what, wrong] of [
    ["a service that is a bare host", { service: "example.org" }],
    ["a service of another protocol", { service: "https://example.org" }],
    ["a username that is a JID", { username: "romeo@example.org" }],
    ["no username", { username: "" }],
    ["an empty password", { password: "" }],
    ["an empty resource", { resource: "" }],
    ["a heartbeat of no time", { heartbeat: { intervalMs: 0 } }],
    ["a deadline that is no number", { connectTimeoutMs: Number.NaN }],
    ["a negative limit", { sendLimits: { maxPendingStanzas: -1 } }],
    ["no retry time", { retry: { maxMs: 0 } }],
  ] as [string, Partial<ConnectionOptions>][]) {
    it(`refuses ${what}`, () => expect(() => resolveOptions({ ...GOOD, ...wrong })).throw(InvalidInput));
  }
});

describe("retryDelayMs", () => {
  const options = { minMs: 1_000, maxMs: 60_000 };

  it("doubles up to the longest wait, however many attempts failed", () => {
    expect([0, 1, 5, 6, 7, 5_000].map((attempt) => retryDelayMs(attempt, options, 1))).eql([
      1_000, 2_000, 32_000, 60_000, 60_000, 60_000,
    ]);
  });

  it("takes any part of the wait", () => {
    expect([0, 0.25].map((random) => retryDelayMs(2, options, random))).eql([0, 1_000]);
  });
});
