import { appendFileSync } from "node:fs";
import { expect } from "chai";
import { readTranscript, replayWorld, World, writeTranscript } from "../../../sdk/testing/mod.js";

const PATIENCE_MS = 90_000;

describe("World", () => {
  let world: World | undefined;
  afterEach(async () => {
    await world?.stop();
    world = undefined;
  });

  it("keeps the contract while links fail and the component is killed, does it again from its transcript, and tells what is broken", async () => {
    world = await World.start({ people: { romeo: [], juliet: ["phone", "laptop"] } });
    const [romeo, juliet] = [world.person("romeo"), world.person("juliet")];
    const laptop = world.device("juliet/laptop");
    juliet.device.link.cut();
    laptop.link.delay("20ms");
    const word = await romeo.say(juliet, "But soft");
    await word.until("accepted");
    await world.component.kill();
    await romeo.say(juliet, "what light");
    await world.component.start();
    juliet.device.link.heal();
    expect((await juliet.hears(romeo, "But soft")).isEncrypted).to.equal(true);
    await juliet.reads(await juliet.hears(romeo, /light/));
    await laptop.hears(romeo, "But soft");
    await romeo.device.tick(word.id, "delivered");
    expect((await world.check()).counts).to.include({ asked: 2, accepted: 2, shown: 4 });
    const transcript = writeTranscript(world.transcript);
    await world.stop();
    world = await replayWorld(readTranscript(transcript));
    expect((await world.check()).counts).to.include({ asked: 2, accepted: 2, shown: 4 });
    // A message in a journal that nobody sent
    const forged = { at: Date.now(), kind: "shown", id: "forged", from: romeo.number, body: "-" };
    appendFileSync(world.device("juliet/phone").journalPath, `${JSON.stringify(forged)}\n`);
    const failure = await world.check({ timeoutMs: 200 }).catch((error: unknown) => error);
    expect(String(failure))
      .to.match(/shown-but-never-sent: forged/)
      .and.match(/"do":"say"/);
  }).timeout(PATIENCE_MS);

  it("kills a device's process with words that nobody has yet, and loses none", async () => {
    world = await World.start({ people: ["romeo", "juliet"], hasDeviceProcesses: true });
    const [romeo, juliet] = [world.person("romeo"), world.person("juliet")];
    romeo.device.link.cut();
    const word = await romeo.say(juliet, "But soft");
    await romeo.device.kill();
    romeo.device.link.heal();
    await romeo.device.start();
    await word.until("delivered");
    await juliet.hears(romeo, "But soft");
    expect((await world.check()).counts).to.include({ accepted: 1, shown: 1 });
  }).timeout(PATIENCE_MS);

  it("says how Prosody is installed where it is not", async () => {
    const started = World.start({ prosody: { program: "no-such-prosody" } });
    const failure = await started.catch((error: unknown) => error);
    expect(failure).to.include({ code: "prosody-missing" });
    expect(String(failure)).to.include('install the package "prosody"');
  });
});
