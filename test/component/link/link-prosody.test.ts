import { expect } from "chai";
import type { Element } from "../../../src/xml.js";
import { xml } from "../../../src/xml.js";
import { Link, type LinkOptions } from "../../../component/link/mod.js";
import { LinkError, StanzaError } from "../../../src/errors.js";
import { useProsody } from "../../support/prosody.js";
import { until } from "../../support/until.js";

describe("Link with a real Prosody", () => {
  const prosody = useProsody();
  const links: Link[] = [];

  afterEach(async () => {
    await Promise.all(links.splice(0).map(async (link) => await link.stop()));
  });

  function make(options: Partial<LinkOptions> = {}): Link {
    const { componentPort: port, componentDomain: domain, componentSecret: secret } = prosody();
    const link = new Link({ host: "127.0.0.1", port, domain, secret, ...options });
    links.push(link);
    return link;
  }

  async function online(options: Partial<LinkOptions> = {}): Promise<Link> {
    const link = make(options);
    await link.start();
    return link;
  }

  const toSelf = (link: Link, id: string, body: string): string =>
    `<message from='${link.domain}' to='${link.domain}' id='${id}'><body>${body}</body></message>`;

  it("sends to its own domain through the server, in order and intact", async () => {
    const link = await online();
    const bodies: (string | null)[] = [];
    link.onStanza = (stanza) => void bodies.push(stanza.getChildText("body"));
    const sent = Array.from({ length: 2_000 }, (_, at) => `${at} नमस्ते 😀 &amp; €`);
    for (const [at, body] of sent.entries()) link.send(toSelf(link, String(at), body));
    await until("all came back", () => bodies.length === sent.length);
    expect(bodies).to.deep.equal(sent.map((body) => body.replace("&amp;", "&")));
  });

  it("gets a result, and an error with its condition", async () => {
    const link = await online();
    const to = prosody().host;
    const disco = xml("query", { xmlns: "http://jabber.org/protocol/disco#info" });
    expect((await link.request(xml("iq", { type: "get", to }, disco))).attrs["from"]).to.equal(to);
    const failure = await link
      .request(xml("iq", { type: "get", to }, xml("query", { xmlns: "urn:example:unknown" })))
      .catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(StanzaError).with.property("condition", "service-unavailable");
  });

  it("is refused for good with a wrong secret", async () => {
    const error = await make({ secret: "wrong" })
      .start()
      .catch((cause: unknown) => cause);
    expect(error).to.be.instanceOf(LinkError).with.property("isFatal", true);
  });

  it("keeps trying at a server that does not know the domain", async () => {
    const link = make({ domain: "unknown.example.org" });
    const codes: string[] = [];
    link.on("error", (error) => codes.push((error as LinkError).code));
    link.start().catch(() => {});
    await until("it was refused twice", () => codes.length >= 2);
    expect(codes[0]).to.equal("host-unknown");
  });

  it("gives way to a second connection with a typed conflict, without a crash", async () => {
    const first = await online({ random: () => 1 });
    let reason: LinkError | undefined;
    first.on("offline", (error) => (reason = error));
    await online();
    await until("the first gave way", () => reason !== undefined);
    expect([reason?.code, reason?.isFatal]).to.deep.equal(["conflict", false]);
    await first.stop();
  });

  it("keeps a healthy idle link up by its own pings", async () => {
    const link = await online({ keepaliveMs: 5, keepaliveTimeoutMs: 100 });
    const stanzas: Element[] = [];
    const failures: unknown[] = [];
    link.onStanza = (stanza) => void stanzas.push(stanza);
    link.on("error", (error) => failures.push(error));
    const start = performance.now();
    await until("several pings were due", () => performance.now() - start > 400);
    expect([link.isOnline, stanzas.length, failures.length]).to.deep.equal([true, 0, 0]);
  });

  it("passes the largest stanza that it lets through, and batches of them", async () => {
    const link = await online();
    let lengths: number[] = [];
    link.onStanza = (stanza) => void lengths.push(stanza.getChildText("body")?.length ?? 0);
    const frame = toSelf(link, "1", "").length;
    for (let count = 0; count < 5; count += 1) link.send(toSelf(link, "1", "x".repeat(524_288 - frame)));
    await until("all came back", () => lengths.length === 5);
    expect(new Set(lengths)).to.deep.equal(new Set([524_288 - frame]));
    lengths = [];
  });

  it("answers what is nested too deep, which Prosody passes on, and stays up", async () => {
    const link = await online();
    const types: unknown[] = [];
    link.onStanza = (stanza) => void types.push(stanza.attrs["type"]);
    link.send(
      toSelf(link, "deep", "").replace(
        "</message>",
        `${"<d>".repeat(3_000)}${"</d>".repeat(3_000)}</message>`,
      ),
    );
    await until("the refusal came back", () => types.length === 1);
    expect([types, link.isOnline]).to.deep.equal([["error"], true]);
  });

  it("answers within milliseconds, because neither side waits to fill a packet", async () => {
    const link = await online();
    const to = prosody().host;
    const times: number[] = [];
    for (let count = 0; count < 21; count += 1) {
      const before = performance.now();
      await link.request(
        xml("iq", { type: "get", to }, xml("query", { xmlns: "http://jabber.org/protocol/disco#info" })),
      );
      times.push(performance.now() - before);
    }
    expect(times.sort((a, b) => a - b)[10]).to.be.lessThan(20);
  });
});
