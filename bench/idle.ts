import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { AccountOperations } from "../component/accounts/store.js";
import { hashDeviceKey } from "../component/mailbox/service.js";
import { addAccount } from "../prosody/accounts.js";
import { Client, openDeviceKey, openSqliteStorage } from "../sdk/mod.js";
import { phoneNumber } from "../src/phone-number.js";
import { PASSWORD, World } from "../test/support/world.js";
import { builtFolder } from "./built.js";
import type { BenchOptions } from "./options.js";
import { median, row, type Row } from "./rows.js";

const DEVICES = 1_000;
const SESSIONS = 10_000;
const STARTS = 5;
/** What one idle device may cost, in kilobytes, and how long a bot may take to start, in milliseconds. */
const GOAL_KILOBYTES = 100;
const GOAL_MS = 1_000;
const CHILD = fileURLToPath(new URL("idle-child.mjs", import.meta.url));

/** What the child of this benchmark does: devices that idle, or one that starts. */
export interface IdleTask {
  /** Where the SDK is, as it is published. */
  readonly sdk: string;
  readonly service: string;
  /** A file for each device, one in which all have a part, or memory. */
  readonly storage: "files" | "parts" | "memory";
  /** Stores, one for each device. */
  readonly paths: readonly string[];
}

/** Memory of a thousand idle devices in one process, and how long a bot takes to start on a store of ten thousand sessions. */
export async function idleRows({ isSmoke }: BenchOptions): Promise<Row[]> {
  const devices = isSmoke ? 20 : DEVICES;
  const sessions = isSmoke ? 100 : SESSIONS;
  const world = await World.start({ isProcess: true, build: builtFolder() });
  try {
    const { service } = world.prosody;
    const paths = await enrolAll(world, devices + 1);
    const [bot = "", ...others] = paths;
    const inFiles = await run({ service, storage: "files", paths: others });
    const inParts = await run({ service, storage: "parts", paths: others });
    const inMemory = await run({ service, storage: "memory", paths: others });
    const empty = await startMs(service, bot);
    fillWithSessions(bot, sessions);
    const full = await startMs(service, bot);
    const idle = `an idle device of ${others.length} in one process`;
    return [
      row(`${idle}, all in one SQLite file: memory`, "kB", inParts / 1_000, GOAL_KILOBYTES, "<= 1"),
      row(`${idle}, an SQLite file for each: memory`, "kB", inFiles / 1_000, GOAL_KILOBYTES, "<= 1"),
      row(`${idle}, stores in memory: memory`, "kB", inMemory / 1_000, GOAL_KILOBYTES, ""),
      row(`a bot comes online, ${sessions} sessions in its store`, "ms", full, GOAL_MS, "<= 1"),
      row("the same, against an empty store", "ms", full, empty, ""),
    ];
  } finally {
    await world.stop();
  }
}

/** Makes the stores of people, and their accounts, all at once. */
async function enrolAll(world: World, count: number): Promise<string[]> {
  const { host: domain, componentDomain: numberDomain, service } = world.prosody;
  const paths: string[] = [];
  await world.withStore(async (store, vault) => {
    for (let index = 0; index < count; index += 1) {
      const number = phoneNumber(`+1777${1_000_000 + index}`);
      const path = join(world.folder, `idle-${index}.db`);
      const username = `a${number.slice(1)}`;
      const storage = openSqliteStorage({ path });
      const { device: deviceId, publicKey } = openDeviceKey(storage);
      const jid = await addAccount(world.prosody, username, PASSWORD);
      await store.of<AccountOperations>("accounts").create({
        jid: jid.bare,
        numberHash: vault.hashNumber(number),
        numberSealed: vault.sealNumber(number),
        isMadeHere: true,
        pinHash: null,
        device: { deviceId, keyHash: hashDeviceKey(publicKey) },
        now: Date.now(),
      });
      const account = { domain, username, password: PASSWORD, numberDomain, number };
      await Client.open({ storage, service, account });
      storage.close();
      paths.push(path);
    }
  });
  return paths;
}

/** Runs the child, and answers the number that it prints. */
async function run(task: Omit<IdleTask, "sdk">): Promise<number> {
  const file = `${task.paths[0]}.json`;
  const sdk = pathToFileURL(`${builtFolder()}/sdk/mod.js`).href;
  writeFileSync(file, JSON.stringify({ ...task, sdk } satisfies IdleTask));
  const child = spawn(process.execPath, ["--expose-gc", CHILD, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let printed = Number.NaN;
  for await (const line of createInterface({ input: child.stdout })) printed = Number(line);
  await exited;
  return printed;
}

async function startMs(service: string, path: string): Promise<number> {
  const times: number[] = [];
  for (let start = 0; start < STARTS; start += 1)
    times.push(await run({ service, storage: "files", paths: [path] }));
  return median(times);
}

/** As many sessions, of a usual size, with as many people. What is in them nobody reads at the start; that they are there could cost. */
function fillWithSessions(path: string, count: number): void {
  const storage = openSqliteStorage({ path });
  const session = Buffer.alloc(SESSION_BYTES, 7);
  storage.transaction((transaction) => {
    for (let index = 0; index < count; index += 1) {
      const address = `+1888${1_000_000 + index}@phone.example.org`;
      transaction.set(`omemo/1/session/${address}/0000000001`, session);
      transaction.set(`omemo/1/list/${address}`, Buffer.from(`{"at":${Date.now()},"devices":[1]}`));
    }
  });
  storage.close();
}

/** A session in use, with a few skipped keys. */
const SESSION_BYTES = 600;
