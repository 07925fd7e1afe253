import { expect } from "chai";
import { Heartbeat } from "../../../sdk/connection/heartbeat.js";
import { ManualClock } from "../../support/manual-clock.js";

function beating(): {
  clock: ManualClock;
  heartbeat: Heartbeat;
  seen: { probes: number; end: number; heardMs: number; isPaused: boolean };
} {
  const clock = new ManualClock(0);
  const seen = { probes: 0, end: 0, heardMs: 0, isPaused: false };
  const heartbeat = new Heartbeat(
    clock,
    { intervalMs: 20_000, afterSendMs: 1_000, deadlineMs: 8_000 },
    {
      lastHeardMs: () => seen.heardMs,
      isPaused: () => seen.isPaused,
      probe: () => seen.probes++,
      giveUp: () => {
        seen.end ||= clock.now();
        heartbeat.stop();
      },
    },
  );
  return { clock, heartbeat, seen };
}

describe("Heartbeat", () => {
  it("asks after silence, and gives up when no answer comes", () => {
    const { clock, seen } = beating();
    clock.advance(19_999);
    expect(seen.probes).equal(0);
    clock.advance(1);
    expect(seen.probes).equal(1);
    clock.advance(60_000);
    expect(seen).include({ probes: 1, end: 28_000 });
  });

  it("does not ask while there is talk", () => {
    const { clock, seen } = beating();
    for (let round = 0; round < 100; round++) {
      clock.advance(1_000);
      seen.heardMs = clock.now();
    }
    expect(seen).include({ probes: 0, end: 0 });
  });

  it("asks soon after a send, once for many", () => {
    const { clock, heartbeat, seen } = beating();
    heartbeat.sent();
    clock.advance(500);
    heartbeat.sent();
    clock.advance(500);
    expect(seen.probes).equal(1);
    clock.advance(8_000);
    expect(seen.end).equal(9_000);
  });

  it("goes on after each answer, and asks again while something is unacknowledged", () => {
    const { clock, heartbeat, seen } = beating();
    heartbeat.sent();
    clock.advance(1_000);
    heartbeat.answered(false);
    clock.advance(1_000);
    expect(seen.probes).equal(2);
    heartbeat.answered(true);
    clock.advance(10_000);
    expect(seen).include({ probes: 2, end: 0 });
  });

  it("is patient with a slow line that is still delivering, not with one that only ever receives", () => {
    const { clock, heartbeat, seen } = beating();
    heartbeat.ask();
    for (let second = 0; second < 31; second++) {
      clock.advance(1_000);
      seen.heardMs = clock.now();
    }
    expect(seen.end).equal(0);
    for (let second = 0; second < 10; second++) {
      clock.advance(1_000);
      seen.heardMs = clock.now();
    }
    expect(seen.end).within(32_000, 40_000);
  });

  it("does not take silence for death while nothing is read", () => {
    const { clock, heartbeat, seen } = beating();
    heartbeat.ask();
    seen.isPaused = true;
    clock.advance(600_000);
    expect(seen.end).equal(0);
    seen.isPaused = false;
    clock.advance(8_000);
    expect(seen.end).above(600_000);
  });

  it("leaves no timer behind", () => {
    const { clock, heartbeat } = beating();
    heartbeat.ask();
    heartbeat.stop();
    expect(clock.waiting).equal(0);
  });
});
