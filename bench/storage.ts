import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStorage, type Storage } from "../sdk/mod.js";
import { median, row, type Row } from "./rows.js";

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

/** Measures what encryption costs a store of the SDK: each operation on one in clear and on an encrypted one, in turn. */
export function storageRows(): Row[] {
  process.stderr.write("storage: in clear and encrypted\n");
  const folder = mkdtempSync(join(tmpdir(), "twotick-bench-"));
  const inClear = openSqliteStorage({ path: join(folder, "clear.db") });
  const encrypted = openSqliteStorage({ path: join(folder, "encrypted.db"), key: Buffer.alloc(32, 7) });
  for (const storage of [inClear, encrypted]) {
    storage.transaction((transaction) => {
      for (let i = 0; i < RECORDS; i += 1) transaction.set(keyOf(shuffled(i)), valueOf(i, 700));
    });
  }
  const rows = operations.map((operation) => compare(operation, inClear, encrypted));
  for (const storage of [inClear, encrypted]) storage.close();
  rmSync(folder, { recursive: true, force: true });
  return rows;
}

function compare({ name, count, run }: Operation, inClear: Storage, encrypted: Storage): Row {
  const rounds = Array.from({ length: ROUNDS }, () => [micros(inClear), micros(encrypted)] as const);
  const [before, after] = [median(rounds.map(([one]) => one)), median(rounds.map(([, other]) => other))];
  return row(`store, ${name}: encrypted against in clear`, "µs", after, before, "");

  function micros(storage: Storage): number {
    const startedAt = performance.now();
    run(storage);
    return ((performance.now() - startedAt) * 1_000) / count;
  }
}
