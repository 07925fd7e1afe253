import { expect } from "chai";
import { Connection, type ConnectionOptions } from "../../../sdk/connection/connection.js";
import { NS } from "../../../src/namespaces.js";
import { xml } from "../../../src/xml.js";
import { until } from "../../support/until.js";
import { type FakePeer, FakeServer } from "./fake-server.js";
import { failure, onlineTimes, type Watched, watch } from "./support.js";

const MANAGED = "<sm xmlns='urn:xmpp:sm:3'/>";

describe("Connection to a server that does not behave", () => {
  let server: FakeServer | undefined;
  let connection: Connection | undefined;
  afterEach(async () => {
    await connection?.stop();
    await server?.close();
  });

  async function facing(
    script: (peer: FakePeer, connection: number) => Promise<void>,
    options: Partial<ConnectionOptions> = {},
  ): Promise<Watched> {
    server = await FakeServer.start(script);
    const account = { domain: "example.org", username: "romeo", password: "secret" };
    connection = new Connection({ service: server.service, ...account, random: () => 0, ...options });
    return watch(connection);
  }

  /** Starts and waits for the first thing that goes wrong. */
  async function firstError(watched: Watched): Promise<unknown> {
    watched.connection.start().catch(() => {});
    await until("something goes wrong", () => watched.told.error.length + watched.told.fatal.length > 0);
    return watched.told.fatal[0] ?? watched.told.error[0];
  }

  it("does not log in in clear where TLS is required", async () => {
    const features =
      "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism></mechanisms>";
    const romeo = await facing((peer) => peer.open(features), { allowPlaintext: false });
    expect(await firstError(romeo)).include({ code: "tls-required" });
  });

  it("refuses TLS whose go-ahead carries more, which an attacker could have put there", async () => {
    const romeo = await facing(
      async (peer) => {
        await peer.open("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>");
        await peer.next();
        peer.send("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><stream:features/>");
      },
      { allowPlaintext: false },
    );
    expect(await firstError(romeo)).include({ code: "tls-failed" });
  });

  it("never sends the password in clear", async () => {
    const features =
      "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>";
    const romeo = await facing((peer) => peer.open(features));
    expect(await firstError(romeo)).include({ code: "no-mechanism" });
  });

  it("logs in with SCRAM-SHA-256 too", async () => {
    let isIn = false;
    const romeo = await facing(async (peer) => {
      await peer.authenticate({ mechanism: "SCRAM-SHA-256" });
      await peer.next();
      isIn = true;
    });
    void romeo.connection.start().catch(() => {});
    await until("logged in", () => isIn);
  });

  it("does not believe a server that does not know the password", async () => {
    const romeo = await facing((peer) =>
      peer.authenticate({ serverFinal: () => `v=${Buffer.alloc(20).toString("base64")}` }),
    );
    expect(await failure(romeo.connection.start())).include({
      code: "server-not-authenticated",
      isFatal: true,
    });
  });

  for (const [fault, faults] of [
    ["hours of hashing", { iterations: 999_999_999 }],
    ["hashing that is too cheap", { iterations: 1 }],
    ["its own nonce alone", { nonce: () => "server" }],
    ["no nonce of its own", { nonce: (client: string) => client }],
  ] as const) {
    it(`refuses a SCRAM challenge with ${fault}`, async () => {
      const romeo = await facing((peer) => peer.authenticate(faults));
      expect(await firstError(romeo)).include({ code: "bad-challenge" });
    });
  }

  for (const [condition, isFatal] of [
    ["account-disabled", true],
    ["credentials-expired", true],
    ["temporary-auth-failure", false],
  ] as const) {
    it(`${isFatal ? "stops" : "goes on trying"} after ${condition}`, async () => {
      const romeo = await facing(async (peer) => {
        await peer.open(
          "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism></mechanisms>",
        );
        await peer.next();
        peer.send(`<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><${condition}/></failure>`);
      });
      expect(await firstError(romeo)).include({ code: condition, isFatal });
      expect(romeo.told.fatal.length).equal(isFatal ? 1 : 0);
    });
  }

  it("drops a stream that acknowledges more than was sent, and begins a new session", async () => {
    const romeo = await facing(async (peer, number) => {
      await peer.login(MANAGED);
      if (number === 1) peer.send("<a xmlns='urn:xmpp:sm:3' h='7'/>");
    });
    await romeo.connection.start();
    await until("dropped", () => romeo.told.offline.length === 1);
    expect(romeo.told.offline[0]?.reason.code).equal("undefined-condition");
  });

  it("does not resume for ever with a server whose counts are wrong", async () => {
    const romeo = await facing(async (peer, number) => {
      if (number !== 2) {
        await peer.login(MANAGED);
        if (number === 1) peer.socket.destroy();
        return;
      }
      await peer.authenticate();
      await peer.open(`<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>${MANAGED}`);
      await peer.next();
      peer.send("<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='99'/>");
    });
    await romeo.connection.start();
    await onlineTimes(romeo, 2);
    expect(romeo.told.online[1]?.isResumed).equal(false);
  });

  it("reports only what was not acknowledged when a refused resumption says how far the server had come", async () => {
    const romeo = await facing(async (peer, number) => {
      if (number === 1) {
        await peer.login(MANAGED);
        await peer.next();
        await peer.next();
        return void peer.socket.destroy();
      }
      await peer.authenticate();
      await peer.open(`<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>${MANAGED}`);
      await peer.next();
      peer.send(
        "<failed xmlns='urn:xmpp:sm:3' h='1'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
      );
      await peer.bind(true);
    });
    await romeo.connection.start();
    void romeo.connection.send("<message id='1'/>");
    void romeo.connection.send("<message id='2'/>");
    await until("reported", () => romeo.told.unacknowledged.length === 1);
    expect(romeo.told.unacknowledged).eql([{ stanzas: ["<message id='2'/>"] }]);
  });

  it("sends nothing again before a resumed stream has shown that it is read, and gives it up if it is not", async () => {
    const seen: string[] = [];
    const romeo = await facing(
      async (peer, number) => {
        if (number !== 2) {
          await peer.login(MANAGED);
          await peer.next();
          return void (number === 1 && peer.socket.destroy());
        }
        await peer.authenticate();
        await peer.open(`<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>${MANAGED}`);
        await peer.next();
        peer.send("<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='0'/>");
        for (;;) seen.push((await peer.next()).name);
      },
      { heartbeat: { deadlineMs: 100 } },
    );
    await romeo.connection.start();
    await romeo.connection.send("<message id='1'/>");
    await onlineTimes(romeo, 2);
    await romeo.connection.send("<message id='2'/>");
    await onlineTimes(romeo, 3);
    expect(seen).eql(["r"]);
    expect(romeo.told.online.map(({ isResumed }) => isResumed)).eql([false, true, false]);
    expect(romeo.told.unacknowledged).eql([{ stanzas: ["<message id='1'/>", "<message id='2'/>"] }]);
  });

  it("learns from answered pings what was taken where there is no stream management", async () => {
    const romeo = await facing(
      async (peer) => {
        await peer.login("");
        await peer.next();
        const ping = await peer.next();
        peer.send(`<iq type='result' id='${ping.attrs.id}' from='example.org'/>`);
        await peer.next();
        peer.socket.destroy();
      },
      { heartbeat: { afterSendMs: 5 } },
    );
    await romeo.connection.start();
    await romeo.connection.send("<message id='1'/>");
    expect(romeo.connection.pendingStanzas).equal(1);
    await until("acknowledged", () => romeo.connection.pendingStanzas === 0);
    await romeo.connection.send("<message id='2'/>");
    await until("reported", () => romeo.told.unacknowledged.length === 1);
    expect(romeo.told.unacknowledged).eql([{ stanzas: ["<message id='2'/>"] }]);
    expect(romeo.told.offline[0]?.isResumable).equal(false);
  });

  it("ends a stream that is not XML, says why to the server, and comes back", async () => {
    const answers: string[] = [];
    const romeo = await facing(async (peer, number) => {
      await peer.login(MANAGED);
      if (number > 1) return;
      peer.send("<message><body>&bogus;</body></message>");
      for (;;) answers.push((await peer.next()).toString());
    });
    await romeo.connection.start();
    await onlineTimes(romeo, 1);
    await until("dropped", () => romeo.told.offline.length === 1);
    expect(romeo.told.offline[0]?.reason.code).equal("restricted-xml");
    await until("told", () => answers.length > 0);
    expect(answers[0]).contain("restricted-xml");
    await until("another attempt", () => (server?.accepted ?? 0) > 1);
  });

  it("keeps a request apart from an answer with its id and another sender", async () => {
    const romeo = await facing(async (peer) => {
      await peer.login(MANAGED);
      const { id } = (await peer.next()).attrs;
      peer.send(`<iq type='result' id='${id}' from='mallory@example.net/x'/>`);
      peer.send(`<iq type='error' id='${id}' from='romeo@example.org'/>`);
      peer.send(`<iq type='result' id='${id}' from='example.org'><true xmlns='urn:example:true'/></iq>`);
    });
    await romeo.connection.start();
    const answer = await romeo.connection.request(
      xml("iq", { type: "get", to: "example.org" }, xml("ping", { xmlns: NS.ping })),
    );
    expect(answer.getChild("true", "urn:example:true")).not.equal(undefined);
  });
});
