import { client } from "@xmpp/client";
import { expect } from "chai";
import { statSync } from "node:fs";
import { createServer } from "node:net";
import { addAccount, type ProsodyProcess, renderProsodyConfig, startProsody } from "../../prosody/prosody.js";
import { freePort, isListening } from "../../prosody/ports.js";
import { InvalidInput, TwotickError } from "../../src/errors.js";
import { prosodyLog, temporaryFolder, useProsody } from "../support/prosody.js";

const ports = { componentSecret: "s", clientPort: 5222, componentPort: 5347 };

async function failureOf(work: Promise<unknown>): Promise<TwotickError> {
  try {
    await work;
  } catch (error) {
    expect(error).instanceOf(TwotickError);
    return error as TwotickError;
  }
  throw new Error("nothing was thrown");
}

describe("renderProsodyConfig", () => {
  it("names the registrar as administrator of the host alone", () => {
    const text = renderProsodyConfig({ ...ports, dataDir: "/d" });
    const [global, host] = text.split('VirtualHost "example.org"');
    expect(global).not.match(/^admins/m);
    expect(host).contain('admins = { "registrar@phone.example.org" }');
  });

  it("refuses clear text on anything but loopback", () => {
    expect(() => renderProsodyConfig({ ...ports, dataDir: "/d", interface: "0.0.0.0" })).throw(
      InvalidInput,
      "loopback",
    );
  });

  it("lets no value break out of its Lua string", () => {
    const text = renderProsodyConfig({
      ...ports,
      dataDir: "/d",
      componentSecret: String.raw`a"; os.exit() --\ `,
    });
    expect(text).contain(String.raw`component_secret = "a\"; os.exit() --\\ "`);
    expect(() => renderProsodyConfig({ ...ports, dataDir: "/d\n" })).throw(InvalidInput, "control character");
  });

  it("refuses a port that is none", () => {
    expect(() => renderProsodyConfig({ ...ports, dataDir: "/d", clientPort: 70_000 })).throw(
      InvalidInput,
      "65535",
    );
  });
});

describe("startProsody", () => {
  const prosody = useProsody();

  it("answers on both ports and runs without a warning in its log", async () => {
    expect(await isListening(prosody().clientPort, "127.0.0.1")).equal(true);
    expect(await isListening(prosody().componentPort, "127.0.0.1")).equal(true);
    expect(prosody().isRunning).equal(true);
    expect(prosodyLog(prosody())).not.match(/\terror\t/);
  });

  it("keeps the configuration, which holds the secret, to its owner", () => {
    expect(statSync(prosody().configPath).mode & 0o777).equal(0o600);
  });

  it("comes back on the same ports after a clean stop and after SIGKILL", async () => {
    const before: ProsodyProcess = prosody();
    const { clientPort, pid } = before;
    await before.restart();
    expect(before.pid).not.equal(pid);
    await before.kill("SIGKILL");
    expect(before.isRunning).equal(false);
    await before.restart();
    expect(await isListening(clientPort, "127.0.0.1")).equal(true);
  });

  it("says which port is taken", async () => {
    const clientPort = await freePort();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(clientPort, "127.0.0.1", resolve));
    const error = await failureOf(
      startProsody({ dataDir: temporaryFolder(), clientPort, componentPort: await freePort() }),
    );
    squatter.close();
    expect(error.code).equal("port-taken");
    expect(error.message).contain(String(clientPort));
  });

  it("says that Prosody is not installed", async () => {
    const error = await failureOf(
      startProsody({ dataDir: temporaryFolder(), program: "prosody-that-is-not-there" }),
    );
    expect(error.code).equal("prosody-missing");
  });

  it("gives the last words of a Prosody that ends at once", async () => {
    const error = await failureOf(startProsody({ dataDir: temporaryFolder(), program: "false" }));
    expect(error.code).equal("prosody-exited");
  });
});

describe("addAccount", () => {
  const prosody = useProsody();

  it("gives a running Prosody an account that a client can log in to", async () => {
    const jid = await addAccount(prosody(), "romeo.montague", "a fine password");
    expect(jid.toString()).equal("romeo.montague@example.org");
    const stranger = client({ ...login(), password: "another password" });
    stranger.reconnect.stop();
    stranger.on("error", () => {});
    expect(String(await stranger.start().catch((error: unknown) => error))).contain("not-authorized");
    const romeo = client({ ...login(), password: "a fine password" });
    const online = await romeo.start();
    await romeo.stop();
    expect(online.bare().toString()).equal(jid.bare);
  });

  function login(): { service: string; domain: string; username: string } {
    return { service: prosody().service, domain: prosody().host, username: "romeo.montague" };
  }
});
