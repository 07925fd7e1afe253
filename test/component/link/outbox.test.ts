import { setImmediate as turn } from "node:timers/promises";
import { expect } from "chai";
import { Outbox } from "../../../component/link/outbox.js";
import { LinkError } from "../../../src/errors.js";

describe("Outbox", () => {
  let writes: string[];
  let unwritten: number;
  let finish: (() => void)[];

  beforeEach(() => {
    writes = [];
    unwritten = 0;
    finish = [];
  });

  function make(highWaterBytes = 1_000, maxBufferedBytes = 2_000): Outbox {
    const write = (text: string, written: () => void): void => {
      writes.push(text);
      unwritten += text.length;
      finish.push(() => {
        unwritten -= text.length;
        written();
      });
    };
    return new Outbox({ highWaterBytes, maxBufferedBytes }, { write, unwrittenBytes: () => unwritten });
  }

  it("writes once what one turn of the loop adds, awaited work included", async () => {
    const outbox = make();
    for (const text of ["a", "b", "c"]) {
      outbox.add(text);
      await Promise.resolve();
    }
    expect(writes).to.deep.equal([]);
    await turn();
    outbox.add("d");
    await turn();
    expect(writes).to.deep.equal(["abc", "d"]);
  });

  it("does not let a long batch wait for the end of the turn", () => {
    const outbox = make(1_000_000, 1_000_000);
    outbox.add("x".repeat(65_536));
    expect(writes.length).to.equal(1);
  });

  it("answers false above the high-water mark, counting what the system has not taken", async () => {
    const outbox = make();
    expect(outbox.add("x".repeat(600))).to.equal(true);
    await turn();
    expect(outbox.add("x".repeat(401))).to.equal(false);
  });

  it("refuses above the bound, and takes again once there is room", async () => {
    const outbox = make();
    outbox.add("x".repeat(2_000));
    expect(() => outbox.add("x"))
      .to.throw(LinkError)
      .with.property("code", "buffer-full");
    await turn();
    finish[0]?.();
    expect(outbox.add("x")).to.equal(true);
  });

  it("is drained at half of the mark, not before", async () => {
    const outbox = make();
    await outbox.drained();
    let isDrained = false;
    for (const size of [501, 1, 500]) {
      outbox.add("x".repeat(size));
      outbox.flush();
    }
    const drained = outbox.drained().then(() => (isDrained = true));
    finish[1]?.();
    await turn();
    expect(isDrained).to.equal(false);
    finish[0]?.();
    await drained;
  });

  it("writes nothing after it was closed, and tells who waits", async () => {
    const outbox = make();
    outbox.add("x".repeat(1_500));
    const drained = outbox.drained().catch((error: unknown) => error);
    const reason = new LinkError("connection-lost", "gone");
    outbox.close(reason);
    expect(await drained).to.equal(reason);
    await turn();
    expect(writes).to.deep.equal([]);
  });
});
