import { existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Ballast, BALLAST_BYTES } from "../../../component/store/ballast.js";
import { Store } from "../../../component/store/store.js";
import { temporaryFolder } from "../../support/prosody.js";
import { until } from "../../support/until.js";
import type { ScratchOperations } from "./scratch-store.js";

describe("Ballast", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder, "test.db");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("takes its room, once, gives nobody else the file to read and gives the room free", () => {
    const ballast = new Ballast(path);
    expect(ballast.take()).to.equal(true);
    const { size, mode, mtimeMs } = statSync(`${path}-ballast`);
    expect([size, mode & 0o077]).to.deep.equal([BALLAST_BYTES, 0]);
    expect(ballast.take()).to.equal(true);
    expect(statSync(`${path}-ballast`).mtimeMs).to.equal(mtimeMs);
    ballast.release();
    ballast.release();
    expect(existsSync(`${path}-ballast`)).to.equal(false);
  });

  it("makes a file whole that was cut short", () => {
    writeFileSync(`${path}-ballast`, "short");
    expect(new Ballast(path).take()).to.equal(true);
    expect(statSync(`${path}-ballast`).size).to.equal(BALLAST_BYTES);
  });

  it("does not take what the disk does not have, and leaves nothing behind", () => {
    expect(new Ballast(path, Number.MAX_SAFE_INTEGER).take()).to.equal(false);
    expect(existsSync(`${path}-ballast`)).to.equal(false);
  });

  it("goes when the store finds its disk full; until it is back what takes room is refused and the rest is done", async () => {
    const store = await Store.open(path, [new URL("scratch-store.js", import.meta.url)]);
    const scratch = store.of<ScratchOperations>("scratch");
    const failure = (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => undefined,
        (error: unknown) => (error as { code?: string }).code,
      );
    const rooms: boolean[] = [];
    store.onRoom = (hasRoom) => rooms.push(hasRoom);
    try {
      await until("the ballast is there", () => existsSync(`${path}-ballast`));
      await scratch.leavePages(2);
      expect(await failure(scratch.put("x".repeat(100_000)))).to.equal("disk-full");
      expect([store.hasRoom, existsSync(`${path}-ballast`)]).to.deep.equal([false, false]);
      expect(await failure(scratch.store("no"))).to.equal("disk-full");
      await scratch.put("yes");
      expect(await scratch.lines()).to.deep.equal(["yes"]);
      await until("there is room again", () => store.hasRoom);
      await scratch.leavePages(100_000);
      await scratch.store("now");
      expect(rooms).to.deep.equal([false, true]);
    } finally {
      await store.close();
    }
  });
});
