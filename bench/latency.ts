import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { NS } from "../src/namespaces.js";
import { xml } from "../src/xml.js";
import { RawDevice } from "../test/support/raw-device.js";
import { until } from "../test/support/until.js";
import { World } from "../test/support/world.js";
import { Load } from "./load.js";
import { bodyPayload, drive, mailboxRoad } from "./road.js";
import { percentile, row, type Row } from "./rows.js";

const MESSAGES = 600;
/** Until both sides have compiled what they run. */
const WARM_UP = 1_000;
const WARM_UP_AT_RATE = 100;
/** What a rate that is too high for the machine is given. */
const LIMIT_MS = 20_000;
const ACKNOWLEDGE_EVERY = 50;
const BODY_BYTES = 100;
const PAGE = Buffer.alloc(4096, 1);

/** Messages a second of other people when the service is merely in use, so that no part of the road is asleep. */
const IN_USE_PER_SECOND = 250;

/** Shares of the highest rate at which it is measured too. */
const SHARES = [0.1, 0.5, 0.9];

/** How the highest rate is found: what ten pairs reach who have sixteen messages under way each. */
const HIGHEST = { window: 16, batch: 1, seconds: 4 };

/**
 * Measures how long *accepted* takes, against a round trip to Prosody (XEP-0199) and one sync of the disk.
 *
 * Others write meanwhile, at a rate that does not depend on the answers: 250 messages a second, then 10, 50 and 90% of
 * the highest rate. A round trip through Prosody, to another client and back, is shown beside it: it crosses Prosody as
 * often as a submit does, and says how much of the time is the road.
 */
export async function latencyRows(): Promise<Row[]> {
  const world = await World.start({ isProcess: true });
  const file = openSync(join(world.folder, "sync"), "w");
  try {
    const highest = await highestRate(world);
    const romeo = await RawDevice.online(await world.person("+15551230001"));
    const juliet = await RawDevice.online(await world.person("+15551230002"));
    const load = await Load.start(world, bodyPayload(BODY_BYTES));
    const probe = new Probe(romeo, juliet, () => sync(file));
    load.setRate(IN_USE_PER_SECOND);
    await probe.measure(WARM_UP);
    const rows = inUseRows(await probe.measure(MESSAGES));
    for (const share of SHARES) rows.push(...(await rowsAt(load, probe, share, highest)));
    await load.stop();
    await Promise.all([romeo.stop(), juliet.stop()]);
    return rows;
  } finally {
    closeSync(file);
    await world.stop();
  }
}

async function highestRate(world: World): Promise<number> {
  process.stderr.write("latency: the highest rate\n");
  const road = await mailboxRoad(world, bodyPayload(BODY_BYTES));
  const { perSecond } = await drive(road, world, HIGHEST.window, HIGHEST.batch, HIGHEST.seconds);
  await road.stop();
  return perSecond;
}

async function rowsAt(load: Load, probe: Probe, share: number, highest: number): Promise<Row[]> {
  process.stderr.write(`latency: at ${share * 100}% of ${highest.toFixed(0)} messages a second\n`);
  load.setRate(share * highest);
  await probe.measure(WARM_UP_AT_RATE);
  const [before, startedAt] = [await load.counts(), performance.now()];
  const measured = await probe.measure(MESSAGES);
  const [after, seconds] = [await load.counts(), (performance.now() - startedAt) / 1000];
  const receipted = (after.receipted - before.receipted) / seconds;
  const at = `at ${share * 100}% of the highest rate`;
  return [
    compare(`accepted ${at}, p50: against a round trip to Prosody and a sync`, measured, "server", 0.5),
    compare(`accepted ${at}, p99: against a round trip to Prosody and a sync`, measured, "server", 0.99),
    row(`receipts ${at}: against what was sent`, "messages/s", receipted, share * highest, ""),
  ];
}

interface Measured {
  readonly accepted: number[];
  readonly through: number[];
  readonly server: number[];
}

/** Two devices between which, one after the other, everything is timed that a message is compared with. */
class Probe {
  readonly #romeo: RawDevice;
  readonly #juliet: RawDevice;
  readonly #sync: () => void;

  constructor(romeo: RawDevice, juliet: RawDevice, sync: () => void) {
    this.#romeo = romeo;
    this.#juliet = juliet;
    this.#sync = sync;
    // As the SDK does, receipts are not acknowledged one by one
    romeo.isAcknowledging = false;
  }

  /** Measures so many messages, or as many as fit into the time. */
  async measure(messages: number): Promise<Measured> {
    const endsAt = performance.now() + LIMIT_MS;
    const measured: Measured = { accepted: [], through: [], server: [] };
    const message = { to: this.#juliet.numberJid, payload: bodyPayload(BODY_BYTES) };
    const { domain } = this.#romeo.credentials;
    for (let index = 0; index < messages && (index === 0 || performance.now() < endsAt); index += 1) {
      const syncMs = await timed(this.#sync);
      // Whatever is measured comes after a round trip, so that none of it finds the others asleep; this one is not counted
      await this.#ping(domain);
      measured.server.push((await this.#ping(domain)) + syncMs);
      measured.through.push((await this.#ping(String(this.#juliet.connection.jid))) + syncMs);
      measured.accepted.push(await timed(() => this.#romeo.submit([message])));
      await this.#settle(index);
    }
    return measured;
  }

  #ping(to: string): Promise<number> {
    return timed(() => this.#romeo.ask("get", xml("ping", { xmlns: NS.ping }), to));
  }

  /** The road is empty again when the message is delivered and its receipt has come back. */
  async #settle(index: number): Promise<void> {
    await until("the receipt", () => this.#romeo.receipts.length > 0, 30_000);
    const last = this.#romeo.entries.splice(0).at(-1)?.seq ?? 0;
    if (index % ACKNOWLEDGE_EVERY === 0) await this.#romeo.acknowledge(last);
  }
}

function inUseRows(measured: Measured): Row[] {
  const [server, through] = ["a round trip to Prosody and a sync", "a round trip through Prosody and a sync"];
  return [
    compare(`accepted in use, p50: against ${server}`, measured, "server", 0.5, "<= 2"),
    compare(`accepted in use, p99: against ${server}`, measured, "server", 0.99),
    compare(`accepted in use, p50: against ${through}`, measured, "through", 0.5),
    compare(`accepted in use, p99: against ${through}`, measured, "through", 0.99),
  ];
}

function compare(
  name: string,
  measured: Measured,
  baseline: "server" | "through",
  share: number,
  goal = "",
): Row {
  return row(name, "ms", percentile(measured.accepted, share), percentile(measured[baseline], share), goal);
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
