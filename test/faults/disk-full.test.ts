import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, statfsSync, writeFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import SQLite from "better-sqlite3";
import { freePort } from "../../prosody/prosody.js";
import { seededRandom } from "../../sdk/testing/mod.js";
import { StanzaError } from "../../src/errors.js";
import { RawDevice } from "../support/raw-device.js";
import { until } from "../support/until.js";
import { World } from "../support/world.js";
import { FaultyDisk } from "./disk/disk.js";

// The long form fills the disk again and again: TWOTICK_FULL_ROUNDS=50 npx mocha test/faults/disk-full.test.ts
const ROUNDS = Number(process.env.TWOTICK_FULL_ROUNDS ?? 1);
const SEED = Number(process.env.TWOTICK_FULL_SEED ?? Date.now() % 1_000_000);
const JULIET = "+15551230002";
/** Somebody who never comes. */
const NURSE = "+15551230003";
const PAYLOAD_CHARACTERS = 20_000;
const KIB = 1024;
const RECOVER_WITHIN_MS = 10_000;
const FORTY_DAYS_MS = 40 * 86_400_000;

/** A disk that a test can fill, whatever fills it. */
interface SmallDisk {
  environment(world: World): Record<string, string>;
  /** Leaves so much room and no more. */
  fill(world: World, leaveBytes: number): void;
  empty(world: World): void;
  remove(): void;
}

/** Room is what the preloaded library says; runs everywhere. */
function limitedDisk(): SmallDisk {
  let disk: FaultyDisk;
  return {
    environment({ folder, config }) {
      disk = new FaultyDisk(config.store.path, join(folder, "durable"));
      return disk.environment;
    },
    fill: (_, leaveBytes) => disk.limit(disk.usedBytes + leaveBytes),
    empty: () => disk.limit(),
    remove: () => undefined,
  };
}

/** A file system in memory of 32 MiB; mounting it takes root. */
function mountedDisk(): SmallDisk {
  let folder: string | undefined;
  const plug = (world: World): string => join(dirname(world.config.store.path), "plug");
  return {
    environment(world) {
      if (folder === undefined) {
        folder = dirname(world.config.store.path);
        mkdirSync(folder, { recursive: true });
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=32m", "twotick-test", folder]);
      }
      return {};
    },
    fill(world, leaveBytes) {
      const { bavail, bsize } = statfsSync(dirname(world.config.store.path));
      writeFileSync(plug(world), randomBytes(bavail * bsize - leaveBytes));
    },
    empty: (world) => rmSync(plug(world)),
    remove() {
      if (folder !== undefined) execFileSync("umount", ["-l", folder]);
    },
  };
}

/** Whether a file system can be mounted. @throws {Error} where everything is to be run and none can: it is not left out unseen */
function canMount(): boolean {
  const folder = join(import.meta.dirname, "../../.cache/mount-probe");
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "twotick-test", folder], { stdio: "ignore" });
    execFileSync("umount", [folder], { stdio: "ignore" });
    return true;
  } catch (cause) {
    const reason = `mounting a file system takes root: ${(cause as Error).message}`;
    if (process.env.CI) throw new Error(reason, { cause });
    console.log(`    left out, ${reason}`);
    return false;
  }
}

const DISKS: readonly (readonly [string, () => SmallDisk])[] = [
  ["a disk whose room is limited", limitedDisk],
  ...(canMount() ? [["a file system of 32 MiB", mountedDisk] as const] : []),
];

