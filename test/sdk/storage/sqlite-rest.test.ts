import { expect } from "chai";
import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { guard } from "../../../sdk/storage/guard.js";
import { createPlain, openFile } from "../../../sdk/storage/sqlite-file.js";
import { PlainBackend } from "../../../sdk/storage/sqlite-plain.js";
import { restWhenIdle } from "../../../sdk/storage/sqlite-rest.js";
import { ManualClock } from "../../../sdk/testing/manual-clock.js";
import { StorageError } from "../../../src/errors.js";
import { temporaryFolder } from "../../support/prosody.js";

const STORES = 150;
const source = (path: string): string => JSON.stringify(new URL(`../../../${path}`, import.meta.url));

/** Opens stores one after the other, uses each and leaves it alone for a while; prints what one takes of memory, in bytes. */
const PROGRAM = `
  import { guard } from ${source("sdk/storage/guard.ts")};
  import { createPlain, openFile } from ${source("sdk/storage/sqlite-file.ts")};
  import { PlainBackend } from ${source("sdk/storage/sqlite-plain.ts")};
  import { restWhenIdle } from ${source("sdk/storage/sqlite-rest.ts")};
  import { ManualClock } from ${source("sdk/testing/manual-clock.ts")};
  const [folder, waitMs] = process.argv.slice(1);
  const clock = new ManualClock();
  const stores = [];
  function open() {
    const { database, version } = openFile(folder + "/" + stores.length + ".db");
    createPlain(database, version);
    const storage = restWhenIdle(guard(new PlainBackend(database)), database, clock);
    stores.push(storage);
    storage.transaction((transaction) => {
      for (let key = 0; key < 40; key += 1) transaction.set("key/" + key, Buffer.alloc(500, 7));
    });
    clock.advance(Number(waitMs));
    // It works on, and rests again
    if (storage.read((view) => view.scan("key/").length) !== 40) throw new Error("records are missing");
    clock.advance(Number(waitMs));
  }
  for (let first = 0; first < 10; first += 1) open();
  const before = process.memoryUsage.rss();
  while (stores.length < ${STORES}) open();
  console.log((process.memoryUsage.rss() - before) / (stores.length - 10));
  process.exit(0);
`;

describe("restWhenIdle", () => {
  it("leaves a store alone that was closed, also when somebody asks it", () => {
    const folder = temporaryFolder();
    try {
      const clock = new ManualClock();
      const { database, version } = openFile(join(folder, "device.db"));
      createPlain(database, version);
      const storage = restWhenIdle(guard(new PlainBackend(database)), database, clock);
      storage.read((view) => view.get("key"));
      clock.advance(60_000);
      storage.close();
      expect(() => storage.read((view) => view.get("key"))).throw(StorageError, "closed");
      clock.advance(60_000);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("gives back what SQLite keeps of a store that is left alone", async () => {
    const bytesOf = async (waitMs: number): Promise<number> => {
      const folder = temporaryFolder();
      const options = ["--import", "tsx", "--input-type=module", "-e", PROGRAM, folder, String(waitMs)];
      try {
        return Number((await promisify(execFile)(process.execPath, options)).stdout);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    };
    const [resting, busy] = [await bytesOf(20_000), await bytesOf(0)];
    expect(resting / busy, `${resting} bytes against ${busy}`).to.be.below(0.8);
  });
});
