import { World } from "../test/support/world.js";
import type { Form } from "../test/support/raw-device.js";
import {
  bodyPayload,
  directRoad,
  drive,
  leaveOutStreamManagement,
  mailboxRoad,
  omemoPayload,
  sdkRoad,
  type Road,
  type RoadResult,
} from "./road.js";
import { median, row, type Row } from "./rows.js";

const ROUNDS = Number(process.env.TWOTICK_BENCH_ROUNDS ?? 3);
const SECONDS = 4;
const BODY_BYTES = 100;
const WINDOW_ENCRYPTED = 400;
const BATCH_ENCRYPTED = 50;

interface Load {
  readonly name: string;
  /** How many messages a pair has under way. */
  readonly window: number;
  /** How many go together. */
  readonly batch: number;
  /** What the rate, and Prosody's CPU, should be against direct messages. */
  readonly goals: Readonly<Record<Form, readonly [rate: string, prosody: string]>>;
}

const LOADS: readonly Load[] = [
  {
    name: "one at a time",
    window: 16,
    batch: 1,
    goals: { xml: [">= 0.5", ""], frame: [">= 0.9", "<= 1.1"] },
  },
  { name: "in bulk", window: 400, batch: 50, goals: { xml: [">= 1", ""], frame: [">= 2", "<= 0.45"] } },
];

const PAYLOADS = [
  { name: `${BODY_BYTES} bytes`, make: () => bodyPayload(BODY_BYTES) },
  { name: "OMEMO", make: () => omemoPayload(BODY_BYTES) },
];

const FORMS: readonly Form[] = ["xml", "frame"];

/** Measures durable, receipted messages over the mailbox, in both forms, against direct ones with receipts, in turn. */
export async function throughputRows(): Promise<Row[]> {
  return [...(await rowsOf(true)), ...(await rowsOf(false))];
}

async function rowsOf(isManaged: boolean): Promise<Row[]> {
  const world = await World.start({ isProcess: true });
  try {
    if (!isManaged) await leaveOutStreamManagement(world);
    const rows: Row[] = [];
    for (const { name, make } of PAYLOADS) {
      const what = `${name}, ${isManaged ? "with" : "no"} stream management`;
      rows.push(...(await compare(world, what, make())));
    }
    if (isManaged) rows.push(await realEncryption(world));
    return rows;
  } finally {
    await world.stop();
  }
}

async function realEncryption(world: World): Promise<Row> {
  const direct = await directRoad(world, bodyPayload(BODY_BYTES));
  const sdk = await sdkRoad(world, BODY_BYTES);
  const rates: { direct: number; sdk: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    process.stderr.write(`throughput, real encryption: round ${round + 1} of ${ROUNDS}\n`);
    const plain = await drive(direct, world, WINDOW_ENCRYPTED, 1, SECONDS);
    const encrypted = await drive(sdk, world, WINDOW_ENCRYPTED, BATCH_ENCRYPTED, SECONDS);
    rates.push({ direct: plain.perSecond, sdk: encrypted.perSecond });
  }
  await Promise.all([sdk.stop(), direct.stop()]);
  const middle = (read: (rate: (typeof rates)[number]) => number): number => median(rates.map(read));
  const name = "SDK with real encryption and a store a device, in bulk: rate against direct in plain text";
  return row(
    name,
    "messages/s",
    middle((rate) => rate.sdk),
    middle((rate) => rate.direct),
    "",
  );
}

type Roads = Readonly<Record<Form | "direct", Road>>;
type Results = Readonly<Record<Form | "direct", RoadResult>>;

async function compare(world: World, what: string, payload: string): Promise<Row[]> {
  const roads: Roads = {
    direct: await directRoad(world, payload),
    xml: await mailboxRoad(world, payload, "xml"),
    frame: await mailboxRoad(world, payload, "frame"),
  };
  const rows: Row[] = [];
  for (const load of LOADS) {
    const results: Results[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      process.stderr.write(`throughput, ${what}, ${load.name}: round ${round + 1} of ${ROUNDS}\n`);
      results.push(await driveAll(world, load, roads));
    }
    for (const form of FORMS) rows.push(...rowsOfForm(`${what}, ${load.name}, ${form}`, form, load, results));
  }
  await Promise.all(Object.values(roads).map((road: Road) => road.stop()));
  return rows;
}

async function driveAll(world: World, { window, batch }: Load, roads: Roads): Promise<Results> {
  return {
    direct: await drive(roads.direct, world, window, 1, SECONDS),
    xml: await drive(roads.xml, world, window, batch, SECONDS),
    frame: await drive(roads.frame, world, window, batch, SECONDS),
  };
}

function rowsOfForm(name: string, form: Form, { goals }: Load, results: readonly Results[]): Row[] {
  const middle = (road: Form | "direct", what: keyof RoadResult): number =>
    median(results.map((result) => result[road][what]));
  const against = (what: keyof RoadResult): readonly [number, number] => [
    middle(form, what),
    middle("direct", what),
  ];
  const spread = (what: keyof RoadResult): string =>
    results.map((result) => (result[form][what] / result.direct[what]).toFixed(2)).join(" ");
  const [rate, prosody] = goals[form];
  return [
    row(`${name}: rate (${spread("perSecond")})`, "messages/s", ...against("perSecond"), rate),
    row(
      `${name}: Prosody's CPU (${spread("prosodyMicros")})`,
      "µs/message",
      ...against("prosodyMicros"),
      prosody,
    ),
    row(
      `${name}: component's CPU beside Prosody's`,
      "µs/message",
      middle(form, "componentMicros"),
      middle(form, "prosodyMicros"),
      "",
    ),
    row(`${name}: bytes between clients and Prosody`, "bytes/message", ...against("clientBytes"), ""),
    row(
      `${name}: bytes between Prosody and component, beside those of the clients`,
      "bytes/message",
      middle(form, "componentBytes"),
      middle(form, "clientBytes"),
      "",
    ),
  ];
}
