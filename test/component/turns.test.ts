import { expect } from "chai";
import { Turns } from "../../component/turns.js";

describe("Turns", () => {
  it("does no more at once than it may, everything in the end, and in order", async () => {
    const turns = new Turns(3);
    let [running, most] = [0, 0];
    const done: number[] = [];
    const work = async (index: number): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      done.push(index);
    };
    const all = Array.from({ length: 20 }, (_, index) => index);
    await Promise.all(all.map((index) => turns.take(() => work(index))));
    expect(most).to.equal(3);
    expect(done).to.deep.equal(all);
  });

  it("goes on after what failed, and says that it failed", async () => {
    const turns = new Turns(1);
    const failing = turns.take(() => Promise.reject(new Error("no")));
    const after = turns.take(() => Promise.resolve("yes"));
    expect(await failing.catch((error: Error) => error.message)).to.equal("no");
    expect(await after).to.equal("yes");
    expect(await turns.take(() => Promise.resolve("again"))).to.equal("again");
  });
});
