import { expect } from "chai";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:tls";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { freePort } from "../../../prosody/prosody.js";
import { NS } from "../../../src/namespaces.js";
import { xml } from "../../../src/xml.js";
import { type TemporaryProsody, temporaryFolder, temporaryProsody } from "../../support/prosody.js";
import { until } from "../../support/until.js";
import { selfSigned } from "./certificate.js";
import { Cast } from "./support.js";

describe("XEP-0368: TLS before XMPP", () => {
  const folder = temporaryFolder();
  const tls = selfSigned(folder, "example.org");
  const trustedCertificates = readFileSync(tls.certificatePath, "utf8");
  let running: TemporaryProsody;
  let service: string;
  const cast = new Cast(() => running.prosody);
  before(async () => {
    running = await temporaryProsody({ tls });
    const { prosody } = running;
    const port = await freePort();
    const config = readFileSync(prosody.configPath, "utf8");
    writeFileSync(prosody.configPath, `c2s_direct_tls_ports = { ${port} }\n${config}`, { mode: 0o600 });
    await prosody.restart();
    service = `xmpps://127.0.0.1:${port}`;
  });
  afterEach(() => cast.closeAll());
  after(async () => {
    await running.remove();
    rmSync(folder, { recursive: true });
  });

  it("logs in at a port that speaks nothing else", async () => {
    const { connection } = await cast.enter("romeo", { service, trustedCertificates });
    const ping = xml("iq", { type: "get", to: "example.org" }, xml("ping", { xmlns: NS.ping }));
    expect((await connection.request(ping)).attrs.type).equal("result");
  });

  it("does not go on with a certificate that nobody trusts", async () => {
    const { connection, told } = await cast.prepare("romeo", { service });
    connection.start().catch(() => {});
    await until("refused", () => told.error.length > 0);
    expect(told.error[0]).include({ code: "tls-failed" });
    expect(told.online).eql([]);
  });

  it("says during the handshake for which domain and which protocol it comes", async () => {
    const options = { key: readFileSync(tls.keyPath), cert: trustedCertificates };
    const server = createServer({ ...options, ALPNProtocols: ["xmpp-client"] }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { connection } = await cast.prepare("romeo", {
      service: `xmpps://127.0.0.1:${port}`,
      trustedCertificates,
    });
    const secured = once(server, "secureConnection");
    connection.start().catch(() => {});
    const [socket] = (await secured) as [{ servername: string; alpnProtocol: string; destroy(): void }];
    expect([socket.servername, socket.alpnProtocol]).eql(["example.org", "xmpp-client"]);
    await connection.stop();
    socket.destroy();
    server.close();
  });
});
