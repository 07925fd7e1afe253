import { expect } from "chai";
import { newMessageId } from "../../src/ids.js";
import { body, RawDevice } from "../support/raw-device.js";
import { until } from "../support/until.js";
import { useWorld } from "../support/world.js";

describe("SIGTERM", () => {
  const world = useWorld({ isProcess: true });

  it("commits and answers what has begun, exits 0, and loses nothing that was accepted", async () => {
    const romeo = await RawDevice.online(await world().person("+15551230001"));
    const juliet = await RawDevice.online(await world().person("+15551230002"));
    await juliet.connection.stop();
    const asked = Array.from({ length: 200 }, () => newMessageId());
    const accepted: string[] = [];
    const answers = asked.map(async (id) => {
      const [outcome] = await romeo.submit([{ to: juliet.numberJid, payload: body(id), id }]);
      if (outcome && "acceptedAt" in outcome) accepted.push(id);
    });
    const ends = Promise.allSettled(answers);
    await until("the first is accepted", () => accepted.length > 0);
    const startedAt = performance.now();
    expect(await world().killComponent("SIGTERM")).to.equal(0);
    expect(performance.now() - startedAt).to.be.lessThan(5_000);
    const results = await ends;
    // Each was answered: taken, or told to come again later
    for (const result of results) {
      if (result.status === "rejected")
        expect(result.reason).to.include({ condition: "remote-server-timeout" });
    }
    await world().startComponent();
    const back = await RawDevice.online(juliet.credentials);
    const texts = await back.texts(accepted.length);
    expect(texts).to.include.members(accepted);
    expect(new Set(texts).size).to.equal(texts.length);
    await Promise.all([romeo.stop(), back.stop()]);
  });
});
