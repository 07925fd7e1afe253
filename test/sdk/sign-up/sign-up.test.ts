import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { signUp, SignUpError } from "../../../sdk/sign-up/mod.js";
import { newDeviceId } from "../../../src/ids.js";
import { Harness } from "../../component/sign-up/harness.js";
import { newDeviceKey } from "../../support/raw-device.js";

const ROMEO = "+15551230001";

describe("signUp", () => {
  let harness: Harness;
  let proxy: Server;
  let api: string;
  /** Answers that get lost on the way back, one after the other: the request is done all the same. */
  let losses: number;
  let requests: string[];
  /** Set: the proxy answers by itself. */
  let proxyAnswer: { status: number; type: string; body: string } | undefined;

  before(async () => {
    harness = await Harness.start({
      signUp: { limits: { address: { burst: 1000 }, number: { burst: 1000 } } },
    });
    proxy = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        requests.push(request.url!);
        if (proxyAnswer) {
          response.writeHead(proxyAnswer.status, { "content-type": proxyAnswer.type }).end(proxyAnswer.body);
          return;
        }
        void harness.server.fastify
          .inject({
            method: "POST",
            url: request.url!,
            payload: body,
            headers: { "content-type": "application/json" },
          })
          .then((answer) => {
            if (losses-- > 0) return void request.socket.destroy();
            const type = answer.headers["content-type"] as string;
            response.writeHead(answer.statusCode, { "content-type": type }).end(answer.body);
          });
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    api = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/`;
  });
  beforeEach(() => {
    losses = 0;
    requests = [];
    proxyAnswer = undefined;
  });
  after(async () => {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
    await harness.stop();
  });

  const device = () => ({ deviceId: newDeviceId(), publicKey: newDeviceKey().publicKey });
  const refusal = async (work: Promise<unknown>): Promise<SignUpError> => {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(SignUpError);
    return error as SignUpError;
  };

  it("asks for a code, says what may happen next and gets the account", async () => {
    const session = await signUp({ api, number: "(555) 123-0001", country: "US", device: device() });
    expect(session.state).to.deep.equal({
      number: ROMEO,
      checksLeft: 5,
      smsInSeconds: 60,
      voiceInSeconds: 60,
    });
    const account = await session.verify(harness.sms.lastCode, { localpart: "romeo", newPin: "4711" });
    expect(account.account.bare).to.equal("romeo@example.org");
    expect(account.address.bare).to.equal(`${ROMEO}@phone.example.org`);
    expect(account).to.include({ number: ROMEO, component: "phone.example.org" });
    expect(account.password).to.equal(harness.host.accounts.get("romeo@example.org"));
  });

  it("gets the account although answers are lost, and the password that it gets is the one that counts", async () => {
    const session = await signUp({ api, number: "+15551230002", device: device() });
    losses = 2;
    const { account, password } = await session.verify(harness.sms.lastCode);
    expect(requests.filter((path) => path.endsWith("/verification"))).to.have.length(3);
    expect(harness.host.accounts.get(account.bare)).to.equal(password);
  });

  it("does not ask for a second code when the answer to the first was lost", async () => {
    losses = 1;
    const error = await refusal(signUp({ api, number: "+15551230003" }));
    expect(error).to.include({ code: "unreachable", status: 0 });
    expect(requests).to.have.length(1);
  });

  it("asks for another code when it may", async () => {
    const session = await signUp({ api, number: "+15551230004" });
    const error = await refusal(session.resend());
    expect(error).to.include({ code: "too-early", status: 429, retryAfterSeconds: 60 });
    harness.clock.advance(60_000);
    expect(await session.resend("voice")).to.include({ voiceInSeconds: 60, smsInSeconds: 0 });
    await session.verify(harness.sms.lastCode);
  });

  it("passes on what was wrong, typed", async () => {
    const session = await signUp({ api, number: "+15551230005" });
    const wrong = harness.sms.lastCode === "000000" ? "000001" : "000000";
    expect(await refusal(session.verify(wrong))).to.include({ code: "code-wrong", checksLeft: 4 });
    expect((await refusal(signUp({ api, number: "12" }))).code).to.equal("number-invalid");
    expect((await refusal(signUp({ api, number: "+4915112345678" }))).code).to.equal("country-not-allowed");
  });

  it("is not confused by a proxy's page, or by an answer that is none", async () => {
    proxyAnswer = { status: 404, type: "text/html", body: "<h1>hello</h1>" };
    expect(await refusal(signUp({ api, number: ROMEO }))).to.include({ code: "refused", status: 404 });
    for (const body of ["null", "[]", "{", '"text"']) {
      proxyAnswer = { status: 200, type: "application/json", body };
      expect((await refusal(signUp({ api, number: ROMEO }))).code).to.equal("refused");
    }
    proxyAnswer = { status: 200, type: "application/json", body: "{}" };
    expect((await refusal(signUp({ api, number: ROMEO }))).code).to.equal("bad-answer");
  });

  it("gives up on a service that is not there", async () => {
    const error = await refusal(signUp({ api: "http://127.0.0.1:1", number: ROMEO, timeoutMs: 500 }));
    expect(error.code).to.equal("unreachable");
  });
});
