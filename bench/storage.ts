import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStorage, type Storage } from "../sdk/mod.js";

/**
 * What encryption costs a store: `npx tsx bench/storage.ts`. Each operation runs on a store in clear and on an encrypted
 * one in turn, and the ratio is of the medians.
 */

const RECORDS = 20_000;
const ROUNDS = 7;
const BATCH = 500;

const keyOf = (index: number): string =>
  `omemo/1/session/+1555${String(index).padStart(7, "0")}@phone.example.org/0000012345`;
const valueOf = (seed: number, sizeBytes: number): Buffer => Buffer.alloc(sizeBytes, String(seed));
/** Every record once, in no order. */
const shuffled = (index: number): number => (index * 7_919) % RECORDS;

let fresh = 0;
let order = 0;

interface Operation {
  readonly name: string;
  readonly count: number;
  readonly run: (storage: Storage) => void;
}

const operations: readonly Operation[] = [
  {
    name: "read one of 20,000 records of 700 bytes",
    count: RECORDS,
    run: (storage) =>
      storage.read((view) => {
        for (let i = 0; i < RECORDS; i += 1) view.get(keyOf(shuffled(i)));
      }),
  },
  {
    name: `change one, ${BATCH} a transaction`,
    count: BATCH * 4,
    run: (storage) => {
      for (let batch = 0; batch < 4; batch += 1) {
        fresh += 1;
        storage.transaction((transaction) => {
          for (let i = 0; i < BATCH; i += 1)
            transaction.set(keyOf(shuffled(fresh * BATCH + i)), valueOf(fresh, 700));
        });
      }
    },
  },
  {
    name: "scan, a record",
    count: RECORDS,
    run: (storage) => void storage.read((view) => view.scan("omemo/")),
  },
  {
    name: "take a message in, a transaction of its own",
    count: 100,
    run: (storage) => {
      for (let i = 0; i < 100; i += 1) takeIn(storage, 1);
    },
  },
  {
    name: "take a message in, 100 a transaction",
    count: 1_000,
    run: (storage) => {
      for (let i = 0; i < 10; i += 1) takeIn(storage, 100);
    },
  },
];

/** What a message changes: the session, the cursor, the inbox, the ids that were seen; and one is acknowledged. */
function takeIn(storage: Storage, messages: number): void {
  storage.transaction((transaction) => {
    for (let i = 0; i < messages; i += 1) {
      order += 1;
      const place = (of: number): string => `inbox/${String(of).padStart(15, "0")}`;
      transaction.set(keyOf(order % RECORDS), valueOf(order, 700));
      transaction.set("mailbox/cursor", Buffer.from(JSON.stringify({ seq: order })));
      transaction.set(place(order), valueOf(order, 300));
      transaction.set(`seen/000000000000457/${keyOf(shuffled(order)).slice(16)} ${order}`, Buffer.from([1]));
      transaction.delete(place(order - messages));
    }
  });
}

const folder = mkdtempSync(join(tmpdir(), "twotick-bench-"));
const clear = openSqliteStorage({ path: join(folder, "clear.db") });
const encrypted = openSqliteStorage({ path: join(folder, "encrypted.db"), key: Buffer.alloc(32, 7) });
for (const storage of [clear, encrypted]) {
  storage.transaction((transaction) => {
    for (let i = 0; i < RECORDS; i += 1) transaction.set(keyOf(shuffled(i)), valueOf(i, 700));
  });
}
for (const { name, count, run } of operations) {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, storage] of [clear, encrypted].entries()) {
      const startedAt = performance.now();
      run(storage);
      times[index]?.push(((performance.now() - startedAt) * 1_000) / count);
    }
  }
  const [inClear, sealed] = times.map((all) => all.toSorted((a, b) => a - b)[ROUNDS >> 1] as number);
  const ratio = ((sealed as number) / (inClear as number)).toFixed(2);
  console.log(
    `${name}: ${inClear?.toFixed(1)} µs in clear, ${sealed?.toFixed(1)} µs encrypted, ratio ${ratio}`,
  );
}
for (const storage of [clear, encrypted]) storage.close();
for (const [name, options] of [
  ["open, a key", { path: join(folder, "encrypted.db"), key: Buffer.alloc(32, 7) }],
  ["encrypt in place", { path: join(folder, "clear.db"), key: Buffer.alloc(32, 7) }],
  ["open, a passphrase", { path: join(folder, "passphrase.db"), passphrase: "open sesame" }],
] as const) {
  const startedAt = performance.now();
  openSqliteStorage(options).close();
  console.log(`${name}: ${(performance.now() - startedAt).toFixed(0)} ms`);
}
rmSync(folder, { recursive: true, force: true });
