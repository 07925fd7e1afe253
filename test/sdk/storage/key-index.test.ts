import { expect } from "chai";
import { KeyIndex, type LeafRows } from "../../../sdk/storage/key-index.js";
import { seededRandom } from "../../../sdk/testing/mod.js";

/** Rows that are undone with the transaction, as those of a database are. */
class FakeRows implements LeafRows {
  rows = new Map<number, readonly string[]>();
  #saved = new Map<number, readonly string[]>();
  begin(): void {
    this.#saved = new Map(this.rows);
  }
  rollback(): void {
    this.rows = this.#saved;
  }
  ids(): number[] {
    return [...this.rows.keys()];
  }
  read(id: number): readonly string[] {
    return this.rows.get(id) as readonly string[];
  }
  write(id: number, texts: readonly string[]): void {
    this.rows.set(id, [...texts]);
  }
  remove(id: number): void {
    this.rows.delete(id);
  }
}

function makeKey(random: () => number): string {
  const kind = ["a", "queue", "seen/000000000000001", "é", "\ud83d"][Math.floor(random() * 5)] as string;
  return `${kind}/${String(Math.floor(random() * 4_000)).padStart(6, "0")}${"x".repeat(Math.floor(random() * 60))}`;
}

describe("KeyIndex", () => {
  const commit = (index: KeyIndex): void => {
    index.flush();
    index.committed();
  };

  it("holds what a sorted list holds, through commits, rollbacks, mid-way writes and reopening", () => {
    const random = seededRandom(3);
    const rows = new FakeRows();
    let index = new KeyIndex(rows);
    let model = new Set<string>();
    for (let round = 0; round < 150; round += 1) {
      rows.begin();
      const next = new Set(model);
      for (let step = 0; step < 60; step += 1) {
        const key = random() < 0.6 || next.size === 0 ? makeKey(random) : ([...next][0] as string);
        if (next.has(key)) {
          index.remove(key);
          next.delete(key);
        } else {
          index.add(key);
          next.add(key);
        }
        if (random() < 0.02) index.flush();
      }
      if (random() < 0.2) {
        rows.rollback();
        index.rolledBack();
      } else {
        commit(index);
        model = next;
      }
      if (random() < 0.2) index = new KeyIndex(rows);
      const expected = [...model].sort();
      expect([...index.from("")]).eql(expected);
      expect([...index.from("queue/0")]).eql(expected.filter((key) => key >= "queue/0"));
    }
    expect(rows.rows.size).greaterThan(10);
  });

  it("leaves full leaves behind where keys are appended, and none where they were removed", () => {
    const rows = new FakeRows();
    const index = new KeyIndex(rows);
    const key = (order: number): string => `inbox/${String(order).padStart(15, "0")}`;
    index.add("inbox-next");
    index.add("mailbox/cursor");
    for (let order = 0; order < 10_000; order += 1) index.add(key(order));
    commit(index);
    const sizes = [...rows.rows.values()].map((texts) => JSON.stringify(texts).length);
    expect(Math.max(...sizes)).lessThan(1_600);
    expect(sizes.reduce((a, b) => a + b) / sizes.length).greaterThan(1_250);
    for (let order = 0; order < 10_000; order += 1) index.remove(key(order));
    commit(index);
    expect([...new KeyIndex(rows).from("")]).eql(["inbox-next", "mailbox/cursor"]);
    expect(rows.rows.size).lessThan(4);
  });
});
