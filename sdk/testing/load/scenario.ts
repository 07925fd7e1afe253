import { InvalidInput } from "../../../src/errors.js";
import { seededRandom } from "../seeded-random.js";

/** A stretch of time in which the rate goes evenly from one value to another. */
export interface LoadRamp {
  readonly seconds: number;
  /** Messages a second at its beginning; where the ramp before ended unless given. */
  readonly from?: number | undefined;
  /** Messages a second at its end. */
  readonly to: number;
}

/** Who writes to whom, how much, and for how long. */
export interface LoadScenario {
  /** For reports; `load` unless given. */
  readonly name?: string | undefined;
  /** Pairs of people: one writes, one reads. 5 unless given. */
  readonly pairs?: number | undefined;
  /** Groups: one writes each message to `size` others, as one message for each. None unless given. */
  readonly groups?: { readonly count: number; readonly size: number } | undefined;
  /** How the rate of messages goes over time, all people together; 10 s at 50 a second unless given. */
  readonly ramps?: readonly LoadRamp[] | undefined;
  /** Characters in a message; 100 unless given, at least 24. */
  readonly bodyLength?: number | undefined;
  /** Whether messages come one by one at even distances, or at random as from people who know nothing of each other; `random` unless given. */
  readonly arrivals?: "even" | "random" | undefined;
  /** Leads what is left to chance; 1 unless given. */
  readonly seed?: number | undefined;
}

/** A scenario with every default filled in. */
export interface ResolvedScenario {
  readonly name: string;
  readonly pairs: number;
  readonly groups: { readonly count: number; readonly size: number };
  readonly ramps: readonly Required<LoadRamp>[];
  readonly bodyLength: number;
  readonly arrivals: "even" | "random";
  readonly seed: number;
}

const SHORTEST_BODY = 24;

/** Fills in the defaults. @throws {InvalidInput} for a scenario in which nobody writes, or nothing ends */
export function resolveScenario(scenario: LoadScenario): ResolvedScenario {
  const {
    name = "load",
    pairs = 5,
    groups = { count: 0, size: 0 },
    arrivals = "random",
    seed = 1,
  } = scenario;
  const bodyLength = Math.max(SHORTEST_BODY, scenario.bodyLength ?? 100);
  const given = scenario.ramps ?? [{ seconds: 10, from: 50, to: 50 }];
  const ramps = given.map(({ seconds, from, to }, index) => ({
    seconds,
    to,
    from: from ?? given[index - 1]?.to ?? to,
  }));
  const isWrong = ramps.some(
    ({ seconds, from, to }) => !(seconds > 0 && from >= 0 && to >= 0 && from + to > 0),
  );
  if (isWrong || ramps.length === 0) throw new InvalidInput("a ramp has seconds and a rate above 0");
  if (!(pairs + groups.count > 0) || (groups.count > 0 && groups.size < 1))
    throw new InvalidInput("a load needs pairs of people or groups");
  return { name, pairs, groups, ramps, bodyLength, arrivals, seed };
}

/** How long a scenario offers messages, in seconds. */
export function durationOf({ ramps }: ResolvedScenario): number {
  return ramps.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** When each writing is due, in milliseconds from the beginning, and who writes: an index of the conversations. */
export function* schedule(
  scenario: ResolvedScenario,
  sizes: readonly number[],
): Generator<{ readonly dueMs: number; readonly conversation: number }, void> {
  const random = seededRandom(scenario.seed);
  let startsAt = 0;
  let turn = 0;
  let left = 0;
  for (const { seconds, from, to } of scenario.ramps) {
    let at = 0;
    for (;;) {
      const conversation = turn % sizes.length;
      // How many messages have to become due before this one is
      left ||= (sizes[conversation] ?? 1) * (scenario.arrivals === "even" ? 1 : -Math.log(1 - random()));
      const next = timeOf(left, at, seconds, from, to);
      if (next === undefined) break;
      at = next;
      left = 0;
      turn += 1;
      yield { dueMs: (startsAt + at) * 1_000, conversation };
    }
    left -= area(at, seconds, seconds, from, to);
    startsAt += seconds;
  }
}

/** Messages that become due between two points of a ramp. */
function area(begin: number, end: number, seconds: number, from: number, to: number): number {
  const rate = (at: number): number => from + ((to - from) * at) / seconds;
  return ((rate(begin) + rate(end)) / 2) * (end - begin);
}

/** When so many more messages have become due; `undefined` when the ramp ends before. */
function timeOf(count: number, begin: number, seconds: number, from: number, to: number): number | undefined {
  if (area(begin, seconds, seconds, from, to) < count) return undefined;
  let [low, high] = [begin, seconds];
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2;
    if (area(begin, middle, seconds, from, to) < count) low = middle;
    else high = middle;
  }
  return high;
}
