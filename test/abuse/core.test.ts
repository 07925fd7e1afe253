import { readdirSync, readFileSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { freePort } from "../../prosody/ports.js";
import { newMessageId } from "../../src/ids.js";
import { RawDevice } from "../support/raw-device.js";
import { World } from "../support/world.js";

const ROMEO = "+15551230001";
const JULIET = "+15551230002";
const BODY = "canary-body-5d1e0c2f";
const PIN = "60281749";
const CODE = "847362";

/**
 * Whether bytes stand in the memory of a process that it can write: what a core file of it would hold.
 *
 * Source: proc(5), core(5)
 */
async function isInMemory(pid: number, needle: Buffer): Promise<boolean> {
  const regions = readFileSync(`/proc/${pid}/maps`, "latin1").matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw/gm);
  const memory = await open(`/proc/${pid}/mem`);
  try {
    const chunk = Buffer.alloc(4 * 1024 * 1024);
    for (const [, from = "", to = ""] of regions)
      for (let at = parseInt(from, 16); at < parseInt(to, 16); at += chunk.length - needle.length) {
        const length = Math.min(chunk.length, parseInt(to, 16) - at);
        // What the process has reserved and not used cannot be read
        const { bytesRead } = await memory.read(chunk, 0, length, at).catch(() => ({ bytesRead: 0 }));
        if (chunk.subarray(0, bytesRead).includes(needle)) return true;
      }
    return false;
  } finally {
    await memory.close();
  }
}

describe("canaries of a running component", function () {
  this.timeout(90_000);
  let world: World;
  let romeo: RawDevice;
  let api: string;
  let password: string;
  before(async () => {
    const port = await freePort();
    api = `http://127.0.0.1:${port}`;
    const signUp = { testNumbers: { [ROMEO]: CODE } };
    world = await World.start({ isProcess: true, config: { http: { port }, signUp } });
    romeo = await RawDevice.online(await world.person(JULIET, "opaque"));
    const post = async (path: string, content: object): Promise<Record<string, string>> => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(api + path, { method: "POST", headers, body: JSON.stringify(content) });
      return (await response.json()) as Record<string, string>;
    };
    const { session } = await post("/v1/sign-ups", { number: ROMEO });
    ({ password = "" } = await post(`/v1/sign-ups/${session}/verification`, { code: CODE, newPin: PIN }));
    // It waits: nobody has attached
    await romeo.say(`${ROMEO}@${world.prosody.componentDomain}`, BODY, newMessageId());
  });
  after(async () => {
    await romeo?.stop();
    await world?.stop();
  });

  /** The files of the component's folder, without the configuration, which the administrator wrote. */
  const files = (): { name: string; content: Buffer }[] =>
    readdirSync(world.folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name !== "component.toml" && statSync(join(world.folder, name)).isFile())
      .map((name) => ({ name, content: readFileSync(join(world.folder, name)) }));

  it("stand in no file but those that must have them: codes, passwords, PINs and numbers in none", () => {
    expect(password).to.match(/^\S{16,}$/);
    expect(files().map(({ name }) => name)).to.include("twotick.db");
    const secrets = [CODE, password, PIN, ROMEO.slice(1), JULIET.slice(1), world.config.store.key];
    for (const { name, content } of files())
      for (const canary of secrets) expect(content.includes(canary), `${name}: ${canary}`).to.equal(false);
  });

  it("stand in the store alone while they wait, which are the bodies", () => {
    const found = files().filter(({ content }) => content.includes(BODY));
    expect(found.length).to.be.above(0);
    for (const { name } of found) expect(name).to.be.oneOf(["twotick.db", "twotick.db-wal"]);
  });

  it("are in its memory and so in a core file, which is why the unit of systemd lets none be written", async () => {
    // The process needs its key as long as it runs: whoever has a core file has the numbers
    const key = Buffer.from(world.config.store.key, "base64");
    expect(await isInMemory(world.componentPid ?? 0, key)).to.equal(true);
    const unit = readFileSync(new URL("../../docs/operations/twotick.service", import.meta.url), "utf8");
    expect(unit).to.match(/^LimitCORE=0$/m);
  });
});
