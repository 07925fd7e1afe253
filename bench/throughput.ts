import { World } from "../test/support/world.js";
import type { Form } from "../test/support/raw-device.js";
import { builtFolder } from "./built.js";
import { Ejabberd } from "./ejabberd.js";
import { hostOf, reconfigure, withoutStreamManagement } from "./hosts.js";
import type { BenchOptions } from "./options.js";
import {
  bodyPayload,
  drive,
  logins,
  mailboxRoad,
  omemoPayload,
  plainRoad,
  sdkRoad,
  subjectsOf,
  type Road,
  type RoadResult,
  type Subjects,
} from "./road.js";
import { rowOfRuns, type Row, type Run } from "./rows.js";

const SECONDS = 4;
/** Before the rounds, until all sides have compiled what they run. */
const WARM_UP_SECONDS = 8;
const BODY_BYTES = 100;
const WINDOW_ENCRYPTED = 400;
const BATCH_ENCRYPTED = 50;

interface Load {
  readonly name: string;
  /** How many messages a pair has under way. */
  readonly window: number;
  /** How many go together. */
  readonly batch: number;
  /** What the rate, and Prosody's CPU, should be against direct messages; and the rate against ejabberd's. */
  readonly goals: Readonly<Record<Form, readonly [rate: string, prosody: string, ejabberd: string]>>;
}

const LOADS: readonly Load[] = [
  {
    name: "one at a time",
    window: 16,
    batch: 1,
    goals: { xml: [">= 0.5", "", ""], frame: [">= 0.9", "<= 1.1", ""] },
  },
  {
    name: "in bulk",
    window: 400,
    batch: 50,
    goals: { xml: [">= 1", "", ""], frame: [">= 2", "<= 0.45", ">= 1"] },
  },
];

const PAYLOADS = [
  { name: `${BODY_BYTES} bytes`, make: () => bodyPayload(BODY_BYTES) },
  { name: "OMEMO", make: () => omemoPayload(BODY_BYTES) },
];

const FORMS: readonly Form[] = ["xml", "frame"];
const WAYS = ["direct", "ejabberd", ...FORMS] as const;

type Way = (typeof WAYS)[number];
type Roads = Readonly<Record<Way, Road>>;
type Results = Readonly<Record<Way, RoadResult>>;

/**
 * Measures durable, receipted messages over the mailbox, in both forms, against direct ones with receipts, in turn:
 * on the same Prosody, and on an ejabberd.
 */
export function throughputRows({ rounds }: BenchOptions): Promise<Row[]> {
  return rowsOf(true, rounds);
}

/** As {@link throughputRows}, without stream management on either side. */
export function unmanagedRows({ rounds }: BenchOptions): Promise<Row[]> {
  return rowsOf(false, rounds);
}

async function rowsOf(isManaged: boolean, rounds: number): Promise<Row[]> {
  const world = await World.start({ isProcess: true, build: builtFolder() });
  const ejabberd = await Ejabberd.start(isManaged);
  try {
    if (!isManaged) await reconfigure(world.prosody, withoutStreamManagement);
    const rows: Row[] = [];
    for (const { name, make } of PAYLOADS) {
      const what = `${name}, ${isManaged ? "with" : "no"} stream management`;
      rows.push(...(await compare(world, ejabberd, what, make(), rounds)));
    }
    if (isManaged) rows.push(await realEncryption(world, rounds));
    return rows;
  } finally {
    await ejabberd.stop();
    await world.stop();
  }
}

async function realEncryption(world: World, rounds: number): Promise<Row> {
  const direct = await plainRoad(await logins(hostOf(world.prosody)), bodyPayload(BODY_BYTES));
  const sdk = await sdkRoad(world, BODY_BYTES);
  const runs: Run[] = [];
  const subjects = subjectsOf(world);
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`throughput, real encryption: round ${round + 1} of ${rounds}\n`);
    const plain = await drive(direct, subjects, WINDOW_ENCRYPTED, 1, SECONDS);
    const encrypted = await drive(sdk, subjects, WINDOW_ENCRYPTED, BATCH_ENCRYPTED, SECONDS);
    runs.push([encrypted.perSecond, plain.perSecond]);
  }
  await Promise.all([sdk.stop(), direct.stop()]);
  const name = "SDK with real encryption and a store a device, in bulk: rate against direct in plain text";
  return rowOfRuns(name, "messages/s", runs, "");
}

async function compare(
  world: World,
  ejabberd: Ejabberd,
  what: string,
  payload: string,
  rounds: number,
): Promise<Row[]> {
  const roads: Roads = {
    direct: await plainRoad(await logins(hostOf(world.prosody)), payload),
    ejabberd: await plainRoad(await logins(ejabberd), payload),
    xml: await mailboxRoad(world, payload, "xml"),
    frame: await mailboxRoad(world, payload, "frame"),
  };
  const subjects = subjectsOf(world);
  const beside: Subjects = { pids: [ejabberd.pid, undefined], ports: [ejabberd.clientPort, undefined] };
  const rows: Row[] = [];
  for (const load of LOADS) {
    const results: Results[] = [];
    await driveAll(load, roads, subjects, beside, WARM_UP_SECONDS);
    for (let round = 0; round < rounds; round += 1) {
      process.stderr.write(`throughput, ${what}, ${load.name}: round ${round + 1} of ${rounds}\n`);
      results.push(await driveAll(load, roads, subjects, beside));
    }
    for (const form of FORMS) rows.push(...rowsOfForm(`${what}, ${load.name}, ${form}`, form, load, results));
  }
  await Promise.all(Object.values(roads).map((road: Road) => road.stop()));
  return rows;
}

async function driveAll(
  { window, batch }: Load,
  roads: Roads,
  subjects: Subjects,
  beside: Subjects,
  seconds = SECONDS,
): Promise<Results> {
  return {
    direct: await drive(roads.direct, subjects, window, 1, seconds),
    ejabberd: await drive(roads.ejabberd, beside, window, 1, seconds),
    xml: await drive(roads.xml, subjects, window, batch, seconds),
    frame: await drive(roads.frame, subjects, window, batch, seconds),
  };
}

function rowsOfForm(name: string, form: Form, { goals }: Load, results: readonly Results[]): Row[] {
  const against = (what: keyof RoadResult, way: Way = "direct"): Run[] =>
    results.map((result) => [result[form][what], result[way][what]]);
  const beside = (what: keyof RoadResult, other: keyof RoadResult): Run[] =>
    results.map((result) => [result[form][what], result[form][other]]);
  const [rate, prosody, ejabberd] = goals[form];
  const [each, bytes] = ["µs/message", "bytes/message"];
  return [
    rowOfRuns(`${name}: rate`, "messages/s", against("perSecond"), rate),
    rowOfRuns(
      `${name}: rate against ejabberd direct`,
      "messages/s",
      against("perSecond", "ejabberd"),
      ejabberd,
    ),
    rowOfRuns(`${name}: Prosody's CPU`, each, against("prosodyMicros"), prosody),
    rowOfRuns(
      `${name}: component's CPU beside Prosody's`,
      each,
      beside("componentMicros", "prosodyMicros"),
      "",
    ),
    rowOfRuns(`${name}: bytes between clients and Prosody`, bytes, against("clientBytes"), ""),
    rowOfRuns(
      `${name}: bytes between Prosody and component, beside those of the clients`,
      bytes,
      beside("componentBytes", "clientBytes"),
      "",
    ),
  ];
}
