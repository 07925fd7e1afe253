// What the part `idle` starts, on the SDK as it is published: devices that idle, or one that comes online.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How long devices are left alone before their memory is taken: until a store has given back what it can. */
const REST_MS = 12_000;
const AT_ONCE = 10;

/** @type {import("./idle.js").IdleTask} */
const { sdk, service, storage, paths } = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
/** @type {typeof import("../sdk/mod.js")} */
const { Client, openMemoryStorage, openSqliteStorage, partOf } = await import(sdk);

const shared = storage === "parts" ? openSqliteStorage({ path: `${paths[0]}.all` }) : undefined;

/** @type {[path: string, elsewhere: import("../sdk/mod.js").Storage][]} */
const moved = [];

/** @param {string} path of a store; where it is not used itself its records are moved, until the end */
function openStorage(path) {
  const file = openSqliteStorage({ path });
  if (storage === "files") return file;
  const elsewhere = shared ? partOf(shared, basename(path)) : openMemoryStorage();
  moved.push([path, elsewhere]);
  copy(file, elsewhere);
  file.close();
  return elsewhere;
}

/** @param {import("../sdk/mod.js").Storage} from @param {import("../sdk/mod.js").Storage} to */
function copy(from, to) {
  const records = from.read((view) => view.scan(""));
  to.transaction((transaction) => records.forEach(([key, value]) => transaction.set(key, value)));
}

/** A store that stayed behind what its device has done since would be refused the next time. */
function moveBack() {
  for (const [path, elsewhere] of moved) {
    const file = openSqliteStorage({ path });
    copy(elsewhere, file);
    file.close();
  }
}

/** @param {string} path */
async function open(path) {
  const client = await Client.open({ storage: openStorage(path), service });
  client.on("error", (error) => process.stderr.write(`${String(error)}\n`));
  await client.start();
}

async function memory() {
  await sleep(REST_MS);
  for (let times = 0; times < 5; times += 1) globalThis.gc?.();
  return process.memoryUsage.rss();
}

const [first = "", ...others] = paths;
await open(first);
if (others.length === 0) {
  // From the first line of the process, the loading of the SDK included
  process.stdout.write(`${performance.now()}\n`);
} else {
  const before = await memory();
  const count = others.length;
  while (others.length > 0) await Promise.all(others.splice(0, AT_ONCE).map(open));
  process.stdout.write(`${((await memory()) - before) / count}\n`);
}
moveBack();
process.exit(0);
