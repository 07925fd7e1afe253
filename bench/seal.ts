import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openMemoryStorage, openSqliteStorage, type Storage } from "../sdk/mod.js";
import { sealAhead } from "../sdk/omemo/sealing/seal-ahead.js";
import { sealMessage } from "../sdk/omemo/sealing/seal.js";
import { encrypt, parseSession, serialiseSession } from "../sdk/ratchet/mod.js";
import type { View } from "../sdk/storage/port.js";
import { median, row, type Row } from "./rows.js";
import { sealScene, type SealScene } from "./seal-scene.js";

const DEVICES = 512;
const ROUNDS = 45;
/** Rounds that are not counted: they pay for compiling. */
const WARM_UP = 4;
/** How often each is done in a row, so that every kind pays for the garbage that it makes. */
const REPEATS = 8;
/** What one message may hold the event loop for. */
const HOLD_MS = 20;
/** The key and the tag of an OMEMO 2 payload. */
const KEY_MATERIAL = Buffer.alloc(48, 7);

/**
 * Measures one message to many devices, and how long it holds the event loop at most.
 *
 * What it costs each stands beside encrypting in the same sessions with nothing around it: the state loaded from the
 * store and stored again each time; and, shown only, with the state as bytes in hand before and after.
 */
export async function sealRows(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "bench-seal-"));
  try {
    return [
      ...(await rowsOf("memory", openMemoryStorage(), "<= 1.2")),
      ...(await rowsOf("SQLite", openSqliteStorage({ path: join(folder, "clear.db") }), "")),
      ...(await rowsOf(
        "SQLite with a key",
        openSqliteStorage({ path: join(folder, "locked.db"), key: randomBytes(32) }),
        "",
      )),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function rowsOf(label: string, storage: Storage, goal: string): Promise<Row[]> {
  const scene = sealScene(storage, DEVICES);
  const [bare, inChain, whole, holds]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const bareMs = mean(() => encryptBare(scene));
    const inChainMs = mean(() => encryptInChain(scene));
    const wholeMs = mean(() => sealAtOnce(scene));
    const holdMs = await longestHold(() => sealInSlices(scene));
    if (round < WARM_UP) continue;
    bare.push(bareMs);
    inChain.push(inChainMs);
    whole.push(wholeMs);
    holds.push(holdMs);
  }
  storage.close();
  const what = `seal, ${label}: for ${DEVICES} devices, each, beside in-chain encrypt, state`;
  return [
    eachRow(`${what} loaded and stored`, whole, inChain, goal),
    eachRow(`${what} in hand`, whole, bare, ""),
    row(`seal, ${label}: longest hold of the event loop`, "ms", median(holds), HOLD_MS, "<= 1"),
  ];
}

/** The round in the middle by its ratio: what was measured in a round was measured on one and the same machine. */
function eachRow(name: string, values: readonly number[], baselines: readonly number[], goal: string): Row {
  const rounds = values.map((value, index) => [value, baselines[index] ?? Number.NaN] as const);
  rounds.sort(
    ([value, baseline], [otherValue, otherBaseline]) => value / baseline - otherValue / otherBaseline,
  );
  const [value, baseline] = rounds[Math.floor(rounds.length / 2)] ?? [Number.NaN, Number.NaN];
  return row(name, "µs", (value * 1000) / DEVICES, (baseline * 1000) / DEVICES, goal);
}

function mean(measure: () => number): number {
  let sum = 0;
  for (let repeat = 0; repeat < REPEATS; repeat++) sum += measure();
  return sum / REPEATS;
}

function encryptInChain({ context, sessionKeys }: SealScene): number {
  const startMs = performance.now();
  context.storage.transaction((transaction) => {
    for (const key of sessionKeys) {
      const { session } = encrypt(parseSession(stored(transaction, key)), KEY_MATERIAL);
      transaction.set(key, serialiseSession(session));
    }
  });
  return performance.now() - startMs;
}

function stored(view: View, key: string): Uint8Array {
  const bytes = view.get(key);
  if (!bytes) throw new Error("a session is gone");
  return bytes;
}

function encryptBare({ context, sessionKeys }: SealScene): number {
  const sessions = context.storage.read((view) => sessionKeys.map((key) => stored(view, key)));
  const startMs = performance.now();
  for (const bytes of sessions) serialiseSession(encrypt(parseSession(bytes), KEY_MATERIAL).session);
  return performance.now() - startMs;
}

function sealAtOnce({ context, outgoing }: SealScene): number {
  const startMs = performance.now();
  context.storage.transaction((transaction) => sealMessage(context, transaction, outgoing));
  return performance.now() - startMs;
}

async function sealInSlices({ context, outgoing }: SealScene): Promise<void> {
  const ahead = await sealAhead(context, outgoing);
  if (!ahead) throw new Error("nothing was encrypted ahead");
  context.storage.transaction((transaction) => ahead.seal(transaction));
  ahead.close();
}

/** The longest time between two turns of the event loop while something runs. */
async function longestHold(work: () => Promise<void>): Promise<number> {
  let lastMs = performance.now();
  let longestMs = 0;
  let isRunning = true;
  const look = (): void => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    if (isRunning) setImmediate(look);
  };
  setImmediate(look);
  await work();
  look();
  isRunning = false;
  return longestMs;
}
