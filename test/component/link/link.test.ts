import { Socket } from "node:net";
import { expect } from "chai";
import { LinkError, StanzaError } from "../../../src/errors.js";
import { StreamError } from "../../../src/stream-parser.js";
import { type Element, xml } from "../../../src/xml.js";
import { Link, type LinkOptions, UnsendableStanza } from "../../../component/link/mod.js";
import { ManualClock } from "../../support/manual-clock.js";
import { until } from "../../support/until.js";
import { DOMAIN, FakeServer, SECRET, streamError } from "./fake-server.js";

const NUMBER = `+15551230001@${DOMAIN}`;
const message = (body: string): string =>
  `<message from='${NUMBER}' to='juliet@example.org'><body>${body}</body></message>`;
const ping = (): Element =>
  xml("iq", { type: "get", to: "example.org" }, xml("ping", { xmlns: "urn:xmpp:ping" }));

/** What a promise is rejected with. */
async function rejection<E = LinkError>(promise: Promise<unknown>): Promise<E> {
  return await promise.then(
    () => expect.fail("it should have been rejected"),
    (error: unknown) => error as E,
  );
}

describe("Link", () => {
  let server: FakeServer;
  let clock: ManualClock;
  let link: Link;
  let stanzas: Element[];
  let errors: LinkError[];
  const links: Link[] = [];

  beforeEach(async () => {
    server = await FakeServer.start();
    clock = new ManualClock();
  });

  afterEach(async () => {
    const stopped = Promise.all(links.splice(0).map(async (one) => await one.stop()));
    clock.advance(60_000);
    await stopped;
    await server.stop();
  });

  function make(options: Partial<LinkOptions> = {}): Link {
    link = new Link({
      host: "127.0.0.1",
      port: server.port,
      domain: DOMAIN,
      secret: SECRET,
      clock,
      random: () => 0,
      ...options,
    });
    stanzas = [];
    errors = [];
    link.onStanza = (stanza) => void stanzas.push(stanza);
    link.on("error", (error) => errors.push(error as LinkError));
    links.push(link);
    return link;
  }

  async function online(options: Partial<LinkOptions> = {}): Promise<void> {
    await make(options).start();
  }

  /** Waits for the next failure, then lets the back-off, of which nothing was drawn, pass. */
  async function nextAttempt(seen: number): Promise<void> {
    await until("it has failed", () => errors.length > seen);
    clock.advance(0);
  }

  /** The id of the newest request that the server has heard. */
  const lastId = (): string => [...server.peer.received.matchAll(/<iq[^>]* id="([^"]+)"/g)].at(-1)?.[1] ?? "";

  describe("what arrives", () => {
    it("keeps a character together that two chunks split", async () => {
      await online();
      for (const byte of Buffer.from("<message from='r@example.org'><body>नमस्ते 😀</body></message>")) {
        server.peer.write(Uint8Array.of(byte));
        await new Promise(setImmediate);
      }
      await until("the message is there", () => stanzas.length === 1);
      expect(stanzas[0]?.getChildText("body")).to.equal("नमस्ते 😀");
    });

    it("hands over stanzas that came with the handshake's answer", async () => {
      server.afterHandshake = "<message from='r@example.org' id='early'/>";
      make();
      let wasOnline: boolean | undefined;
      link.onStanza = () => void (wasOnline = link.isOnline);
      await link.start();
      await until("the message is there", () => wasOnline !== undefined);
      expect(wasOnline).to.equal(true);
    });

    for (const [what, limits, stanza] of [
      ["depth", { maxDepth: 4 }, "<d>".repeat(5) + "</d>".repeat(5)],
      ["elements", { maxElements: 4 }, "<d/>".repeat(5)],
      ["attributes", { maxAttributes: 4 }, "<d a='1' b='1' c='1' d='1' e='1'/>"],
    ] as const) {
      it(`refuses a stanza over the cap of ${what}, tells its sender, and stays up`, async () => {
        await online({ limits });
        server.peer.write(
          `<message from='r@example.org' to='${NUMBER}' id='7'>${stanza}</message><message from='r@example.org'/>`,
        );
        await until("the next stanza is there", () => stanzas.length === 1);
        await server.peer.hears("policy-violation");
        expect(server.peer.received).to.match(
          /<message type="error" from="\+15551230001@phone.example.org" to="r@example.org" id="7">/,
        );
        expect(link.isOnline).to.equal(true);
      });
    }

    it("does not answer an error that is over a cap", async () => {
      await online({ limits: { maxElements: 2 } });
      server.peer.write(
        `<message type='error' from='r@example.org' to='${NUMBER}'><a/><a/></message><message from='r@example.org'/>`,
      );
      await until("the next stanza is there", () => stanzas.length === 1);
      link.send(message("after"));
      await server.peer.hears("after");
      expect(server.peer.received).not.to.include("policy-violation");
    });

    it("ends the stream at a stanza over the cap of bytes, says why, and connects again", async () => {
      await online({ limits: { maxStanzaBytes: 1_000 } });
      const first = server.peer;
      first.write(`<message from='r@example.org'><body>${"x".repeat(2_000)}</body></message>`);
      await first.hears("<policy-violation");
      await nextAttempt(0);
      await until("it is back", () => link.isOnline);
      expect(errors[0]).to.be.instanceOf(StreamError).with.property("code", "policy-violation");
    });

    it("survives what the parser refuses: one error, the condition told, a fresh connection", async () => {
      await online();
      const first = server.peer;
      first.write("<message from='r@example.org'><body>&nope;</body></message><message/><message/>");
      await first.hears("<restricted-xml");
      await nextAttempt(0);
      await until("it is back", () => link.isOnline);
      expect(errors.map((error) => error.code)).to.deep.equal(["restricted-xml"]);
      server.peer.write("<message from='r@example.org'/>");
      await until("stanzas come again", () => stanzas.length === 1);
    });

    it("lets no handler's error reach the connection", async () => {
      await online();
      link.onStanza = (stanza) => {
        stanzas.push(stanza);
        if (stanzas.length === 1) throw new RangeError("first");
        return Promise.reject(new RangeError("second"));
      };
      server.peer.write("<message from='r@example.org'/><message from='r@example.org'/>");
      await until("both failures are told", () => errors.length === 2);
      expect(errors.map((error) => error.message)).to.deep.equal(["first", "second"]);
      expect(link.isOnline).to.equal(true);
    });
  });

  describe("request", () => {
    it("takes the answer from whom it asked, in whatever case", async () => {
      await online();
      const answer = link.request(xml("iq", { type: "get", to: "Juliet@Example.org/Balcony" }));
      await server.peer.hears("<iq");
      server.peer.write(
        `<iq type='result' id='${lastId()}' from='juliet@example.org/Balcony' to='${DOMAIN}'/>`,
      );
      expect((await answer).attrs["type"]).to.equal("result");
      expect(stanzas).to.deep.equal([]);
    });

    it("does not take an answer from somebody else, or to somebody else", async () => {
      await online();
      const answer = link.request(ping());
      await server.peer.hears("<iq");
      server.peer.write(`<iq type='result' id='${lastId()}' from='mallory@example.org' to='${DOMAIN}'/>`);
      server.peer.write(`<iq type='result' id='${lastId()}' to='${DOMAIN}'/>`);
      server.peer.write(`<iq type='result' id='${lastId()}' from='example.org' to='${NUMBER}'/>`);
      server.peer.write(`<iq type='result' id='${lastId()}' from='example.org' to='${DOMAIN}'><true/></iq>`);
      expect((await answer).getChild("true")).not.to.equal(undefined);
      expect(stanzas.map((stanza) => stanza.attrs["from"])).to.deep.equal([
        "mallory@example.org",
        undefined,
        "example.org",
      ]);
    });

    it("draws ids that nobody can guess, whatever id the IQ had", async () => {
      await online();
      const ids = new Set<string>();
      for (let count = 0; count < 100; count += 1) {
        const iq = xml("iq", { type: "get", to: "example.org", id: "1" });
        link.request(iq).catch(() => {});
        ids.add(iq.attrs["id"] as string);
      }
      expect(ids.size).to.equal(100);
      for (const id of ids) expect(id).to.match(/^[\w-]{20}$/);
    });

    it("keeps the condition, type and text of an error", async () => {
      await online();
      const answer = rejection<StanzaError>(link.request(ping()));
      await server.peer.hears("<iq");
      server.peer.write(
        `<iq type='error' id='${lastId()}' from='example.org' to='${DOMAIN}'><error type='wait'>` +
          "<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>" +
          "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>full</text></error></iq>",
      );
      const error = await answer;
      expect(error).to.be.instanceOf(StanzaError);
      expect([error.condition, error.type, error.message]).to.deep.equal([
        "resource-constraint",
        "wait",
        "full",
      ]);
    });

    it("ends in a timeout when no answer comes, and takes a late one for a stranger's", async () => {
      await online();
      const answer = rejection(link.request(ping(), { timeoutMs: 1_000 }));
      await server.peer.hears("<iq");
      clock.advance(1_000);
      expect((await answer).code).to.equal("timeout");
      server.peer.write(`<iq type='result' id='${lastId()}' from='example.org' to='${DOMAIN}'/>`);
      await until("it is handed over", () => stanzas.length === 1);
    });

    it("fails at once when its answer is over a cap", async () => {
      await online({ limits: { maxElements: 2 } });
      const answer = rejection(link.request(ping()));
      await server.peer.hears("<iq");
      server.peer.write(`<iq type='result' id='${lastId()}' from='example.org' to='${DOMAIN}'><a/><a/></iq>`);
      expect((await answer).code).to.equal("policy-violation");
    });

    it("fails when the link goes down, and when it is stopped", async () => {
      await online();
      const first = rejection(link.request(ping()));
      server.peer.socket.destroy();
      expect((await first).code).to.equal("connection-lost");
      clock.advance(0);
      await until("it is back", () => link.isOnline);
      const second = rejection(link.request(ping()));
      await link.stop();
      expect((await second).code).to.equal("stopped");
    });

    it("leaves nothing behind when it cannot be sent", async () => {
      make();
      const waiting = clock.waiting;
      expect((await rejection(link.request(ping()))).code).to.equal("not-connected");
      expect(clock.waiting).to.equal(waiting);
    });
  });

  describe("connecting", () => {
    it("switches Nagle's algorithm off", async () => {
      const calls: unknown[] = [];
      // oxlint-disable-next-line unbound-method -- called with the socket below
      const original = Socket.prototype.setNoDelay;
      Socket.prototype.setNoDelay = function (noDelay) {
        if (this.remotePort === undefined) calls.push(noDelay);
        return original.call(this, noDelay);
      };
      try {
        await online();
      } finally {
        Socket.prototype.setNoDelay = original;
      }
      expect(calls).to.deep.equal([true]);
    });

    for (const courtesy of ["silent", "header-only"] as const) {
      it(`gives up an attempt at which the server stays ${courtesy}, and comes up when it does not`, async () => {
        server.courtesy = courtesy;
        const started = make({ openTimeoutMs: 5_000 }).start();
        await until("the server has been asked", () => (server.peers[0]?.received.length ?? 0) > 0);
        clock.advance(5_000);
        await until("the attempt is over", () => errors.length === 1 && server.peer.isGone);
        expect(errors[0]?.code).to.equal("timeout");
        server.courtesy = "accept";
        clock.advance(0);
        await started;
        expect(link.isOnline).to.equal(true);
      });
    }

    it("gives up an attempt at which the header comes late, and does not wedge", async () => {
      server.courtesy = "silent";
      const started = make({ openTimeoutMs: 5_000 }).start();
      await until("the server has been asked", () => (server.peers[0]?.received.length ?? 0) > 0);
      const first = server.peer;
      clock.advance(5_000);
      first.write(
        "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='s1'>",
      );
      server.courtesy = "accept";
      await nextAttempt(0);
      await started;
      expect([link.isOnline, server.peers.length]).to.deep.equal([true, 2]);
    });

    it("waits longer after every failure, up to a minute", async () => {
      const nobody = await FakeServer.start();
      const { port } = nobody;
      await nobody.stop();
      const waits: number[] = [];
      const after = clock.after.bind(clock);
      clock.after = (delayMs, work) => {
        if (delayMs !== 5_000) waits.push(delayMs / 1_000);
        return after(delayMs, work);
      };
      make({ port, openTimeoutMs: 5_000, random: () => 1 })
        .start()
        .catch(() => {});
      for (let failures = 1; failures <= 8; failures += 1) {
        await until("the attempt has failed", () => waits.length === failures);
        clock.advance((waits.at(-1) ?? 0) * 1_000);
      }
      expect(waits).to.deep.equal([1, 2, 4, 8, 16, 32, 60, 60]);
    });

    it("keeps trying when another connection has the domain, and does not crash", async () => {
      server.refusal = "conflict";
      const started = make().start();
      for (const seen of [0, 1, 2]) await nextAttempt(seen);
      expect(errors[0]).to.be.instanceOf(LinkError).with.property("code", "conflict");
      expect(errors.every((error) => !error.isFatal)).to.equal(true);
      server.refusal = undefined;
      await nextAttempt(errors.length - 1);
      await started;
    });

    it("survives a refusal with nobody listening to errors", async () => {
      server.refusal = "conflict";
      const started = make().start();
      link.removeAllListeners("error");
      await until("it was refused", () => server.peers[0]?.isGone === true);
      server.refusal = undefined;
      await until("it has connected again", () => {
        clock.advance(0);
        return link.isOnline;
      });
      await started;
    });

    it("backs off further when it is taken and dropped at once, as two components with one name would be", async () => {
      await online({ random: () => 1 });
      for (const seen of [0, 1, 2]) {
        server.peer.refuse("conflict");
        await until("it is down", () => errors.length > seen);
        const attempts = server.peers.length;
        clock.advance(2 ** seen * 1_000 - 1);
        await new Promise(setImmediate);
        expect(server.peers.length).to.equal(attempts);
        clock.advance(1);
        await until("it is back", () => link.isOnline);
      }
    });

    it("begins at the shortest wait again after it was up for long", async () => {
      await online({ random: () => 1, keepaliveMs: 600_000 });
      server.peer.refuse("conflict");
      await nextAttempt(0);
      clock.advance(1_000);
      await until("it is back", () => link.isOnline);
      clock.advance(60_000);
      server.peer.refuse("system-shutdown");
      await until("it is down", () => errors.length > 1);
      clock.advance(1_000);
      await until("it is back", () => link.isOnline);
    });

    it("stops for good at a wrong secret", async () => {
      const error = await rejection(make({ secret: "wrong" }).start());
      expect([error.code, error.isFatal]).to.deep.equal(["not-authorized", true]);
      clock.advance(600_000);
      expect([clock.waiting, server.peers.length]).to.deep.equal([0, 1]);
    });

    it("does not follow the server to another host", async () => {
      server.refusal = "see-other-host";
      make()
        .start()
        .catch(() => {});
      await until("it was refused", () => errors.length === 1);
      expect(errors[0]?.code).to.equal("see-other-host");
    });

    it("survives a stream error without a condition", async () => {
      await online();
      server.peer.write("<stream:error/>");
      await until("it is told", () => errors.length === 1);
      expect(errors[0]?.code).to.equal("undefined-condition");
    });

    it("tells when it goes down and when it is back", async () => {
      make();
      const told: string[] = [];
      link.on("online", () => told.push("online"));
      link.on("offline", (error) => told.push(`offline ${error.code}`));
      await link.start();
      server.peer.write(streamError("system-shutdown"));
      await nextAttempt(0);
      await until("it is back", () => link.isOnline);
      expect(told).to.deep.equal(["online", "offline system-shutdown", "online"]);
    });

    it("is started once", async () => {
      await online();
      expect((await rejection(link.start())).code).to.equal("already-started");
    });
  });

  describe("keepalive", () => {
    it("notices a dead peer", async () => {
      await online();
      const first = server.peer;
      clock.advance(20_000);
      await first.hears("urn:xmpp:ping");
      clock.advance(10_000);
      await until("it is told", () => errors.length === 1);
      expect([errors[0]?.code, link.isOnline]).to.deep.equal(["timeout", false]);
    });

    it("takes its own ping, come back through the server, as life, and hands it to nobody", async () => {
      await online();
      for (const round of [1, 2, 3]) {
        clock.advance(20_000);
        await until(
          "a ping was sent",
          () => server.peer.received.split("urn:xmpp:ping").length === round + 1,
        );
        server.peer.write(server.peer.received.slice(server.peer.received.lastIndexOf("<iq")));
        const before = stanzas.length;
        server.peer.write("<message from='r@example.org'/>");
        await until("the rest came", () => stanzas.length > before);
        clock.advance(10_000);
      }
      expect([link.isOnline, stanzas.length]).to.deep.equal([true, 3]);
    });

    it("does not probe a busy link", async () => {
      await online();
      for (let round = 1; round <= 3; round += 1) {
        server.peer.write("<message from='r@example.org'/>");
        await until("it came", () => stanzas.length === round);
        clock.advance(20_000);
      }
      link.send(message("done"));
      await server.peer.hears("done");
      expect(server.peer.received).not.to.include("urn:xmpp:ping");
    });

    it("does not take its own silence for the peer's while reading is paused", async () => {
      await online();
      link.pause();
      clock.advance(200_000);
      expect(link.isOnline).to.equal(true);
      link.resume();
    });
  });

  describe("send", () => {
    it("writes what one tick sends in one write", async () => {
      await online();
      const chunks = server.peer.chunks.length;
      for (let count = 0; count < 100; count += 1) {
        link.send(count % 2 === 0 ? message(String(count)) : xml("presence", { to: "juliet@example.org" }));
        if (count % 10 === 0) await Promise.resolve();
      }
      await server.peer.hears("<body>98</body>");
      expect(server.peer.chunks.length).to.equal(chunks + 1);
    });

    it("adds the domain as from to an element that has none", async () => {
      await online();
      link.send(xml("presence", { to: "juliet@example.org" }));
      await server.peer.hears(`from="${DOMAIN}"`);
    });

    it("refuses while the link is down", async () => {
      make();
      expect(() => link.send(message("x")))
        .to.throw(LinkError)
        .with.property("code", "not-connected");
      expect((await rejection(link.drained())).code).to.equal("not-connected");
    });

    it("refuses what would make the server end the stream, and stays up", async () => {
      await online();
      const far = "x".repeat(524_288);
      for (const bad of [
        message(far),
        message("\u0001"),
        "<message/>",
        xml("message", { from: "mallory@example.org", to: "a" }),
      ]) {
        expect(() => link.send(bad)).to.throw(UnsendableStanza);
      }
      link.send(message("good"));
      await server.peer.hears("good");
    });

    it("says when to wait, settles when there is room again, and keeps everything", async () => {
      await online({ highWaterBytes: 100_000 });
      const { peer } = server;
      peer.socket.pause();
      let sent = 0;
      let isDrained = true;
      let drained: Promise<unknown> = Promise.resolve();
      // the kernel takes a few megabytes before anything waits
      while (isDrained) {
        while (link.send(message(`${sent}-${"x".repeat(50_000)}`))) sent += 1;
        isDrained = false;
        drained = link.drained().then(() => (isDrained = true));
        let looks = 0;
        await until("it is drained, or stays full", () => isDrained || (looks += 1) > 10);
      }
      peer.socket.resume();
      await drained;
      await peer.hears(`<body>${sent}-`);
    });

    it("holds no more than its bound for a server that does not read", async () => {
      await online({ maxBufferedBytes: 1_000_000 });
      server.peer.socket.pause();
      const fill = async (): Promise<void> => {
        for (;;) {
          for (let count = 0; count < 10; count += 1) link.send(message("x".repeat(50_000)));
          await new Promise(setImmediate);
        }
      };
      const error = await rejection(fill());
      expect(error.code).to.equal("buffer-full");
      const waiting = rejection(link.drained());
      server.peer.socket.destroy();
      expect((await waiting).code).to.equal("connection-lost");
    });
  });

  describe("pause", () => {
    /** Waits until nothing more leaves this socket. */
    async function stall(socket: Socket): Promise<void> {
      let [last, same] = [-1, 0];
      await until("the writer is stuck", () => {
        same = socket.writableLength === last && last > 0 ? same + 1 : 0;
        last = socket.writableLength;
        return same > 15;
      });
    }

    const flood = (peer: { socket: { write(text: string, done: () => void): void } }): (() => number) => {
      const one = `<message from='r@example.org'><body>${"x".repeat(1_000)}</body></message>`.repeat(60);
      let taken = 0;
      for (let count = 0; count < 400; count += 1) peer.socket.write(one, () => (taken += 60));
      return () => taken;
    };

    it("stops reading, so that the server keeps what it has, and resume goes on without a loss", async () => {
      await online();
      link.pause();
      const taken = flood(server.peer);
      await stall(server.peer.socket);
      const early = stanzas.length;
      expect(early).to.be.lessThan(200);
      expect(taken()).to.be.lessThan(24_000);
      link.resume();
      await until("all came", () => stanzas.length === 24_000, 10_000);
    });

    it("holds across a reconnect", async () => {
      await online();
      link.pause();
      server.peer.socket.destroy();
      // a paused socket does not notice by itself; the next write does
      link.resume();
      await until("it is down", () => errors.length === 1);
      link.pause();
      clock.advance(0);
      await until("it is back", () => link.isOnline);
      server.peer.write("<message from='r@example.org'/>");
      link.send(message("sent"));
      await server.peer.hears("sent");
      expect(stanzas.length).to.equal(0);
      link.resume();
      await until("it came", () => stanzas.length === 1);
    });

    it("happens by itself while too many handlers have not finished", async () => {
      await online({ maxInFlight: 100 });
      const finish: (() => void)[] = [];
      let isOpen = false;
      link.onStanza = async (stanza) => {
        stanzas.push(stanza);
        if (!isOpen) await new Promise<void>((resolve) => finish.push(resolve));
      };
      const taken = flood(server.peer);
      await until("reading stops", () => stanzas.length > 100);
      await stall(server.peer.socket);
      expect(stanzas.length).to.be.lessThan(400);
      expect(taken()).to.be.lessThan(24_000);
      isOpen = true;
      for (const done of finish) done();
      await until("all came", () => stanzas.length === 24_000, 10_000);
    });
  });

  describe("stop", () => {
    it("writes what is left, closes the stream, and does not connect again", async () => {
      await online();
      link.send(message("last"));
      await link.stop();
      expect(server.peer.received).to.match(/last<\/body><\/message><\/stream:stream>$/);
      clock.advance(600_000);
      expect([server.peers.length, clock.waiting, link.isOnline]).to.deep.equal([1, 0, false]);
      await link.stop();
    });

    it("does not wait for ever for a server that does not close", async () => {
      await online({ closeTimeoutMs: 1_000 });
      server.peer.socket.removeAllListeners("data");
      server.peer.socket.resume();
      const stopped = link.stop();
      clock.advance(1_000);
      await stopped;
    });

    it("ends an attempt that is under way, and the wait before the next", async () => {
      server.courtesy = "silent";
      const first = rejection(make().start());
      await until("the server was asked", () => server.peers.length === 1);
      await link.stop();
      expect((await first).code).to.equal("stopped");
      server.refusal = "conflict";
      server.courtesy = "accept";
      const second = rejection(make().start());
      await until("it waits", () => errors.length === 1);
      await link.stop();
      expect((await second).code).to.equal("stopped");
      expect(clock.waiting).to.be.lessThan(2);
    });
  });
});
