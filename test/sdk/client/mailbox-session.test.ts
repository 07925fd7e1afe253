import { verify, createPublicKey } from "node:crypto";
import { expect } from "chai";
import { openMemoryStorage, StanzaError } from "../../../sdk/mod.js";
import { attachStatement } from "../../../src/mailbox-attach.js";
import { until } from "../../support/until.js";
import { failure } from "../connection/support.js";
import { acceptAll, DOMAIN, message, OWN, PEER } from "./fake-service.js";
import { Stage } from "./stage.js";

const denied = (applicationCondition: string): StanzaError =>
  new StanzaError("not-authorized", "no", { applicationCondition });

describe("MailboxSession", () => {
  let stage: Stage;
  beforeEach(() => {
    stage = new Stage();
  });
  afterEach(() => stage.clear());

  it("proves its device key over the service's nonce, and tells the service that it is there", async () => {
    const { client } = await stage.enter();
    const [attach] = stage.service.attaches;
    expect(attach).to.include({ device: client.device, last: 0 });
    const proof = attach?.proof as { nonce: string; publicKey: Buffer; signature: Buffer };
    const statement = attachStatement(DOMAIN, "romeo@example.org/phone", client.device, "nonce");
    const x = proof.publicKey.toString("base64url");
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    expect(verify(null, statement, key, proof.signature)).to.equal(true);
    expect(stage.service.presences.at(-1)).to.include(DOMAIN);
    expect(client.state).to.equal("attached");
  });

  it("opens the mailbox in one round trip with the token of last time, also after a restart", async () => {
    const storage = openMemoryStorage();
    const first = await stage.enter(storage);
    stage.service.connection.cut();
    stage.service.connection.login();
    await until("another attach", () => stage.service.attaches.length === 2);
    expect(stage.service.attaches[1]?.proof).to.deep.equal({ token: "token 1" });
    await until("the mailbox", () => first.client.state === "attached");
    await stage.clear();
    await stage.enter(storage);
    expect(stage.service.attaches[2]?.proof).to.deep.equal({ token: "token 2" });
    expect(stage.service.challenges).to.equal(1);
  });

  for (const condition of ["token-expired", "unknown-device"]) {
    it(`proves itself again when the token is refused with ${condition}`, async () => {
      const person = await stage.enter();
      stage.service.onAttach = ({ proof }) => {
        if ("token" in proof) throw denied(condition);
      };
      stage.service.connection.cut();
      stage.service.connection.login();
      await until("the mailbox", () => person.client.state === "attached");
      expect(stage.service.challenges).to.equal(2);
      expect(person.told.fatal).to.equal(undefined);
    });
  }

  it("stops for good when the device is not bound to the account", async () => {
    stage.service.onAttach = () => {
      throw denied("unknown-device");
    };
    const person = await stage.prepare();
    expect(await failure(person.client.start())).to.include({ applicationCondition: "unknown-device" });
    expect(person.client.state).to.equal("refused");
    expect(person.told.fatal).to.have.lengthOf(1);
    stage.clock.advance(600_000);
    expect(stage.service.attaches).to.have.lengthOf(1);
    // Nor does another login change that
    stage.service.onAttach = () => {};
    stage.service.connection.cut();
    stage.service.connection.login();
    await new Promise((resolve) => setImmediate(resolve));
    expect(stage.service.challenges).to.equal(1);
    expect(person.client.state).to.equal("refused");
  });

  it("knows its service however the domain was written", async () => {
    const account = {
      domain: "example.org",
      username: "romeo",
      password: "secret",
      numberDomain: DOMAIN.toUpperCase(),
      number: OWN,
    };
    const person = await stage.enter(undefined, { account });
    stage.service.deliver(message(1, "But soft"));
    await until("the message", () => person.messages.length === 1);
  });

  it("tries again, with growing pauses, while the service is away", async () => {
    let isAway = true;
    stage.service.onAttach = () => {
      if (isAway) throw new StanzaError("remote-server-timeout", "not connected");
    };
    const { client } = await stage.prepare();
    const started = client.start();
    await until("three attempts", () => {
      stage.clock.advance(100);
      return stage.service.attaches.length >= 3;
    });
    isAway = false;
    await until("the mailbox", () => {
      stage.clock.advance(1_000);
      return client.state === "attached";
    });
    await started;
  });

  it("attaches again when it is told that the mailbox was closed", async () => {
    const person = await stage.enter();
    stage.service.say("<detached xmlns='urn:twotick:mailbox:1'>nothing was acknowledged</detached>");
    await until("another attach", () => stage.service.attaches.length === 2);
    expect(person.told.detached).to.deep.equal([{ reason: "nothing was acknowledged" }]);
    stage.service.deliver(message(1, "one"));
    await until("the message", () => person.messages.length === 1);
  });

  it("submits again at once what the service was asked before it was away", async () => {
    const { client } = await stage.enter();
    stage.service.answer = () => new Promise<string>(() => {});
    const handle = await client.send(PEER, "hello");
    await until("the submit", () => stage.service.submits.length === 1);
    stage.service.answer = acceptAll;
    stage.service.say("<detached xmlns='urn:twotick:mailbox:1'>the service was away</detached>");
    await handle.until("accepted");
    expect(stage.service.submits[1]?.raw).to.equal(stage.service.submits[0]?.raw);
  });

  it("pauses before it attaches when it is thrown out again and again", async () => {
    const person = await stage.enter();
    for (let round = 1; round <= 3; round++) {
      stage.service.say("<detached xmlns='urn:twotick:mailbox:1'>attached elsewhere</detached>");
      await until("the mailbox", () => {
        if (round > 1) stage.clock.advance(100);
        return person.client.state === "attached";
      });
    }
    stage.service.say("<detached xmlns='urn:twotick:mailbox:1'>attached elsewhere</detached>");
    expect(person.client.state).to.equal("attaching");
    const before = stage.service.attaches.length;
    await new Promise((resolve) => void setImmediate(resolve));
    expect(stage.service.attaches).to.have.lengthOf(before);
  });

  it("attaches at once, however often the service is restarted", async () => {
    const person = await stage.enter();
    for (let round = 1; round <= 4; round++) {
      stage.service.say(
        "<detached xmlns='urn:twotick:mailbox:1' restart='true'>the service was away</detached>",
      );
      await until("another attach", () => stage.service.attaches.length === round + 1);
      await until("the mailbox", () => person.client.state === "attached");
    }
  });

  it("takes a bounce for the service being away", async () => {
    await stage.enter();
    stage.service.say("<error type='wait'/>", DOMAIN, "error");
    await until("another attach", () => stage.service.attaches.length === 2);
  });

  it("leaves the mailbox open across a resumed session, and says where it is", async () => {
    const person = await stage.enter();
    const acks = stage.service.acks.length;
    stage.service.connection.cut(true);
    expect(person.client.state).to.equal("connecting");
    const handle = await person.client.send(PEER, "hello");
    expect(stage.service.submits).to.deep.equal([]);
    stage.service.connection.login(true);
    await handle.until("accepted");
    expect(stage.service.attaches).to.have.lengthOf(1);
    expect(stage.service.acks.length).to.be.above(acks);
  });

  it("repeats its acknowledgement when it was quiet for a minute", async () => {
    await stage.enter();
    await until("the first", () => stage.service.acks.length === 1);
    stage.clock.advance(60_000);
    expect(stage.service.acks).to.have.lengthOf(2);
    stage.clock.advance(60_000);
    expect(stage.service.acks).to.have.lengthOf(3);
  });

  it("announces its keys after every login, until that has worked", async () => {
    const person = await stage.prepare();
    const announce = stage.omemo.announce.bind(stage.omemo);
    let attempts = 0;
    stage.omemo.announce = async () => {
      if (++attempts < 3) throw new StanzaError("internal-server-error", "later");
      await announce();
    };
    const started = person.client.start();
    await until("three attempts", () => {
      stage.clock.advance(500);
      return attempts === 3;
    });
    await started;
    stage.service.connection.cut();
    stage.service.connection.login();
    await until("another", () => attempts === 4);
  });
});
