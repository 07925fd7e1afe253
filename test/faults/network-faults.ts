import { setTimeout as sleep } from "node:timers/promises";
import type { Direction, TcpProxy } from "../support/tcp-proxy.js";

/** One thing that a network does to connections. */
export interface NetworkFault {
  readonly name: string;
  /** Whether it finds something to strike only where messages travel as XML, not in frames. */
  readonly needsXml?: boolean;
  /** Does it to the connections of these proxies until it is over; answers whether it hit anything. */
  strike(proxies: readonly TcpProxy[], random: () => number): Promise<boolean>;
}

const POLL_MS = 5;
/** How long connections may take to reach their breaking point. */
const BREAK_WITHIN_MS = 4_000;
const MOST_BYTES_BEFORE_BREAK = 20_000;
/** Bytes a second of a very bad line. */
const THROTTLED_BYTES_PER_SECOND = 1_024;

function between(low: number, high: number, random: () => number): number {
  return low + random() * (high - low);
}

function oneOf<Value>(values: readonly [Value, ...Value[]], random: () => number): Value {
  return values[Math.floor(random() * values.length)] ?? values[0];
}

/** Breaks the connections of each proxy one to three times, new ones too: those break while they are set up. */
async function breakConnections(
  proxies: readonly TcpProxy[],
  random: () => number,
  isInsideCharacter: boolean,
): Promise<boolean> {
  const before = proxies.map(({ broken }) => broken);
  const times = isInsideCharacter ? 1 : oneOf([1, 1, 2, 3], random);
  for (const proxy of proxies) {
    // As often within the first hundred bytes as within the last ten thousand
    const afterBytes = Math.floor(MOST_BYTES_BEFORE_BREAK ** random()) - 1;
    const direction: Direction = oneOf(["up", "down"], random);
    proxy.breakAt(direction, { afterBytes, isInsideCharacter }, times);
  }
  const deadline = performance.now() + BREAK_WITHIN_MS;
  const isOver = (): boolean => proxies.every(({ broken }, index) => broken >= (before[index] ?? 0) + times);
  while (!isOver() && performance.now() < deadline) await sleep(POLL_MS);
  for (const proxy of proxies) proxy.mend();
  return proxies.some(({ broken }, index) => broken > (before[index] ?? 0));
}

function carriedBytes(proxies: readonly TcpProxy[]): number {
  return proxies.reduce((bytes, proxy) => bytes + proxy.carriedBytes, 0);
}

function hasOpen(proxies: readonly TcpProxy[]): boolean {
  return proxies.some(({ open }) => open > 0);
}

/** Shapes the roads for a while. */
async function shapeRoads(
  proxies: readonly TcpProxy[],
  forMs: number,
  conditions: Parameters<TcpProxy["shape"]>[0],
): Promise<boolean> {
  const before = carriedBytes(proxies);
  for (const proxy of proxies) proxy.shape(conditions);
  await sleep(forMs);
  // Whatever was passed on meanwhile went by this road
  const hasHit = carriedBytes(proxies) > before;
  for (const proxy of proxies) proxy.shape();
  return hasHit;
}

/** Everything that a network may do. */
export const NETWORK_FAULTS: readonly NetworkFault[] = [
  {
    name: "cut after so many bytes",
    strike: (proxies, random) => breakConnections(proxies, random, false),
  },
  {
    name: "cut inside a character",
    needsXml: true,
    strike: (proxies, random) => breakConnections(proxies, random, true),
  },
  {
    name: "half-open",
    async strike(proxies) {
      const hasHit = hasOpen(proxies);
      // Nothing ends it: both ends have to find out by themselves
      for (const proxy of proxies) proxy.vanish();
      return hasHit;
    },
  },
  {
    name: "stalled",
    async strike(proxies, random) {
      for (const proxy of proxies) proxy.hold();
      await sleep(between(100, 4_000, random));
      const hasHit = proxies.some(({ waitingBytes }) => waitingBytes > 0);
      for (const proxy of proxies) proxy.release();
      return hasHit;
    },
  },
  {
    name: "reset",
    async strike(proxies, random) {
      const times = oneOf([1, 2, 5], random);
      let hasHit = false;
      for (let time = 0; time < times; time += 1) {
        hasHit ||= hasOpen(proxies);
        for (const proxy of proxies) proxy.cut();
        await sleep(between(0, 150, random));
      }
      return hasHit;
    },
  },
  {
    name: "late",
    strike: (proxies, random) =>
      shapeRoads(proxies, between(500, 1_500, random), { delayMs: between(20, 400, random) }),
  },
  {
    name: "1 KB/s",
    strike: (proxies, random) =>
      shapeRoads(proxies, between(1_000, 4_000, random), { bytesPerSecond: THROTTLED_BYTES_PER_SECOND }),
  },
  {
    name: "in pieces",
    strike: (proxies, random) =>
      shapeRoads(proxies, between(300, 800, random), { pieceBytes: () => 1 + Math.floor(random() * 40) }),
  },
];
