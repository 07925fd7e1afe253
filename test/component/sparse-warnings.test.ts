import { expect } from "chai";
import { createLog } from "../../component/log.js";
import { SparseWarnings } from "../../component/sparse-warnings.js";
import { ManualClock } from "../support/manual-clock.js";

describe("SparseWarnings", () => {
  const MINUTE_MS = 60_000;
  let clock: ManualClock;
  let lines: Record<string, unknown>[];
  let warnings: SparseWarnings;
  beforeEach(() => {
    clock = new ManualClock();
    lines = [];
    const log = createLog("warn", { write: (line) => void lines.push(JSON.parse(line) as never) });
    warnings = new SparseWarnings(log, clock, "a stanza was refused");
  });
  const told = () =>
    lines.map(({ reason, times }) => (times === undefined ? reason : `${String(reason)} ${Number(times)}`));

  it("writes the first of a reason at once and then one line a minute, with how many there were", () => {
    for (let count = 0; count < 10_000; count += 1) warnings.warn("too deep");
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.include({ level: "warn", msg: "a stanza was refused", reason: "too deep" });
    clock.advance(MINUTE_MS);
    expect(told()).to.deep.equal(["too deep", "too deep 9999"]);
    warnings.warn("too deep");
    warnings.warn("too deep");
    clock.advance(MINUTE_MS);
    expect(told().slice(2)).to.deep.equal(["too deep 2"]);
  });

  it("begins anew after a minute of silence", () => {
    warnings.warn("too deep");
    clock.advance(MINUTE_MS);
    expect(lines).to.have.lengthOf(1);
    warnings.warn("too deep");
    expect(told()).to.deep.equal(["too deep", "too deep"]);
  });

  it("tells reasons apart, as many as there are without an attacker", () => {
    warnings.warn("too deep");
    warnings.warn("too large");
    expect(told()).to.deep.equal(["too deep", "too large"]);
    for (let count = 0; count < 1_000; count += 1) warnings.warn(`made up ${count}`);
    expect(lines).to.have.lengthOf(51);
    expect(told().at(-1)).to.equal("other");
  });

  it("writes what it has counted when it stops", () => {
    warnings.warn("too deep");
    warnings.warn("too deep");
    warnings.stop();
    expect(told()).to.deep.equal(["too deep", "too deep 1"]);
    clock.advance(MINUTE_MS);
    expect(lines).to.have.lengthOf(2);
  });
});
