import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { NS } from "../src/namespaces.js";
import { xml } from "../src/xml.js";
import { RawDevice, type Form } from "../test/support/raw-device.js";
import { until } from "../test/support/until.js";
import { World } from "../test/support/world.js";
import { builtFolder } from "./built.js";
import { Load } from "./load.js";
import { bodyPayload } from "./road.js";
import type { BenchOptions } from "./options.js";
import { percentile, row, rowOfRuns, type Row, type Run } from "./rows.js";

/** In each round; of all rounds together the worst of a thousand is told. */
const MESSAGES = 1_000;
const SMOKE_MESSAGES = 20;
/** Until both sides have compiled what they run. */
const WARM_UP = 1_000;
const WARM_UP_AT_RATE = 100;
/** What a rate that is too high for the machine is given. */
const LIMIT_MS = 20_000;
/** Until what is on the road has come to its receipts. */
const ROAD_MS = 60_000;
const ACKNOWLEDGE_EVERY = 50;
const BODY_BYTES = 100;
const PAGE = Buffer.alloc(4096, 1);

/** Messages a second of other people when the service is merely in use, so that no part of the road is asleep. */
const IN_USE_PER_SECOND = 250;

/** What the SDK speaks is the frame; plain XML is what a newcomer begins with. */
const P50_GOALS: Readonly<Record<Form, string>> = { xml: "<= 2", frame: "<= 1.5" };

/** Shares of the highest rate at which it is measured too. */
const SHARES = [0.1, 0.5, 0.9];

/** How the highest rate is found: doubled until it does not come through, then halved in between. */
const SEARCH = { fromPerSecond: 500, halvings: 2, settleSeconds: 2, seconds: 3, comesThrough: 0.97 };

/**
 * Measures how long *accepted* takes, against a round trip to Prosody (XEP-0199) and one sync of the disk.
 *
 * One message after the other is timed, while others write at a rate that does not depend on the answers: 250 messages a
 * second, then 10, 50 and 90% of the highest rate at which frames still come through to their receipts. A round trip through
 * Prosody, to another client and back, is shown beside it: it crosses Prosody as often as a submit does, and says how much
 * of the time is the road.
 */
export async function latencyRows(options: BenchOptions): Promise<Row[]> {
  const world = await World.start({ isProcess: true, build: builtFolder() });
  const file = openSync(join(world.folder, "sync"), "w");
  try {
    return [
      ...(await rowsInUse(world, "xml", file, options)),
      ...(await rowsInUse(world, "frame", file, options)),
    ];
  } finally {
    closeSync(file);
    await world.stop();
  }
}

async function rowsInUse(
  world: World,
  form: Form,
  file: number,
  { rounds, isSmoke }: BenchOptions,
): Promise<Row[]> {
  const messages = isSmoke ? SMOKE_MESSAGES : MESSAGES;
  process.stderr.write(`latency: in use, ${form}\n`);
  const load = await Load.start(world, bodyPayload(BODY_BYTES), form);
  const probe = await Probe.online(world, form, () => sync(file));
  load.setRate(IN_USE_PER_SECOND);
  await probe.measure(isSmoke ? SMOKE_MESSAGES : WARM_UP);
  const rows = inUseRows(form, await measureRounds(probe, messages, rounds));
  if (form === "frame") {
    const highest = await highestRate(load);
    for (const share of SHARES)
      rows.push(...(await rowsAt(load, probe, share, highest, { messages, rounds })));
  }
  await Promise.all([load.stop(), probe.stop()]);
  return rows;
}

/** The highest rate of which nearly everything comes through to its receipt while more is sent. */
async function highestRate(load: Load): Promise<number> {
  process.stderr.write("latency: the highest rate\n");
  let [holds, fails] = [0, SEARCH.fromPerSecond];
  while (await comesThrough(load, fails)) [holds, fails] = [fails, fails * 2];
  for (let halving = 0; halving < SEARCH.halvings; halving++) {
    const between = (holds + fails) / 2;
    if (await comesThrough(load, between)) holds = between;
    else fails = between;
  }
  return holds;
}

