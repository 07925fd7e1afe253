import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openMemoryStorage, openSqliteStorage, type Storage } from "../sdk/mod.js";
import { sealAhead } from "../sdk/omemo/seal-ahead.js";
import { sealMessage } from "../sdk/omemo/seal.js";
import { encrypt, parseSession, serialiseSession } from "../sdk/ratchet/mod.js";
import { median, row, type Row } from "./rows.js";
import { sealScene, type SealScene } from "./seal-scene.js";

const DEVICES = 512;
const ROUNDS = 41;
/** Rounds that are not counted: they pay for compiling. */
const WARM_UP = 20;
/** What one message may hold the event loop for. */
const HOLD_MS = 20;
/** The key and the tag of an OMEMO 2 payload. */
const KEY_MATERIAL = Buffer.alloc(48, 7);

/**
 * Measures one message to many devices: what it costs each beside the bare ratchet, in which the same sessions are read
 * as bytes, encrypted in and written as bytes in the same run; and how long it holds the event loop at most.
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
  const [bare, whole, holds]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const bareMs = encryptBare(scene);
    const wholeMs = sealAtOnce(scene);
    const holdMs = await longestHold(() => sealInSlices(scene));
    if (round < WARM_UP) continue;
    bare.push(bareMs);
    whole.push(wholeMs);
    holds.push(holdMs);
  }
  storage.close();
  const [each, inChain] = [whole, bare].map((times) => (median(times) * 1000) / DEVICES) as [number, number];
  return [
    row(`seal, ${label}: for ${DEVICES} devices, each, beside in-chain encrypt`, "µs", each, inChain, goal),
    row(`seal, ${label}: longest hold of the event loop`, "ms", median(holds), HOLD_MS, "<= 1"),
  ];
}

function encryptBare({ sessions }: SealScene): number {
  const stored = sessions();
  const startMs = performance.now();
  for (const bytes of stored) serialiseSession(encrypt(parseSession(bytes), KEY_MATERIAL).session);
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
