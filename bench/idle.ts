import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { AccountOperations } from "../component/accounts/store.js";
import { hashDeviceKey } from "../component/mailbox/service.js";
import { addAccount } from "../prosody/accounts.js";
import { Client, openDeviceKey, openSqliteStorage } from "../sdk/mod.js";
import { phoneNumber } from "../src/phone-number.js";
import { PASSWORD, World } from "../test/support/world.js";
import { builtFolder } from "./built.js";
import { median, row, type Row } from "./rows.js";

const DEVICES = 1_000;
const SESSIONS = 10_000;
const STARTS = 5;
/** What one idle device may cost, in kilobytes, and how long a bot may take to start, in milliseconds. */
const GOAL_KILOBYTES = 100;
const GOAL_MS = 1_000;
const CHILD = fileURLToPath(new URL("idle-child.ts", import.meta.url));

/** What the child of this benchmark does: devices that idle, or one that starts. */
export interface IdleTask {
  readonly service: string;
  /** Stores, one for each device. */
  readonly paths: readonly string[];
}

/** Memory of a thousand idle devices in one process, and how long a bot takes to start on a store of ten thousand sessions. */
export async function idleRows(devices = DEVICES, sessions = SESSIONS): Promise<Row[]> {
  const world = await World.start({ isProcess: true, build: builtFolder() });
  try {
    const paths = await enrolAll(world, devices + 1);
    const { prosody } = world;
    const [bot = "", ...others] = paths;
    const [before = 0, after = 0] = await run({ service: prosody.service, paths: others });
    const each = (after - before) / (others.length - 1) / 1_000;
    const empty = await startMs(prosody.service, bot);
    fillWithSessions(bot, sessions);
    const full = await startMs(prosody.service, bot);
    return [
      row(
        `an idle device of ${others.length} in one process with a SQLite store (memory)`,
        "kB",
        each,
        GOAL_KILOBYTES,
        "<= 1",
      ),
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

/** Runs the child, and answers the numbers that it prints. */
async function run(task: IdleTask): Promise<number[]> {
  const file = `${task.paths[0]}.json`;
  writeFileSync(file, JSON.stringify(task));
  const child = spawn(process.execPath, ["--expose-gc", "--import", "tsx", CHILD, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const numbers: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) numbers.push(Number(line));
  await exited;
  return numbers;
}

async function startMs(service: string, path: string): Promise<number> {
  const times: number[] = [];
  for (let start = 0; start < STARTS; start += 1)
    times.push((await run({ service, paths: [path] }))[1] ?? Number.NaN);
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
