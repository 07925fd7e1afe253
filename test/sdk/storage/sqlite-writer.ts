/** A program for the durability test: commits two keys at a time, says so, and goes on until it is killed. */
import { openSqliteStorage } from "../../../sdk/storage/sqlite.js";

const storage = openSqliteStorage({ path: process.argv[2] as string });
for (let round = 1; ; round += 1) {
  const value = Buffer.alloc(500, round % 256);
  storage.transaction((transaction) => {
    transaction.set(`left/${round}`, value);
    transaction.set(`right/${round}`, value);
  });
  process.stdout.write(`${round}\n`);
}
