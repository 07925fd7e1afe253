import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { randomBytes } from "node:crypto";
import SQLite from "better-sqlite3";
import { storeModules } from "../component/app.js";
import type { AccountOperations } from "../component/accounts/store.js";
import { checkConfig, type Config } from "../component/config.js";
import { Store } from "../component/store/store.js";
import { Vault } from "../component/store/vault.js";
import { phoneNumber } from "../src/phone-number.js";
import { ComponentProcess } from "../test/support/component-process.js";
import { temporaryFolder } from "../test/support/temporary-folder.js";
import { until } from "../test/support/until.js";
import { builtFolder } from "./built.js";
import type { BenchOptions } from "./options.js";
import { PresenceServer } from "./presence-server.js";
import { cpuSeconds, percentile, row, type Row } from "./rows.js";

const HOST = "example.org";
const DOMAIN = `phone.${HOST}`;
const FULL = { people: 10_000, watchers: 100, seconds: 60 };
const SMOKE = { people: 200, watchers: 10, seconds: 1 };
const CHANGES_PER_MINUTE = 1_000;
/** What a Prosody takes of presences; docs/performance.md. */
const STANZAS_PER_SECOND = 16_000;
const MEMORY_MB = 300;
const QUIET_MS = 8_000;
const DEADLINE_MS = 200_000;

/**
 * Shows what the presence of 10,000 people costs who have 100 contacts each: all come online at once, as after a
 * restart; then 1,000 of them change a minute; then 1,000 at once.
 */
export async function presenceRows({ isSmoke }: BenchOptions): Promise<Row[]> {
  const size = isSmoke ? SMOKE : FULL;
  const folder = temporaryFolder();
  const server = await PresenceServer.start(DOMAIN, STANZAS_PER_SECOND);
  const config = checkConfig({
    host: { domain: HOST },
    link: { host: "127.0.0.1", port: server.port, domain: DOMAIN, secret: "presence" },
    store: { path: join(folder, "twotick.db"), key: randomBytes(32).toString("base64") },
    http: { port: 0 },
  });
  await befriend(config, size.people, size.watchers);
  const component = await ComponentProcess.start(config, folder, {}, `${builtFolder()}/component/main.js`);
  try {
    return await measure(server, component, size);
  } finally {
    await component.kill("SIGKILL");
    server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  server: PresenceServer,
  { pid }: ComponentProcess,
  { people, watchers, seconds }: typeof FULL,
): Promise<Row[]> {
  const rows: Row[] = [];
  const what = `${people} people with ${watchers} contacts each`;
  const bench = async (name: string, work: () => Promise<number | void>): Promise<number> => {
    process.stderr.write(`presence: ${name}\n`);
    const [cpu, startedAt, before] = [cpuSeconds(pid), performance.now(), server.presences];
    const endedAt = (await work()) ?? performance.now();
    const [spent, elapsed] = [cpuSeconds(pid) - cpu, (endedAt - startedAt) / 1000];
    const shown = server.presences - before;
    rows.push(row(`${what}, ${name}: CPU of the component, beside the time`, "s", spent, elapsed, ""));
    rows.push(
      row(
        `${what}, ${name}: presences shown, beside a server's limit`,
        "a second",
        shown / elapsed,
        STANZAS_PER_SECOND,
        "",
      ),
    );
    rows.push(
      row(
        `${what}, ${name}: most memory so far, beside what it may take`,
        "MB",
        peakMb(pid),
        MEMORY_MB,
        "<= 1",
      ),
    );
    return shown;
  };
  await bench("all come online", () => shownMore(server, people * watchers));
  const delays: number[] = [];
  await bench(`${CHANGES_PER_MINUTE} change a minute`, async () => {
    const count = Math.round((CHANGES_PER_MINUTE / 60) * seconds);
    for (let index = 0; index < count; index += 1) {
      const nextAt = performance.now() + 60_000 / CHANGES_PER_MINUTE;
      void delayOf(server, index * 7, watchers).then((ms) => delays.push(ms));
      await sleep(Math.max(0, nextAt - performance.now()));
    }
    await until("all have seen it", () => delays.length === count, DEADLINE_MS);
  });
  rows.push(
    row(
      `${what}: until all contacts were shown a change, p99 beside p50`,
      "ms",
      percentile(delays, 0.99),
      percentile(delays, 0.5),
      "",
    ),
  );
  const atOnce = Math.min(CHANGES_PER_MINUTE, people);
  const shown = await bench(`${atOnce} change at once`, async () => {
    for (let index = 0; index < atOnce; index += 1) server.say(jidOf(index * 7 + 3), "at once");
    return shownMore(server, atOnce * watchers);
  });
  rows.push(
    row(
      `${what}: presences shown of ${atOnce} changes at once, against what is due`,
      "",
      shown,
      atOnce * watchers,
      ">= 1",
    ),
  );
  return rows;
}

/** Milliseconds until everybody was shown a change of somebody. */
async function delayOf(server: PresenceServer, index: number, watchers: number): Promise<number> {
  const number = `${numberOf(index)}@${DOMAIN}`;
  const due = (server.shown.get(number) ?? 0) + watchers;
  const startedAt = performance.now();
  server.say(jidOf(index), `change ${index}`);
  await until("the change was shown", () => (server.shown.get(number) ?? 0) >= due, DEADLINE_MS);
  return performance.now() - startedAt;
}

/** Waits until so many presences more were shown, or none any more; answers when the last one was. */
async function shownMore(server: PresenceServer, count: number): Promise<number> {
  const due = server.presences + count;
  let [seen, since] = [server.presences, performance.now()];
  const isOver = (): boolean => {
    if (server.presences !== seen) [seen, since] = [server.presences, performance.now()];
    return server.presences >= due || (seen > 0 && performance.now() - since > QUIET_MS);
  };
  await until("everybody was shown", isOver, DEADLINE_MS);
  return since;
}

let people = 0;

function numberOf(index: number): string {
  return `+1333${1_000_000 + (index % people)}`;
}

function jidOf(index: number): string {
  return `a${numberOf(index).slice(1)}@${HOST}/app`;
}

function peakMb(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024) / 1e6;
}

/** Makes people, each a contact of so many neighbours and they of it. */
async function befriend({ store: { path, key } }: Config, count: number, watchers: number): Promise<void> {
  people = count;
  const vault = new Vault(Buffer.from(key, "base64"));
  const store = await Store.open(path, storeModules());
  const accounts = store.of<AccountOperations>("accounts");
  const made = await Promise.all(
    Array.from({ length: count }, (_, index) => {
      const number = phoneNumber(numberOf(index));
      return accounts.create({
        jid: jidOf(index).split("/", 1)[0] ?? "",
        numberHash: vault.hashNumber(number),
        numberSealed: vault.sealNumber(number),
        isMadeHere: true,
        pinHash: null,
        device: undefined,
        now: Date.now(),
      });
    }),
  );
  await store.close();
  const ids = made.map(({ accountId }) => accountId);
  const database = new SQLite(path);
  const insert = database.prepare("INSERT INTO relations VALUES (?, ?, 1, 1, 0, 1, 0)");
  database.transaction(() => {
    for (const [index, id] of ids.entries())
      for (let step = 1; step <= watchers / 2; step += 1) {
        const neighbour = ids[(index + step) % count];
        insert.run(id, neighbour);
        insert.run(neighbour, id);
      }
  })();
  database.close();
}
