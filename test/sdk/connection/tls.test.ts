import { expect } from "chai";
import { readFileSync, rmSync } from "node:fs";
import type { ProsodyProcess } from "../../../prosody/prosody.js";
import { NS } from "../../../src/namespaces.js";
import { xml } from "../../../src/xml.js";
import { type TemporaryProsody, temporaryFolder, temporaryProsody } from "../../support/prosody.js";
import { until } from "../../support/until.js";
import { selfSigned } from "./certificate.js";
import { Cast } from "./support.js";

describe("Connection over TLS", () => {
  const folder = temporaryFolder();
  const tls = selfSigned(folder, "example.org");
  const trustedCertificates = readFileSync(tls.certificatePath, "utf8");
  let running: TemporaryProsody;
  const prosody = (): ProsodyProcess => running.prosody;
  const cast = new Cast(prosody);
  before(async () => (running = await temporaryProsody({ tls })));
  afterEach(() => cast.closeAll());
  after(async () => {
    await running.remove();
    rmSync(folder, { recursive: true });
  });

  it("turns to TLS where the server requires it, and logs in", async () => {
    const { connection } = await cast.enter("romeo", { trustedCertificates });
    const ping = xml("iq", { type: "get", to: "example.org" }, xml("ping", { xmlns: NS.ping }));
    expect((await connection.request(ping)).attrs.type).equal("result");
  });

  it("misses no answer, however early it comes", async () => {
    for (let login = 0; login < 30; login++) {
      const { connection, told } = await cast.enter("romeo", {
        trustedCertificates,
        connectTimeoutMs: 2_000,
      });
      expect(told.error).eql([]);
      await connection.stop();
    }
  });

  it("does not go on with a certificate that nobody trusts", async () => {
    const { connection, told } = await cast.prepare("romeo");
    connection.start().catch(() => {});
    await until("refused", () => told.error.length > 0);
    expect(told.error[0]).include({ code: "tls-failed", isFatal: false });
    expect(told.online).eql([]);
  });

  it("does not go on with a trusted certificate for another domain", async () => {
    const other = await temporaryProsody({ tls, host: "example.net" });
    const stage = new Cast(() => other.prosody);
    const { connection, told } = await stage.prepare("romeo", { trustedCertificates });
    connection.start().catch(() => {});
    await until("refused", () => told.error.length > 0);
    expect(told.error[0]).include({ code: "tls-failed" });
    await stage.closeAll();
    await other.remove();
  });
});