async function comesThrough(load: Load, perSecond: number): Promise<boolean> {
  load.setRate(perSecond);
  await seconds(SEARCH.settleSeconds);
  const before = await load.counts();
  await seconds(SEARCH.seconds);
  const after = await load.counts();
  load.setRate(0);
  // What is on the road arrives, so that it is not in the way of what is measured next
  await until("every receipt of the load", () => hasArrived(load), ROAD_MS);
  return after.receipted - before.receipted >= SEARCH.comesThrough * SEARCH.seconds * perSecond;
}

async function hasArrived(load: Load): Promise<boolean> {
  await seconds(0.2);
  const { sent, receipted } = await load.counts();
  return receipted >= sent;
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}

async function measureRounds(probe: Probe, messages: number, rounds: number): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (let round = 0; round < rounds; round += 1) measured.push(await probe.measure(messages));
  return measured;
}

async function rowsAt(
  load: Load,
  probe: Probe,
  share: number,
  highest: number,
  { messages, rounds }: { readonly messages: number; readonly rounds: number },
): Promise<Row[]> {
  process.stderr.write(`latency: at ${share * 100}% of ${highest.toFixed(0)} messages a second\n`);
  load.setRate(share * highest);
  await probe.measure(WARM_UP_AT_RATE);
  const [before, startedAt] = [await load.counts(), performance.now()];
  const measured = await measureRounds(probe, messages, rounds);
  const [after, seconds] = [await load.counts(), (performance.now() - startedAt) / 1000];
  const receipted = (after.receipted - before.receipted) / seconds;
  const at = `at ${share * 100}% of the highest rate`;
  return [
    ...compareAll(`accepted ${at}`, measured, "server", P50_GOALS.frame),
    row(`receipts ${at}: against what was sent`, "messages/s", receipted, share * highest, ""),
  ];
}

interface Measured {
  readonly accepted: number[];
  readonly through: number[];
  readonly server: number[];
}

let people = 0;

/** Two devices between which, one after the other, everything is timed that a message is compared with. */
class Probe {
  readonly #romeo: RawDevice;
  readonly #juliet: RawDevice;
  readonly #sync: () => void;

  static async online(world: World, form: Form, sync: () => void): Promise<Probe> {
    const [romeo, juliet] = await Promise.all(
      [0, 1].map(async () => RawDevice.online(await world.person(`+1555${1_230_000 + ++people}`), form)),
    );
    return new Probe(romeo as RawDevice, juliet as RawDevice, sync);
  }

  private constructor(romeo: RawDevice, juliet: RawDevice, sync: () => void) {
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

  async stop(): Promise<void> {
    await Promise.all([this.#romeo.stop(), this.#juliet.stop()]);
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

const BASELINES = {
  server: "a round trip to Prosody and a sync",
  through: "a round trip through Prosody and a sync",
} as const;

function inUseRows(form: Form, measured: readonly Measured[]): Row[] {
  const what = `accepted in use, ${form}`;
  return [
    ...compareAll(what, measured, "server", P50_GOALS[form]),
    ...compareAll(what, measured, "through", ""),
  ];
}

function compareAll(
  what: string,
  measured: readonly Measured[],
  baseline: keyof typeof BASELINES,
  goal: string,
): Row[] {
  const name = (share: string): string => `${what}, ${share}: against ${BASELINES[baseline]}`;
  const runs = (share: number): Run[] =>
    measured.map((one) => [percentile(one.accepted, share), percentile(one[baseline], share)]);
  const worst = (of: (one: Measured) => number[]): number => percentile(measured.flatMap(of), 0.999);
  return [
    rowOfRuns(name("p50"), "ms", runs(0.5), goal),
    rowOfRuns(name("p99"), "ms", runs(0.99), ""),
    // One round has too few of them for its own
    row(
      name("p99.9"),
      "ms",
      worst((one) => one.accepted),
      worst((one) => one[baseline]),
      "",
    ),
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
