import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, openSqliteStorage } from "../sdk/mod.js";
import type { IdleTask } from "./idle.js";

/** How long devices are left alone before their memory is taken. */
const REST_MS = 3_000;
const AT_ONCE = 10;

const { service, paths } = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as IdleTask;

async function open(path: string): Promise<void> {
  const client = await Client.open({ storage: openSqliteStorage({ path }), service });
  client.on("error", (error) => process.stderr.write(`${String(error)}\n`));
  await client.start();
}

async function memory(): Promise<number> {
  await sleep(REST_MS);
  for (let times = 0; times < 5; times += 1) globalThis.gc?.();
  return process.memoryUsage.rss();
}

const [first = "", ...others] = paths;
if (others.length === 0) {
  await open(first);
  // From the first line of the process, the loading of the SDK included
  process.stdout.write(`0\n${performance.now()}\n`);
  process.exit(0);
}
await open(first);
process.stdout.write(`${await memory()}\n`);
while (others.length > 0) await Promise.all(others.splice(0, AT_ONCE).map((path) => open(path)));
process.stdout.write(`${await memory()}\n`);
process.exit(0);
