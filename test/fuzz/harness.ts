import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { seededRandom } from "../../sdk/testing/mod.js";
import { mutate, pick } from "./mutate.js";

/** What is fuzzed, and the promise that it keeps whatever it is given. */
export interface FuzzTarget {
  /** In kebab-case: the folder of its kept inputs in `test/fuzz/corpus`. */
  readonly name: string;
  /** What is kept for every input, for the title of the test: "reads or refuses with MalformedMessage". */
  readonly promise: string;
  /**
   * Inputs to begin from besides those of the kept corpus, the same ones each time, so that a failure can be repeated by its
   * seed. What is made with random keys belongs into the corpus: one file an input, valid ones under a telling name.
   */
  readonly seeds?: () => readonly (Uint8Array | string)[];
  /**
   * Feeds one input to what is tested. It throws when the promise is broken; a string that it returns names the outcome, and an
   * input whose outcome was not seen before is kept and mutated further. `outcomeOf` does both for a parser.
   */
  readonly run: (input: Buffer) => unknown;
  /** Pieces worth putting in as they are: names of elements, tags, limits. */
  readonly dictionary?: readonly (Uint8Array | string)[];
  /** Larger inputs are cut: 4096 if not given. */
  readonly maxSizeBytes?: number;
}

// Of some forty targets: a minute at the most while one works, some minutes where a checkout is judged
const DEFAULT_SECONDS = process.env.CI ? 6 : 1;
const DEFAULT_SEED = 20_241;
const MAX_SIZE_BYTES = 4096;
const MAX_POOL = 2000;
const MAX_SHRINKING_RUNS = 500;

const CORPUS = fileURLToPath(new URL("corpus/", import.meta.url));

/**
 * Two mocha tests for one target: every kept input keeps the promise, and so does every mutation for some seconds.
 *
 * The inputs follow from the seed: `TWOTICK_FUZZ_SEED` (20241 if not given; it stands in the title and in a failure), and
 * `TWOTICK_FUZZ_SECONDS` says how long each target runs (1 if not given; 6 where `CI` is set). An input that breaks the promise is made smaller, told in
 * base64 and written to `test/fuzz/corpus/<name>/`, so that it is tried first from then on: keep the file.
 *
 * @example
 * fuzz({
 *   name: "device-list",
 *   promise: "reads or refuses with InvalidInput",
 *   seeds: () => [writeDeviceList([27183]).toString()],
 *   run: (input) => outcomeOf(() => readDeviceList(parseXml(input.toString("utf8"))), InvalidInput),
 * });
 */
export function fuzz(target: FuzzTarget): void {
  const seed = Number(process.env.TWOTICK_FUZZ_SEED ?? DEFAULT_SEED);
  const seconds = Number(process.env.TWOTICK_FUZZ_SECONDS ?? DEFAULT_SECONDS);
  describe(`${target.name}, fuzzed`, () => {
    it(`${target.promise}, for every input of the kept corpus`, async () => {
      for (const { path, input } of keptInputs(target.name)) {
        const failure = await failureOf(target, input);
        if (failure) throw new Error(`${path}: ${failure.error.message}`, { cause: failure.error });
      }
    });

    it(`${target.promise}, for every mutation (seed ${seed}, ${seconds} s)`, async function () {
      this.timeout((seconds + 60) * 1000);
      const { inputs, outcomes } = await search(target, seed, seconds);
      if (process.env.TWOTICK_FUZZ_SECONDS !== undefined)
        process.stdout.write(`${target.name}: ${inputs} inputs, ${outcomes} outcomes, seed ${seed}\n`);
    });
  });
}

/**
 * Calls a parser and names what came of it: "ok", or the refusal's name and message without its figures.
 *
 * @param refusals the errors that may be thrown; any other goes on to the caller, and so becomes a finding
 */
export function outcomeOf(
  call: () => unknown,
  ...refusals: readonly (abstract new (...words: never[]) => Error)[]
): string {
  try {
    call();
    return "ok";
  } catch (error) {
    if (!(error instanceof Error) || !refusals.some((refusal) => error instanceof refusal)) throw error;
    return `${error.name}: ${error.message.replaceAll(/\d+/g, "0")}`;
  }
}

async function search(target: FuzzTarget, seed: number, seconds: number) {
  const random = seededRandom(seed);
  const maxSizeBytes = target.maxSizeBytes ?? MAX_SIZE_BYTES;
  const dictionary = (target.dictionary ?? []).map(asBuffer);
  const pool = [
    ...(target.seeds?.() ?? []).map(asBuffer),
    ...keptInputs(target.name).map(({ input }) => input),
  ];
  const outcomes = new Set<unknown>();
  for (const input of pool) outcomes.add(await checked(target, input, seed));
  const end = performance.now() + seconds * 1000;
  let inputs = pool.length;
  for (; performance.now() < end; inputs++) {
    const chosen = pool[pick(random, pool.length)] ?? Buffer.alloc(0);
    const input = mutate(chosen, { random, pool, dictionary, maxSizeBytes });
    const outcome = await checked(target, input, seed);
    if (outcomes.has(outcome)) continue;
    outcomes.add(outcome);
    if (pool.length < MAX_POOL) pool.push(input);
  }
  return { inputs, outcomes: outcomes.size };
}

async function checked(target: FuzzTarget, input: Buffer, seed: number): Promise<unknown> {
  // Waiting for what is no promise would take longer than most parsers do
  try {
    const outcome = target.run(Buffer.from(input));
    return outcome instanceof Promise ? await outcome : outcome;
  } catch (error) {
    const smallest = await shrink(target, input);
    const path = keep(target.name, smallest.input);
    const { message } = smallest.error ?? asError(error);
    throw new Error(
      `seed ${seed}: ${message}\nkept as ${path}, ${smallest.input.length} bytes in base64: ${smallest.input.toString("base64")}`,
      { cause: smallest.error ?? error },
    );
  }
}

/** The input with as much left out as the failure allows. */
async function shrink(
  target: FuzzTarget,
  input: Buffer,
): Promise<{ input: Buffer; error: Error | undefined }> {
  let smallest: { input: Buffer; error: Error | undefined } = { input, error: undefined };
  let runs = 0;
  for (let size = input.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < smallest.input.length && runs < MAX_SHRINKING_RUNS; runs++) {
      const shorter = Buffer.concat([smallest.input.subarray(0, at), smallest.input.subarray(at + size)]);
      const failure = await failureOf(target, shorter);
      if (failure) smallest = failure;
      else at += size;
    }
  }
  return smallest;
}

async function failureOf(
  target: FuzzTarget,
  input: Buffer,
): Promise<{ input: Buffer; error: Error } | undefined> {
  try {
    await target.run(Buffer.from(input));
    return undefined;
  } catch (error) {
    return { input, error: asError(error) };
  }
}

function keptInputs(name: string): { path: string; input: Buffer }[] {
  const folder = `${CORPUS}${name}`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((file) => ({ path: `${folder}/${file}`, input: readFileSync(`${folder}/${file}`) }));
}

function keep(name: string, input: Buffer): string {
  const folder = `${CORPUS}${name}`;
  mkdirSync(folder, { recursive: true });
  const path = `${folder}/${createHash("sha256").update(input).digest("hex").slice(0, 16)}`;
  writeFileSync(path, input);
  return path;
}

function asBuffer(input: Uint8Array | string): Buffer {
  return Buffer.from(input as Uint8Array);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
