import { expect } from "chai";
import { Socket } from "node:net";
import { StanzaError, LinkError, InvalidInput } from "../../../src/errors.js";
import { NS } from "../../../src/namespaces.js";
import { type Element, xml } from "../../../src/xml.js";
import { prosodyLog, useProsody } from "../../support/prosody.js";
import { TcpProxy } from "../../support/tcp-proxy.js";
import { until } from "../../support/until.js";
import { bodyOf, Cast, failure } from "./support.js";

function message(to: unknown, body: string): Element {
  return xml("message", { to: String(to), type: "chat" }, xml("body", {}, body));
}

function ping(to: unknown): Element {
  return xml("iq", { type: "get", to: String(to) }, xml("ping", { xmlns: NS.ping }));
}

describe("Connection", () => {
  const prosody = useProsody();
  const cast = new Cast(prosody);
  afterEach(() => cast.closeAll());

  it("logs in and binds the resource asked for", async () => {
    const { connection, told } = await cast.enter("romeo", { resource: "balcony" });
    expect(connection.jid?.toString()).equal("romeo@example.org/balcony");
    expect(connection.state).equal("online");
    expect(told.online.map(({ isResumed }) => isResumed)).eql([false]);
  });

  it("stops at a wrong password, says so and does not try again", async () => {
    const proxy = await TcpProxy.start(prosody().clientPort);
    const { connection, told } = await cast.prepare("romeo", { password: "wrong", service: proxy.service });
    const error = await failure(connection.start());
    expect(error).instanceOf(LinkError).include({ code: "not-authorized", isFatal: true });
    expect(told.fatal).eql([error]);
    expect(connection.state).equal("offline");
    expect(proxy.accepted).equal(1);
    await proxy.close();
  });

  it("switches Nagle's algorithm off", async () => {
    const { connection } = await cast.prepare("romeo");
    const calls: unknown[] = [];
    // oxlint-disable-next-line unbound-method -- called with the socket below
    const original = Socket.prototype.setNoDelay;
    Socket.prototype.setNoDelay = function (noDelay) {
      calls.push(noDelay);
      return original.call(this, noDelay);
    };
    try {
      await connection.start();
    } finally {
      Socket.prototype.setNoDelay = original;
    }
    expect(calls).include(true).not.include(false);
  });

  it("can be started again after a stop", async () => {
    const { connection } = await cast.enter("romeo");
    await connection.stop();
    expect(connection.state).equal("offline");
    await connection.start();
    expect(connection.state).equal("online");
    expect(await failure(connection.start())).instanceOf(InvalidInput);
  });

  it("says goodbye: the server sees a closed stream and keeps no session to resume", async () => {
    const romeo = await cast.enter("romeo");
    const juliet = await cast.enter("juliet");
    await romeo.connection.send(message(juliet.connection.jid, "good night"));
    await romeo.connection.stop();
    expect(romeo.told.offline.map(({ reason }) => reason.code)).eql(["stream-closed"]);
    expect(romeo.told.unacknowledged).eql([]);
    await until("the farewell", () => juliet.bodies().length === 1);
    expect(prosodyLog(prosody())).not.match(/romeo.*hibernat/);
  });

  it("rejects what is sent while offline, at once and typed", async () => {
    const { connection } = await cast.prepare("romeo");
    expect(await failure(connection.send(message("juliet@example.org", "?")))).include({
      code: "not-connected",
    });
    expect(await failure(connection.request(ping("example.org")))).include({ code: "not-connected" });
  });

  it("refuses a stanza for which the server would close the stream", async () => {
    const { connection } = await cast.enter("romeo");
    const huge = message("romeo@example.org", "x".repeat(262_144));
    expect(await failure(connection.send(huge))).instanceOf(InvalidInput);
    expect(await failure(connection.request(huge))).instanceOf(InvalidInput);
    await connection.request(ping("example.org"));
  });

  it("keeps the condition and type of a refusal", async () => {
    const { connection } = await cast.enter("romeo");
    const error = await failure(connection.request(ping("nobody@example.org/nowhere")));
    expect(error).instanceOf(StanzaError).include({ condition: "service-unavailable", type: "cancel" });
  });

  it("gives up on a request that nobody answers", async () => {
    const { connection } = await cast.enter("romeo");
    const juliet = await cast.enter("juliet");
    juliet.connection.handle("get", "urn:example:slow", "query", () => new Promise(() => {}));
    const query = xml(
      "iq",
      { type: "get", to: String(juliet.connection.jid) },
      xml("query", { xmlns: "urn:example:slow" }),
    );
    expect(await failure(connection.request(query, { timeoutMs: 20 }))).include({ code: "timeout" });
  });

  it("answers pings, refuses what it does not serve, and hides what a handler threw", async () => {
    const romeo = await cast.enter("romeo");
    const { connection } = await cast.enter("juliet");
    romeo.connection.handle("set", "urn:example:faulty", "query", () => {
      throw new Error("a secret of the bug");
    });
    const to = String(romeo.connection.jid);
    expect((await connection.request(ping(to))).attrs.type).equal("result");
    const unknown = xml("iq", { type: "get", to }, xml("query", { xmlns: "urn:example:unknown" }));
    expect(await failure(connection.request(unknown))).include({ condition: "service-unavailable" });
    const faulty = xml("iq", { type: "set", to }, xml("query", { xmlns: "urn:example:faulty" }));
    const error = await failure(connection.request(faulty));
    expect(error).include({ condition: "internal-server-error" });
    expect(String(error)).not.contain("secret");
    expect(romeo.told.error.map(String)).eql(["Error: a secret of the bug"]);
  });

  it("ignores an answer that comes from somebody who was not asked", async () => {
    const romeo = await cast.enter("romeo");
    const juliet = await cast.enter("juliet");
    const tybalt = await cast.enter("tybalt");
    juliet.connection.handle("get", "urn:example:name", "query", async (_, iq) => {
      // The worst case: the forger knows the id and is first.
      const forged = xml(
        "iq",
        { type: "result", id: iq.attrs.id, to: iq.attrs.from },
        xml("name", {}, "Tybalt"),
      );
      await tybalt.connection.send(forged);
      await tybalt.connection.request(ping(iq.attrs.from));
      return xml("name", {}, "Juliet");
    });
    const query = xml(
      "iq",
      { type: "get", to: String(juliet.connection.jid) },
      xml("query", { xmlns: "urn:example:name" }),
    );
    const answer = await romeo.connection.request(query);
    expect(answer.getChildText("name")).equal("Juliet");
  });

  it("takes the server's answers on behalf of the account, from any of its own addresses", async () => {
    const { connection } = await cast.enter("romeo");
    const roster = (to?: string): Element =>
      xml("iq", { type: "get", to }, xml("query", { xmlns: "jabber:iq:roster" }));
    expect((await connection.request(roster())).attrs.type).equal("result");
    expect((await connection.request(roster("Romeo@Example.org"))).attrs.type).equal("result");
  });

  it("keeps 20,000 messages whole when characters are cut by the network", async () => {
    const proxy = await TcpProxy.start(prosody().clientPort);
    let seed = 7;
    proxy.splitDownstream(() => 1 + ((seed = (seed * 48_271) % 2_147_483_647) % 1_500));
    const romeo = await cast.enter("romeo");
    const juliet = await cast.enter("juliet", { service: proxy.service });
    const bodies = Array.from({ length: 20_000 }, (_, at) => `${at} नमस्ते 👩‍👩‍👧 🏳️‍🌈`);
    for (const body of bodies) {
      const sent = romeo.connection.send(message(juliet.connection.jid, body));
      if (romeo.connection.pendingStanzas > 2_000)
        await sent.then(() => until("room", () => romeo.connection.pendingStanzas < 500));
    }
    await until("all messages", () => juliet.told.stanza.length >= bodies.length, 25_000);
    expect(juliet.bodies()).eql(bodies);
    await proxy.close();
  });

  it("tells a resource that was taken over, and does not fight for it", async () => {
    const first = await cast.enter("romeo", { resource: "balcony" });
    const second = await cast.enter("romeo", { resource: "balcony" });
    await until("the first stops", () => first.told.fatal.length === 1);
    expect(first.told.fatal[0]).include({ code: "conflict", isFatal: true });
    expect(first.connection.state).equal("offline");
    expect(second.connection.state).equal("online");
  });

  it("leaves what it does not read with the server until it reads again", async () => {
    const romeo = await cast.enter("romeo");
    const juliet = await cast.enter("juliet");
    juliet.connection.pauseReading();
    await romeo.connection.send(message(juliet.connection.jid, "one"));
    for (let round = 0; round < 20; round++) await romeo.connection.request(ping("example.org"));
    expect(juliet.bodies()).eql([]);
    juliet.connection.resumeReading();
    await until("the message", () => juliet.bodies().length === 1);
  });

  it("refuses to send without bound to a server that acknowledges nothing", async () => {
    const proxy = await TcpProxy.start(prosody().clientPort);
    const { connection } = await cast.enter("romeo", {
      service: proxy.service,
      sendLimits: { maxPendingStanzas: 50 },
    });
    proxy.stall();
    for (let at = 0; at < 50; at++) void connection.send(message("juliet@example.org", "?"));
    expect(await failure(connection.send(message("juliet@example.org", "?")))).include({
      code: "backlog-full",
    });
    await proxy.close();
  });

  it("tells errors of listeners instead of dying of them", async () => {
    const romeo = await cast.enter("romeo");
    const juliet = await cast.enter("juliet");
    romeo.connection.on("stanza", (stanza) => {
      throw new Error(`cannot take ${bodyOf(stanza)}`);
    });
    await juliet.connection.send(message(romeo.connection.jid, "one"));
    await juliet.connection.send(message(romeo.connection.jid, "two"));
    await until("both", () => romeo.told.error.length === 2);
    expect(romeo.connection.state).equal("online");
    expect(romeo.bodies()).eql(["one", "two"]);
  });

  it("refuses a stanza over the limits alone, and stays online", async () => {
    const romeo = await cast.enter("romeo");
    const juliet = await cast.enter("juliet");
    const deep = `${"<a>".repeat(100)}${"</a>".repeat(100)}`;
    const to = String(romeo.connection.jid);
    const query = juliet.connection.request(xml("iq", { type: "get", to }, deepElement()));
    expect(await failure(query)).include({ condition: "policy-violation" });
    await juliet.connection.send(`<message to='${to}'>${deep}</message>`);
    await juliet.connection.send(message(to, "after"));
    await until("what follows", () => romeo.bodies().length === 1);
    expect(romeo.told.error.length).equal(2);
    expect(romeo.told.offline).eql([]);
  });
});

function deepElement(): Element {
  let element = xml("a", { xmlns: "urn:example:deep" });
  for (let depth = 0; depth < 100; depth++) element = xml("a", { xmlns: "urn:example:deep" }, element);
  return element;
}
