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

describe("canaries of a running component", () => {
  let world: World;
  let romeo: RawDevice;
  let api: string;
  let password: string;
  before(async () => {
    const port = await freePort();
    api = `http://127.0.0.1:${port}`;
    const signUp = { testNumbers: { [ROMEO]: "847362" } };
    world = await World.start({ isProcess: true, config: { http: { port }, signUp } });
    romeo = await RawDevice.online(await world.person(JULIET, "opaque"));
    const post = async (path: string, content: object): Promise<Record<string, string>> => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(api + path, { method: "POST", headers, body: JSON.stringify(content) });
      return (await response.json()) as Record<string, string>;
    };
    const { session } = await post("/v1/sign-ups", { number: ROMEO });
    ({ password = "" } = await post(`/v1/sign-ups/${session}/verification`, { code: "847362", newPin: PIN }));
    // It waits: nobody has attached
    await romeo.say(`${ROMEO}@${world.prosody.componentDomain}`, BODY, newMessageId());
  });
  after(async () => {
    await romeo?.stop();
    await world?.stop();
  });

  it("stand in no file but those that must have them: passwords, PINs and numbers in none", async () => {
    expect(password).to.match(/^\S{16,}$/);
    const paths = readdirSync(world.folder, { recursive: true, encoding: "utf8" })
      .map((name) => join(world.folder, name))
      .filter((path) => statSync(path).isFile() && !path.endsWith("component.toml"));
    expect(paths.some((path) => path.endsWith(".db"))).to.equal(true);
    for (const path of paths)
      for (const canary of [password, PIN, ROMEO.slice(1), JULIET.slice(1), world.config.store.key])
        expect(readFileSync(path).includes(canary), `${path}: ${canary}`).to.equal(false);
  });

  it("are in its memory and so in a core file, which is why the unit of systemd lets none be written", async function () {
    this.timeout(60_000);
    // The process needs its key as long as it runs: whoever has a core file has the numbers
    const key = Buffer.from(world.config.store.key, "base64");
    expect(await isInMemory(world.componentPid ?? 0, key)).to.equal(true);
    const unit = readFileSync(new URL("../../docs/operations/twotick.service", import.meta.url), "utf8");
    expect(unit).to.match(/^LimitCORE=0$/m);
  });
});
