import { World } from "../test/support/world.js";
import { bodyPayload, directRoad, drive, mailboxRoad, sdkRoad, type Road, type RoadResult } from "./road.js";
import { median, row, type Row } from "./rows.js";

const ROUNDS = 3;
const SECONDS = 4;
const BODY_BYTES = 100;
const WINDOW_ENCRYPTED = 400;
const BATCH_ENCRYPTED = 50;

/** Ways to use the road: how many messages a pair has under way, and how many go together. */
const LOADS = [
  { name: "one at a time", window: 16, batch: 1, goal: ">= 0.5" },
  { name: "in bulk", window: 400, batch: 50, goal: ">= 1" },
];

/** Measures durable, receipted messages over the mailbox against direct ones with receipts, alternately. */
export async function throughputRows(): Promise<Row[]> {
  const world = await World.start({ isProcess: true });
  try {
    const direct = await directRoad(world, BODY_BYTES);
    const mailbox = await mailboxRoad(world, bodyPayload(BODY_BYTES));
    const rows: Row[] = [];
    for (const load of LOADS) rows.push(...(await compare(world, load, direct, mailbox)));
    await mailbox.stop();
    rows.push(await realEncryption(world, direct));
    await direct.stop();
    return rows;
  } finally {
    await world.stop();
  }
}

async function realEncryption(world: World, direct: Road): Promise<Row> {
  const sdk = await sdkRoad(world, BODY_BYTES);
  const rates: { direct: number; sdk: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    process.stderr.write(`throughput, real encryption: round ${round + 1} of ${ROUNDS}\n`);
    const plain = await drive(direct, world, WINDOW_ENCRYPTED, 1, SECONDS);
    const encrypted = await drive(sdk, world, WINDOW_ENCRYPTED, BATCH_ENCRYPTED, SECONDS);
    rates.push({ direct: plain.perSecond, sdk: encrypted.perSecond });
  }
  await sdk.stop();
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

async function compare(
  world: World,
  { name, window, batch, goal }: (typeof LOADS)[number],
  direct: Road,
  mailbox: Road,
): Promise<Row[]> {
  const results: { direct: RoadResult; mailbox: RoadResult }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    process.stderr.write(`throughput, ${name}: round ${round + 1} of ${ROUNDS}\n`);
    results.push({
      direct: await drive(direct, world, window, 1, SECONDS),
      mailbox: await drive(mailbox, world, window, batch, SECONDS),
    });
  }
  const middle = (read: (result: (typeof results)[number]) => number): number => median(results.map(read));
  const rate = [
    middle(({ mailbox }) => mailbox.perSecond),
    middle(({ direct }) => direct.perSecond),
  ] as const;
  const prosody = [
    middle(({ mailbox }) => mailbox.prosodyMicros),
    middle(({ direct }) => direct.prosodyMicros),
  ] as const;
  return [
    row(`durable and receipted, ${name}: rate against direct with receipts`, "messages/s", ...rate, goal),
    row(`durable and receipted, ${name}: Prosody's CPU against direct`, "µs/message", ...prosody, ""),
    row(
      `durable and receipted, ${name}: component's CPU beside Prosody's`,
      "µs/message",
      middle(({ mailbox }) => mailbox.componentMicros),
      prosody[0],
      "",
    ),
  ];
}
