import { expect } from "chai";
import type { Clock } from "../../src/clock.js";
import { SteadyClock } from "../../src/steady-clock.js";

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

/** A machine whose clock can be set while time passes. */
class Machine implements Clock {
  passedMs = 0;
  setByMs = 0;
  now = (): number => START + this.passedMs + this.setByMs;
  monotonicMs = (): number => this.passedMs;
  after = (): (() => void) => () => undefined;
}

describe("SteadyClock", () => {
  it("is the machine's clock as long as that does not step", () => {
    const machine = new Machine();
    const clock = new SteadyClock(machine);
    for (const ms of [0, 1, 0.5, 1_000, 40 * DAY]) {
      machine.passedMs += ms;
      expect(clock.now()).to.equal(Math.floor(machine.now()));
    }
  });

  for (const stepMs of [MINUTE, -MINUTE, DAY, -DAY, 30 * DAY, -30 * DAY]) {
    it(`goes on as if nothing was when the machine's steps by ${stepMs / MINUTE} minutes, and tells`, () => {
      const machine = new Machine();
      const steps: number[] = [];
      const clock = new SteadyClock(machine, (ms) => steps.push(ms));
      machine.setByMs = stepMs;
      expect(clock.now()).to.equal(START);
      let before = START;
      for (let minutes = 1; minutes <= 10; minutes += 1) {
        machine.passedMs += MINUTE;
        expect(clock.now()).to.be.greaterThan(before);
        before = clock.now();
      }
      expect(before - START).to.be.within(10 * MINUTE * 0.99 - 1, 10 * MINUTE * 1.01);
      expect(steps).to.deep.equal([stepMs]);
    });
  }

  it("arrives at the machine's time in a hundred times the step", () => {
    for (const stepMs of [MINUTE, -MINUTE]) {
      const machine = new Machine();
      const clock = new SteadyClock(machine);
      machine.setByMs = stepMs;
      clock.now();
      machine.passedMs = 99 * MINUTE;
      expect(clock.now()).not.to.equal(machine.now());
      machine.passedMs = 101 * MINUTE;
      expect(clock.now()).to.equal(machine.now());
    }
  });
});
