import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { NS } from "../src/namespaces.js";
import { xml } from "../src/xml.js";
import { RawDevice } from "../test/support/raw-device.js";
import { World } from "../test/support/world.js";
import { bodyPayload } from "./road.js";
import { percentile, row, type Row } from "./rows.js";

const MESSAGES = 600;
const WARM_UP = 100;
const PAGE = Buffer.alloc(4096, 1);

/** Measures how long *accepted* takes, against a round trip to Prosody and one sync of the disk. */
export async function latencyRows(): Promise<Row[]> {
  process.stderr.write(`latency: ${MESSAGES} messages, one after the other\n`);
  const world = await World.start({ isProcess: true });
  const file = openSync(join(world.folder, "sync"), "w");
  try {
    const romeo = await RawDevice.online(await world.person("+15551230001"));
    const juliet = await RawDevice.online(await world.person("+15551230002"));
    const message = { to: juliet.numberJid, payload: bodyPayload(100) };
    const accepted: number[] = [];
    const baseline: number[] = [];
    for (let index = -WARM_UP; index < MESSAGES; index += 1) {
      const acceptedMs = await timed(() => romeo.submit([message]));
      const roundTripMs = await timed(() =>
        romeo.ask("get", xml("ping", { xmlns: NS.ping }), romeo.credentials.domain),
      );
      const syncMs = await timed(() => sync(file));
      if (index < 0) continue;
      accepted.push(acceptedMs);
      baseline.push(roundTripMs + syncMs);
    }
    await Promise.all([romeo.stop(), juliet.stop()]);
    return [
      row(
        "accepted, p50: against a Prosody round trip and a sync",
        "ms",
        percentile(accepted, 0.5),
        percentile(baseline, 0.5),
        "<= 2",
      ),
      row(
        "accepted, p99: against a Prosody round trip and a sync",
        "ms",
        percentile(accepted, 0.99),
        percentile(baseline, 0.99),
        "",
      ),
    ];
  } finally {
    closeSync(file);
    await world.stop();
  }
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
