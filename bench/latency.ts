import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { NS } from "../src/namespaces.js";
import { xml } from "../src/xml.js";
import { RawDevice } from "../test/support/raw-device.js";
import { until } from "../test/support/until.js";
import { World } from "../test/support/world.js";
import { bodyPayload, mailboxRoad, PAIRS } from "./road.js";
import { percentile, row, type Row } from "./rows.js";

const MESSAGES = 600;
/** Until both sides have compiled what they run. */
const WARM_UP = 1_000;
const ACKNOWLEDGE_EVERY = 50;
/** Other people write meanwhile, so that no part of the road is asleep. */
const OTHERS_EVERY_MS = 4;
const PAGE = Buffer.alloc(4096, 1);

/**
 * Measures how long *accepted* takes, against a round trip to Prosody (XEP-0199) and one sync of the disk.
 *
 * Others write about 250 messages a second meanwhile. A round trip through Prosody, to another client and back, is
 * shown beside it: it crosses Prosody as often as a submit does, and says how much of the time is the road.
 */
export async function latencyRows(): Promise<Row[]> {
  process.stderr.write(`latency: ${MESSAGES} messages, one after the other\n`);
  const world = await World.start({ isProcess: true });
  const file = openSync(join(world.folder, "sync"), "w");
  try {
    const romeo = await RawDevice.online(await world.person("+15551230001"));
    const juliet = await RawDevice.online(await world.person("+15551230002"));
    const road = await mailboxRoad(world, bodyPayload(100));
    let pair = 0;
    const others = setInterval(() => road.send(pair++ % PAIRS, 1), OTHERS_EVERY_MS);
    const measured = await measure(romeo, juliet, () => sync(file));
    clearInterval(others);
    await road.stop();
    await Promise.all([romeo.stop(), juliet.stop()]);
    return rows(measured);
  } finally {
    closeSync(file);
    await world.stop();
  }
}

interface Measured {
  readonly accepted: number[];
  readonly through: number[];
  readonly server: number[];
}

async function measure(romeo: RawDevice, juliet: RawDevice, sync: () => void): Promise<Measured> {
  const measured: Measured = { accepted: [], through: [], server: [] };
  const message = { to: juliet.numberJid, payload: bodyPayload(100) };
  const ping = (to: string) => timed(() => romeo.ask("get", xml("ping", { xmlns: NS.ping }), to));
  // As the SDK does, receipts are not acknowledged one by one
  romeo.isAcknowledging = false;
  for (let index = -WARM_UP; index < MESSAGES; index += 1) {
    const syncMs = await timed(sync);
    // Whatever is measured comes after a round trip, so that none of it finds the others asleep; this one is not counted
    await ping(romeo.credentials.domain);
    const serverMs = await ping(romeo.credentials.domain);
    const throughMs = await ping(String(juliet.connection.jid));
    const acceptedMs = await timed(() => romeo.submit([message]));
    // The road is empty again when the message is delivered and its receipt has come back
    await until("the receipt", () => romeo.receipts.length > 0);
    const last = romeo.entries.splice(0).at(-1)?.seq ?? 0;
    if (index % ACKNOWLEDGE_EVERY === 0) await romeo.acknowledge(last);
    if (index < 0) continue;
    measured.accepted.push(acceptedMs);
    measured.through.push(throughMs + syncMs);
    measured.server.push(serverMs + syncMs);
  }
  return measured;
}

function rows({ accepted, through, server }: Measured): Row[] {
  const compare = (what: string, share: number, baseline: readonly number[], goal: string): Row =>
    row(what, "ms", percentile(accepted, share), percentile(baseline, share), goal);
  return [
    compare("accepted in use, p50: against a round trip to Prosody and a sync", 0.5, server, "<= 2"),
    compare("accepted in use, p99: against a round trip to Prosody and a sync", 0.99, server, ""),
    compare("accepted in use, p50: against a round trip through Prosody and a sync", 0.5, through, ""),
    compare("accepted in use, p99: against a round trip through Prosody and a sync", 0.99, through, ""),
  ];
}

function sync(file: number): void {
  // Appends, as a write-ahead log does
  writeSync(file, PAGE);
  fdatasyncSync(file);
}

async function timed(work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
