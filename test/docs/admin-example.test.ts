import { client } from "@xmpp/client";
import { expect } from "chai";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { App } from "../../component/app.js";
import { checkConfig, parseConfig } from "../../component/config.js";
import { createLog } from "../../component/log.js";
import { resolveProsodyConfig } from "../../prosody/config.js";
import { freePort, ProsodyProcess } from "../../prosody/prosody.js";
import { signUp } from "../../sdk/sign-up/mod.js";
import { type Element, xml } from "../../src/xml.js";
import { addAccount, prosodyLog, temporaryFolder } from "../support/prosody.js";

const PAGES = ["docs/admin.md", "README.md"];
const NUMBER = "+15551230001";
const HOST = "example.org";

/** The blocks of a page in one language. */
function blocks(page: string, language: string): string[] {
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), "utf8");
  return [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter(([, name]) => name === language)
    .map(([, , content = ""]) => content);
}

/** A Prosody as a distribution configures it, as far as the example counts on it. */
function surroundings(dataDir: string, clientPort: number, componentPort: number): string {
  return `
pidfile = "${dataDir}/prosody.pid"
data_path = "${dataDir}"
certificates = "${dataDir}/certificates"
admin_socket = "${dataDir}/prosody.sock"
log = { { levels = { min = "info" }, to = "file", filename = "${dataDir}/prosody.log" } }
run_as_root = ${process.getuid?.() === 0}
interfaces = { "127.0.0.1" }
component_interfaces = { "127.0.0.1" }
c2s_ports = { ${clientPort} }
component_ports = { ${componentPort} }
modules_enabled = { "disco"; "mam"; "pep"; "ping"; "roster"; "saslauth"; "smacks" }
modules_disabled = { "s2s", "tls" }
c2s_require_encryption = false
authentication = "internal_hashed"
`;
}

for (const page of PAGES) {
  describe(`the Prosody configuration of ${page}`, () => {
    let dataDir: string;
    let prosody: ProsodyProcess;
    let app: App | undefined;

    before(async () => {
      dataDir = temporaryFolder();
      mkdirSync(join(dataDir, "certificates"));
      const [lua = ""] = blocks(page, "lua");
      const [, componentSecret = ""] = /component_secret = "(.*)"/.exec(lua) ?? [];
      const config = resolveProsodyConfig({
        dataDir,
        host: HOST,
        clientPort: await freePort(),
        componentPort: await freePort(),
        componentSecret,
      });
      prosody = new ProsodyProcess(config, ["prosody"], 10_000);
      writeFileSync(prosody.configPath, surroundings(dataDir, config.clientPort, config.componentPort) + lua);
      const [groups = ""] = blocks("docs/admin.md", "text");
      writeFileSync(join(dataDir, "twotick-groups.txt"), groups);
      await prosody.start();
    });

    after(async () => {
      await app?.stop();
      await prosody.stop();
      rmSync(dataDir, { recursive: true });
    });

    it("lets the component connect and make an account at sign-up", async () => {
      app = await App.start(
        checkConfig({
          host: { domain: HOST },
          link: {
            port: prosody.componentPort,
            domain: prosody.componentDomain,
            secret: prosody.componentSecret,
          },
          store: { path: join(dataDir, "twotick.db"), key: randomBytes(32).toString("base64") },
          http: { port: 0 },
          signUp: { testNumbers: { [NUMBER]: "000001" } },
        }),
        { log: createLog("silent") },
      );
      await app.online;
      const session = await signUp({ api: `http://127.0.0.1:${app.httpPort}`, number: NUMBER });
      const { account } = await session.verify("000001");
      expect(account.domain).equal(HOST);
    });

    it("lets a message bounce that the host cannot deliver", async () => {
      await addAccount(prosody, "romeo", "secret");
      await addAccount(prosody, "juliet", "secret");
      const romeo = client({ service: prosody.service, domain: HOST, username: "romeo", password: "secret" });
      await romeo.start();
      const answer = new Promise<Element>((resolve) => romeo.once("stanza", resolve));
      await romeo.send(
        xml("message", { to: `juliet@${HOST}`, type: "chat", id: "m" }, xml("body", {}, "hello")),
      );
      const { name, attrs } = await answer;
      await romeo.stop();
      expect({ name, type: attrs.type as string }).deep.equal({ name: "message", type: "error" });
    });

    it("has no fault that Prosody complains of", () => {
      const faults = prosodyLog(prosody)
        .split("\n")
        .filter((line) => line.includes("\terror\t"));
      expect(faults).deep.equal([]);
    });
  });
}

describe("the component configuration of docs/admin.md", () => {
  it("is sound", () => {
    const [toml = ""] = blocks("docs/admin.md", "toml");
    // Without the files that hold the secrets, which are not on this machine
    const text = toml.replaceAll(/^(secret_file = "\/etc\/twotick\/link-secret"|key_file = .*)$/gm, "");
    const environment = {
      TWOTICK_LINK_SECRET: "s",
      TWOTICK_STORE_KEY: randomBytes(32).toString("base64"),
      TWOTICK_SIGN_UP_SECRET: "s",
    };
    const config = parseConfig(text, { environment, directory: "/etc/twotick" });
    expect(config.signUp).deep.include({ provider: "http", countries: ["DE", "FR"] });
  });
});
