/** Inputs to draw from, and what else a mutation needs. */
export interface Mutation {
  /** A number from 0 to just below 1. */
  readonly random: () => number;
  /** What was kept so far; splices take their second half from here. */
  readonly pool: readonly Buffer[];
  /** Pieces worth putting in as they are. */
  readonly dictionary: readonly Buffer[];
  readonly maxSizeBytes: number;
}

type Mutator = (input: Buffer, mutation: Mutation) => Buffer;

/** Bytes at the limits of some reader: varints that are too long, lengths that are too large, NUL, whitespace, UTF-8 cut off. */
const LIMITS: readonly Buffer[] = [
  "ffffffff0f",
  "8080808008",
  "ffffffffffffffffff01",
  "ffffffffffffffffffff01",
  "80808080808080808000",
  "ffffffff",
  "7fffffff",
  "80000000",
  "00000000",
  "ffff",
  "8000",
  "00",
  "20",
  "c3",
  "f09f",
].map((hex) => Buffer.from(hex, "hex"));

const MUTATORS: readonly Mutator[] = [
  // One bit changed
  (input, { random }) => {
    const at = pick(random, input.length);
    return replaced(input, at, at + 1, Buffer.of((input[at] ?? 0) ^ (1 << pick(random, 8))));
  },
  // One byte changed
  (input, { random }) => {
    const at = pick(random, input.length);
    return replaced(input, at, at + 1, Buffer.of(pick(random, 256)));
  },
  // Cut short
  (input, { random }) => input.subarray(0, pick(random, input.length + 1)),
  // A range left out
  (input, { random }) => {
    const [from, to] = range(input, random);
    return replaced(input, from, to, Buffer.alloc(0));
  },
  // A range repeated, sometimes often
  (input, { random }) => {
    const [from, to] = range(input, random);
    const copies = random() < 0.8 ? 1 : 1 + pick(random, 50);
    return replaced(input, to, to, Buffer.concat(Array<Buffer>(copies).fill(input.subarray(from, to))));
  },
  // A range moved elsewhere
  (input, { random }) => {
    const [from, to] = range(input, random);
    const rest = replaced(input, from, to, Buffer.alloc(0));
    const at = pick(random, rest.length + 1);
    return replaced(rest, at, at, input.subarray(from, to));
  },
  // The beginning of one and the end of another
  (input, { random, pool }) => {
    const other = pool[pick(random, pool.length)] ?? input;
    return Buffer.concat([
      input.subarray(0, pick(random, input.length + 1)),
      other.subarray(pick(random, other.length + 1)),
    ]);
  },
  // A piece of the dictionary or a number at a limit, put in or written over what is there
  (input, { random, dictionary }) => {
    const pieces = dictionary.length > 0 && random() < 0.7 ? dictionary : LIMITS;
    const piece = pieces[pick(random, pieces.length)] ?? Buffer.alloc(0);
    const at = pick(random, input.length + 1);
    return replaced(input, at, random() < 0.5 ? at : Math.min(at + piece.length, input.length), piece);
  },
  // A few bytes of anything
  (input, { random }) => {
    const at = pick(random, input.length + 1);
    return replaced(
      input,
      at,
      at,
      Buffer.from(Array.from({ length: 1 + pick(random, 8) }, () => pick(random, 256))),
    );
  },
];

/** The input after one to four mutations, cut to the largest size. */
export function mutate(input: Buffer, mutation: Mutation): Buffer {
  const { random, maxSizeBytes } = mutation;
  let mutated = input;
  for (let count = 1 + pick(random, 4); count > 0; count--) {
    const mutator = MUTATORS[pick(random, MUTATORS.length)];
    if (mutator) mutated = mutator(mutated, mutation).subarray(0, maxSizeBytes);
  }
  // Of its own, so that no input is a view into another
  return Buffer.from(mutated);
}

/** A whole number from 0 to just below the limit; 0 for a limit of 0. */
export function pick(random: () => number, limit: number): number {
  return Math.floor(random() * limit);
}

function range(input: Buffer, random: () => number): [from: number, to: number] {
  const from = pick(random, input.length + 1);
  return [from, from + pick(random, Math.min(input.length - from, 64) + 1)];
}

function replaced(input: Buffer, from: number, to: number, piece: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, from), piece, input.subarray(to)]);
}