for (const [name, makeDisk] of DISKS) {
  describe(`delivery on a full disk: ${name}`, () => {
    const random = seededRandom(SEED);
    let disk: SmallDisk;
    let world: World;
    let romeo: RawDevice;
    let juliet: RawDevice;
    let api: string;

    beforeEach(async () => {
      disk = makeDisk();
      world = await World.start({
        isProcess: true,
        storeFolder: "store",
        config: { http: { port: await freePort() }, link: { maxRetrySeconds: 0.3 } },
        environment: (one) => disk.environment(one),
      });
      api = `http://127.0.0.1:${world.config.http.port}`;
      romeo = await RawDevice.online(await world.person("+15551230001"));
      juliet = await RawDevice.online(await world.person(JULIET));
    });

    afterEach(async () => {
      await Promise.all([romeo?.stop(), juliet?.stop()]);
      await world?.stopComponent();
      disk.remove();
      await world?.stop();
    });

    const say = (text: string) => romeo.say(juliet.numberJid, text);
    const refusalOf = (text: string): Promise<unknown> =>
      say(text).then(
        () => undefined,
        (error: unknown) => error,
      );
    const largeText = (mark: string): string => mark.padEnd(PAYLOAD_CHARACTERS, "x");
    const marks = (): string[] =>
      juliet.messages.map(({ payload }) => /<body[^>]*>([^<x]*)/.exec(payload)?.[1] ?? "");

    /** Sends until nothing is accepted any more; answers what was and the refusal. */
    async function sendUntilFull(label: string): Promise<{ accepted: string[]; refusal: unknown }> {
      const accepted: string[] = [];
      for (let count = 0; count < 2_000; count += 1) {
        const mark = `${label}-${count}-`;
        const refusal = await refusalOf(largeText(mark));
        if (refusal !== undefined) return { accepted, refusal };
        accepted.push(mark);
      }
      throw new Error("the disk did not get full");
    }

    async function readiness(): Promise<{ status: number; failing: unknown }> {
      const response = await fetch(`${api}/readyz`);
      return { status: response.status, failing: ((await response.json()) as { failing?: unknown }).failing };
    }

    async function metric(name: string): Promise<string | undefined> {
      const text = await (await fetch(`${api}/metrics`)).text();
      return new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1];
    }

    async function untilReady(status: number): Promise<void> {
      let now = 0;
      const ask = setInterval(() => void readiness().then((one) => (now = one.status)), 50);
      try {
        await until(`/readyz answers ${status}`, () => now === status, RECOVER_WITHIN_MS);
      } finally {
        clearInterval(ask);
      }
    }

    it(`refuses with wait/resource-constraint, is not ready, makes room and recovers by itself (${ROUNDS} times)`, async function () {
      this.timeout(60_000 * ROUNDS);
      const expected: string[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        juliet.isAcknowledging = false;
        disk.fill(world, (100 + Math.floor(random() * 900)) * KIB);
        const { accepted, refusal } = await sendUntilFull(`r${round}`);
        expected.push(...accepted);
        expect(refusal).to.be.instanceOf(StanzaError);
        expect(refusal).to.include({ condition: "resource-constraint", type: "wait" });
        expect(await readiness()).to.deep.equal({ status: 503, failing: ["disk"] });
        // What the alert TwotickDiskFull asks for
        expect(await metric("twotick_store_has_room")).to.equal("0");
        // What makes room goes on
        juliet.isAcknowledging = true;
        await until(
          "all that was accepted is there",
          () => new Set(marks()).size === expected.length,
          20_000,
        );
        await juliet.acknowledge(Math.max(...juliet.entries.map(({ seq }) => seq)));
        await until("the receipts are there", () => deliveredTo(romeo) >= expected.length, 20_000);
        expect((await readiness()).status).to.equal(503);
        disk.empty(world);
        await untilReady(200);
        expect(await refusalOf(`r${round}-after-`)).to.equal(undefined);
        expected.push(`r${round}-after-`);
        await until("what came after is there", () => marks().includes(`r${round}-after-`), 10_000);
      }
      expect([...new Set(marks())]).to.deep.equal(expected);
    });

    /** Makes what waits for somebody wait since long ago. Who is the last to close the database makes room in it: close it later. */
    function age(number: string): SQLite.Database {
      const database = new SQLite(world.config.store.path);
      const sql = `UPDATE entries SET at = at - ${FORTY_DAYS_MS} WHERE device IN
        (SELECT devices.id FROM devices JOIN accounts ON accounts.id = account WHERE jid = ?)`;
      const { changes } = database.prepare(sql).run(`a${number.slice(1)}@${world.prosody.host}`);
      expect(changes, "what has waited").to.equal(1);
      return database;
    }

    it("stays up while it has nothing to do, starts on a full disk and cleans up on it", async function () {
      this.timeout(60_000);
      const { numberDomain } = await world.person(NURSE);
      const old = await romeo.say(`${NURSE}@${numberDomain}`, "for nobody");
      juliet.isAcknowledging = false;
      disk.fill(world, 300 * KIB);
      const { accepted } = await sendUntilFull("one");
      const pid = world.componentPid as number;
      // Longer than what empties the log of an idle store waits
      let rounds = 0;
      const count = setInterval(() => (rounds += 1), 500);
      await until("the store was idle", () => rounds >= 6, 10_000).finally(() => clearInterval(count));
      expect(existsSync(`/proc/${pid}`)).to.equal(true);
      await world.killComponent();
      const aged = age(NURSE);
      await world.startComponent();
      aged.close();
      await untilReady(503);
      await romeo.attach();
      // What nobody fetched ends, and its sender is told, while there is no room for anything new
      await romeo.receipt(old, "expired");
      expect((await readiness()).status).to.equal(503);
      await juliet.attach();
      juliet.isAcknowledging = true;
      await until("all is there", () => new Set(marks()).size === accepted.length, 20_000);
    });
  });
}

function deliveredTo(sender: RawDevice): number {
  const delivered = sender.receipts.filter(({ state }) => state === "delivered");
  return new Set(delivered.flatMap(({ ids }) => ids)).size;
}
