import { expect } from "chai";
import { AgingMap, KEPT_AT_LEAST_MS } from "../../../sdk/client/aging-map.js";
import { GroupCommit } from "../../../sdk/client/group-commit.js";
import { openMemoryStorage, type Storage } from "../../../sdk/mod.js";
import { ManualClock } from "../../../sdk/testing/mod.js";
import { failure } from "../connection/support.js";

describe("GroupCommit", () => {
  let commits = 0;
  let storage: Storage;
  let group: GroupCommit;
  beforeEach(() => {
    const inner = openMemoryStorage();
    commits = 0;
    storage = {
      ...inner,
      transaction(work) {
        const result = inner.transaction(work);
        commits++;
        return result;
      },
    };
    group = new GroupCommit(storage);
  });

  const set = (key: string): Promise<void> =>
    group.run((transaction) => transaction.set(key, new Uint8Array([1])));

  it("puts what comes at once into one transaction, in order", async () => {
    const order: number[] = [];
    await Promise.all([1, 2, 3].map((index) => group.run(() => order.push(index))));
    expect(order).to.deep.equal([1, 2, 3]);
    expect(commits).to.equal(1);
  });

  it("lets a piece that throws cost no other", async () => {
    const bad = failure(
      group.run((transaction) => {
        transaction.set("bad", new Uint8Array([1]));
        throw new RangeError("no");
      }),
    );
    await Promise.all([set("a"), set("b")]);
    expect(await bad).to.be.instanceOf(RangeError);
    expect(storage.read((view) => view.scan("").map(([key]) => key))).to.deep.equal(["a", "b"]);
  });
});

describe("AgingMap", () => {
  it("keeps a record for at least 45 days and forgets it after 90", () => {
    const clock = new ManualClock(100 * KEPT_AT_LEAST_MS + 1_000);
    const storage = openMemoryStorage();
    const map = new AgingMap("seen/", clock);
    const has = (): boolean => storage.read((view) => map.get(view, "a") !== undefined);
    const prune = (): boolean => storage.transaction((transaction) => map.prune(transaction));
    storage.transaction((transaction) => map.set(transaction, "a", new Uint8Array([1])));
    clock.advance(KEPT_AT_LEAST_MS);
    prune();
    expect(has()).to.equal(true);
    storage.transaction((transaction) => map.set(transaction, "a", new Uint8Array([2])));
    clock.advance(KEPT_AT_LEAST_MS);
    expect(has()).to.equal(false);
    expect(prune()).to.equal(false);
    expect(storage.read((view) => view.scan("seen/"))).to.deep.equal([]);
  });
});
