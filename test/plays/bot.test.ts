import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Client, openSqliteStorage } from "../../sdk/mod.js";
import { enrol, freshNumber, People, type Person } from "../sdk/client/people.js";
import { temporaryFolder } from "../support/prosody.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

const PATIENCE_MS = 20_000;

describe("Bot, in a process of its own, with a real server and component", () => {
  const world = useWorld();
  const people = new People(world);
  let folder: string;
  let number: string;
  let romeo: Person;
  let running: ChildProcess | undefined;
  let printed = "";

  beforeEach(async () => {
    folder = temporaryFolder();
    number = freshNumber();
    const storage = openSqliteStorage({ path: join(folder, "bot.db") });
    const account = await enrol(world(), number, storage);
    await Client.open({ storage, service: world().prosody.service, account });
    storage.close();
    romeo = await people.arrive();
  });
  afterEach(async () => {
    await end("SIGKILL");
    await people.leave();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(environment: Record<string, string> = {}): Promise<void> {
    printed = "";
    const TWOTICK_STORE = join(folder, "bot.db");
    running = spawn(process.execPath, ["--import", "tsx", "test/sdk/bot/bot-process.ts"], {
      env: { ...process.env, TWOTICK_STORE, TWOTICK_SERVICE: world().prosody.service, ...environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    running.stdout?.setEncoding("utf8").on("data", (text: string) => (printed += text));
    await says("online");
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    const child = running;
    running = undefined;
    if (!child) return null;
    child.kill(signal);
    const [code] = (await once(child, "exit")) as [number | null];
    return code;
  }

  const says = (what: string): Promise<void> =>
    until(`the bot prints ${what}`, () => printed.includes(what), PATIENCE_MS);

  it("answers every message once, encrypted, and counts it once, although it is killed in a handler", async () => {
    await start({ HANG: "1" });
    for (const text of ["one", "two!", "three"]) await romeo.client.send(number, text);
    await says("hanging");
    await end("SIGKILL");
    await start();
    await until("all answers", () => romeo.texts().length >= 6, PATIENCE_MS);
    await romeo.client.send(number, "four");
    await until("the last answer", () => romeo.texts().includes("done 4 four"), PATIENCE_MS);
    expect(romeo.texts()).to.deep.equal(
      ["one", "two!", "three", "four"].flatMap((text, index) => [
        `begun ${index + 1} ${text}`,
        `done ${index + 1} ${text}`,
      ]),
    );
    expect(romeo.messages.every(({ isEncrypted }) => isEncrypted)).to.equal(true);
    expect(await end("SIGTERM")).to.equal(0);
  }).timeout(90_000);

  it("keeps an appointment that it made before it was killed, once", async () => {
    await start();
    await romeo.client.send(number, "/later 1500");
    await says("scheduled");
    await end("SIGKILL");
    await start();
    await until("the appointment", () => romeo.texts().includes("later"), PATIENCE_MS);
    await romeo.client.send(number, "after");
    await until("the answer", () => romeo.texts().includes("done 1 after"), PATIENCE_MS);
    expect(romeo.texts()).to.deep.equal(["later", "begun 1 after", "done 1 after"]);
  }).timeout(90_000);
});
