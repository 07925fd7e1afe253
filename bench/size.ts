import { World } from "../test/support/world.js";
import { builtFolder } from "./built.js";
import { hostOf } from "./hosts.js";
import type { BenchOptions } from "./options.js";
import { bodyPayload, drive, logins, mailboxRoad, plainRoad, subjectsOf, type RoadResult } from "./road.js";
import { rowOfRuns, type Row, type Run } from "./rows.js";

const SIZES = [10, 100, 1_000, 10_000];
const SECONDS = 3;
const SMOKE_SECONDS = 0.2;
const WINDOW = 200;
const BATCH = 50;
/** Bytes of messages under way between two people, so that large ones do not all wait in memory. */
const WINDOW_BYTES = 400_000;

/** Shows what a message costs by the size of its body, durable and receipted in frames, beside direct ones with receipts. */
export async function sizeRows({ rounds, isSmoke }: BenchOptions): Promise<Row[]> {
  const world = await World.start({ isProcess: true, build: builtFolder() });
  try {
    const rows: Row[] = [];
    for (const size of SIZES)
      rows.push(...(await rowsOf(world, size, rounds, isSmoke ? SMOKE_SECONDS : SECONDS)));
    return rows;
  } finally {
    await world.stop();
  }
}

async function rowsOf(world: World, size: number, rounds: number, seconds: number): Promise<Row[]> {
  const payload = bodyPayload(size);
  const direct = await plainRoad(await logins(hostOf(world.prosody)), payload);
  const mailbox = await mailboxRoad(world, payload, "frame");
  const window = Math.min(WINDOW, Math.ceil(WINDOW_BYTES / size));
  const batch = Math.min(BATCH, Math.ceil(window / 4));
  const subjects = subjectsOf(world);
  const results: { readonly ours: RoadResult; readonly direct: RoadResult }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`size, ${size} bytes: round ${round + 1} of ${rounds}\n`);
    results.push({
      direct: await drive(direct, subjects, window, 1, seconds),
      ours: await drive(mailbox, subjects, window, batch, seconds),
    });
  }
  await Promise.all([direct.stop(), mailbox.stop()]);
  const against = (what: keyof RoadResult): Run[] => results.map((one) => [one.ours[what], one.direct[what]]);
  const beside = (what: keyof RoadResult, other: keyof RoadResult): Run[] =>
    results.map((one) => [one.ours[what], one.ours[other]]);
  const name = `a body of ${size} bytes, in bulk`;
  return [
    rowOfRuns(`${name}: rate`, "messages/s", against("perSecond"), ""),
    rowOfRuns(`${name}: Prosody's CPU`, "µs/message", against("prosodyMicros"), ""),
    rowOfRuns(
      `${name}: component's CPU beside Prosody's`,
      "µs/message",
      beside("componentMicros", "prosodyMicros"),
      "",
    ),
    rowOfRuns(`${name}: bytes between clients and Prosody`, "bytes/message", against("clientBytes"), ""),
  ];
}
