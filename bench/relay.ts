import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { MORTAL } from "../test/support/mortal.js";
import { World } from "../test/support/world.js";
import { builtFolder } from "./built.js";
import { addComponent, hostOf } from "./hosts.js";
import type { BenchOptions } from "./options.js";
import { RESOURCE, type Manner } from "./plain-client.js";
import {
  bodyPayload,
  drive,
  logins,
  omemoPayload,
  PAIRS,
  plainRoad,
  subjectsOf,
  type Road,
  type RoadResult,
} from "./road.js";
import { rowOfRuns, type Row, type Run } from "./rows.js";

const SECONDS = 4;
const SMOKE_SECONDS = 0.2;
/** Before the rounds, until the component has compiled what it runs. */
const WARM_UP_SECONDS = 8;
const BODY_BYTES = 100;
const SECRET = "forward";

const WINDOWS = [
  { name: "one at a time", window: 16 },
  { name: "in bulk", window: 400 },
];

const PAYLOADS: readonly { name: string; manner: Manner; make: () => string }[] = [
  { name: `${BODY_BYTES} bytes`, manner: "as apps", make: () => bodyPayload(BODY_BYTES) },
  { name: "OMEMO", manner: "as apps", make: () => omemoPayload(BODY_BYTES) },
  {
    name: `${BODY_BYTES} bytes with nothing around them`,
    manner: "bare",
    make: () => bodyPayload(BODY_BYTES),
  },
];

/**
 * Measures ordinary apps that write to numbers, durable and receipted, against a component that only forwards, on the
 * same Prosody and in turn. Both carry each message and its XEP-0184 receipt.
 */
export async function relayRows({ rounds, isSmoke }: BenchOptions): Promise<Row[]> {
  const world = await World.start({ isProcess: true, build: builtFolder() });
  const forwarder = await Forwarder.start(world);
  try {
    const rows: Row[] = [];
    for (const { name, manner, make } of PAYLOADS) {
      const roads = {
        relay: await relayRoad(world, make(), manner),
        forwarder: await forwarder.road(world, make(), manner),
      };
      for (const { name: load, window } of WINDOWS) {
        process.stderr.write(`relay between apps, ${name}, ${load}\n`);
        const results = [];
        await driveBoth(world, forwarder, roads, window, isSmoke ? SMOKE_SECONDS : WARM_UP_SECONDS);
        for (let round = 0; round < rounds; round += 1)
          results.push(await driveBoth(world, forwarder, roads, window, isSmoke ? SMOKE_SECONDS : SECONDS));
        rows.push(...rowsOf(`relay between apps, ${name}, ${load}`, results));
      }
      await Promise.all([roads.relay.stop(), roads.forwarder.stop()]);
    }
    return rows;
  } finally {
    await forwarder.stop();
    await world.stop();
  }
}

interface Results {
  readonly relay: RoadResult;
  readonly forwarder: RoadResult;
}

async function driveBoth(
  world: World,
  forwarder: Forwarder,
  roads: Readonly<Record<keyof Results, Road>>,
  window: number,
  seconds: number,
): Promise<Results> {
  const ours = subjectsOf(world);
  const theirs = { ...ours, pids: [world.prosody.pid, forwarder.pid] as const };
  return {
    forwarder: await drive(roads.forwarder, theirs, window, 1, seconds),
    relay: await drive(roads.relay, ours, window, 1, seconds),
  };
}

function rowsOf(name: string, results: readonly Results[]): Row[] {
  const runs = (what: keyof RoadResult): Run[] =>
    results.map(({ relay, forwarder }) => [relay[what], forwarder[what]]);
  return [
    rowOfRuns(
      `${name}: rate, against a forwarder that does nothing`,
      "messages/s",
      runs("perSecond"),
      ">= 0.95",
    ),
    rowOfRuns(`${name}: Prosody's CPU`, "µs/message", runs("prosodyMicros"), ""),
    rowOfRuns(`${name}: component's CPU, beside the forwarder's`, "µs/message", runs("componentMicros"), ""),
    rowOfRuns(`${name}: bytes between Prosody and component`, "bytes/message", runs("componentBytes"), ""),
  ];
}

async function relayRoad(world: World, payload: string, manner: Manner): Promise<Road> {
  const people = await Promise.all(
    Array.from({ length: PAIRS * 2 }, () => world.appPerson(`+1666${1_000_000 + ++numbers}`)),
  );
  const { componentDomain } = world.prosody;
  return plainRoad(people, payload, (index) => `${people[index]?.number}@${componentDomain}`, manner);
}

let numbers = 0;

/** The forwarder in a process of its own, as a second component of a world's Prosody. */
class Forwarder {
  readonly #child: ChildProcess;
  readonly #domain: string;

  private constructor(child: ChildProcess, domain: string) {
    this.#child = child;
    this.#domain = domain;
  }

  static async start({ prosody }: World): Promise<Forwarder> {
    const domain = await addComponent(prosody, "forward", SECRET);
    const program = new URL("forwarder.ts", import.meta.url).pathname;
    const own = [program, String(prosody.componentPort), domain, prosody.host, RESOURCE, SECRET];
    const [command = "", ...args] = [...MORTAL, process.execPath, "--import", "tsx", ...own];
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    return new Forwarder(child, domain);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async road({ prosody }: World, payload: string, manner: Manner): Promise<Road> {
    const people = await logins(hostOf(prosody));
    return plainRoad(people, payload, (index) => `${people[index]?.username}@${this.#domain}`, manner);
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}
