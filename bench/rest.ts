import { setTimeout as sleep } from "node:timers/promises";
import { Client, openMemoryStorage } from "../sdk/mod.js";
import { enrol } from "../test/sdk/client/people.js";
import { World } from "../test/support/world.js";
import { builtFolder } from "./built.js";
import { hostOf } from "./hosts.js";
import type { BenchOptions } from "./options.js";
import { plainClient } from "./plain-client.js";
import {
  bodyPayload,
  bytesThrough,
  drive,
  logins,
  plainRoad,
  sdkRoad,
  subjectsOf,
  type RoadResult,
} from "./road.js";
import { cpuSeconds, row, rowOfRuns, type Row, type Run } from "./rows.js";

const DEVICES = 200;
const REST_SECONDS = 60;
const SMOKE = { devices: 3, seconds: 1 };
const IN_USE_SECONDS = 5;
const BODY_BYTES = 100;
const HOUR_SECONDS = 3600;

/**
 * Measures what one device costs: at rest, where it only shows now and then that it is there, beside an ordinary client
 * with the same heartbeat; and in use, with one message under way at a time, encrypted and durable on both sides,
 * beside plain messages with receipts between ordinary clients.
 */
export async function restRows({ rounds, isSmoke }: BenchOptions): Promise<Row[]> {
  const world = await World.start({ isProcess: true, build: builtFolder() });
  try {
    const [devices, seconds] = isSmoke ? [SMOKE.devices, SMOKE.seconds] : [DEVICES, REST_SECONDS];
    const rows = await atRest(world, devices, seconds);
    return [...rows, ...(await inUse(world, rounds, isSmoke ? SMOKE.seconds : IN_USE_SECONDS))];
  } finally {
    await world.stop();
  }
}

/** What one device costs in an hour in which nothing happens. */
interface Hour {
  readonly prosodyMs: number;
  readonly componentMs: number;
  readonly clientBytes: number;
  readonly componentBytes: number;
}

async function atRest(world: World, devices: number, seconds: number): Promise<Row[]> {
  process.stderr.write(`rest: ${devices} ordinary clients for ${seconds} s\n`);
  const host = hostOf(world.prosody);
  const plain = await Promise.all(
    Array.from({ length: devices }, async (_, index) => plainClient(await host.account(`rest${index}`))),
  );
  const baseline = await hourOf(world, devices, seconds);
  await Promise.all(plain.map((client) => client.stop()));
  process.stderr.write(`rest: ${devices} devices for ${seconds} s\n`);
  const clients = await Promise.all(
    Array.from({ length: devices }, async (_, index) => {
      const storage = openMemoryStorage();
      const account = await enrol(world, `+1222${1_000_000 + index}`, storage);
      const client = await Client.open({ storage, service: world.prosody.service, account });
      await client.start();
      return client;
    }),
  );
  const ours = await hourOf(world, devices, seconds);
  await Promise.all(clients.map((client) => client.stop()));
  const name = "one device at rest for an hour";
  return [
    row(
      `${name}: bytes between it and Prosody, beside an ordinary client`,
      "bytes",
      ours.clientBytes,
      baseline.clientBytes,
      "",
    ),
    row(`${name}: Prosody's CPU, beside an ordinary client`, "ms", ours.prosodyMs, baseline.prosodyMs, ""),
    row(`${name}: component's CPU, beside Prosody's`, "ms", ours.componentMs, ours.prosodyMs, ""),
    row(
      `${name}: bytes between Prosody and component, beside its own`,
      "bytes",
      ours.componentBytes,
      ours.clientBytes,
      "",
    ),
  ];
}

async function hourOf(world: World, devices: number, seconds: number): Promise<Hour> {
  // What comes with logging in is over
  await sleep(Math.min(5, seconds) * 1000);
  const { pids, ports } = subjectsOf(world);
  const read = (): number[] => [...pids.map((pid) => cpuSeconds(pid) * 1000), ...ports.map(bytesThrough)];
  const before = read();
  await sleep(seconds * 1000);
  const [prosodyMs = 0, componentMs = 0, clientBytes = 0, componentBytes = 0] = read().map(
    (now, index) => ((now - (before[index] ?? 0)) / devices) * (HOUR_SECONDS / seconds),
  );
  return { prosodyMs, componentMs, clientBytes, componentBytes };
}

async function inUse(world: World, rounds: number, seconds: number): Promise<Row[]> {
  const direct = await plainRoad(await logins(hostOf(world.prosody)), bodyPayload(BODY_BYTES));
  const sdk = await sdkRoad(world, BODY_BYTES);
  const subjects = subjectsOf(world);
  const results: { readonly sdk: RoadResult; readonly direct: RoadResult }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`rest: in use, round ${round + 1} of ${rounds}\n`);
    results.push({
      direct: await drive(direct, subjects, 1, 1, seconds),
      sdk: await drive(sdk, subjects, 1, 1, seconds),
    });
  }
  await Promise.all([direct.stop(), sdk.stop()]);
  const against = (what: keyof RoadResult): Run[] => results.map((one) => [one.sdk[what], one.direct[what]]);
  const beside = (what: keyof RoadResult, other: keyof RoadResult): Run[] =>
    results.map((one) => [one.sdk[what], one.sdk[other]]);
  const name = "one device in use, a message at a time";
  return [
    rowOfRuns(
      `${name}: Prosody's CPU, beside plain messages direct`,
      "µs/message",
      against("prosodyMicros"),
      "",
    ),
    rowOfRuns(
      `${name}: component's CPU, beside Prosody's`,
      "µs/message",
      beside("componentMicros", "prosodyMicros"),
      "",
    ),
    rowOfRuns(
      `${name}: bytes between devices and Prosody, beside plain messages direct`,
      "bytes/message",
      against("clientBytes"),
      "",
    ),
    rowOfRuns(
      `${name}: bytes between Prosody and component, beside those`,
      "bytes/message",
      beside("componentBytes", "clientBytes"),
      "",
    ),
  ];
}
