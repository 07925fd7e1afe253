import type { Sample } from "./sampler.js";

/** The samples of the last hour or so; what is older makes room. */
export class History {
  readonly #maxSamples: number;
  readonly #samples: Sample[] = [];
  #taken = 0;

  /** @param maxSamples how many are kept */
  constructor(maxSamples: number) {
    this.#maxSamples = maxSamples;
  }

  /** How many samples have ever been taken: what a reader says to get those behind. */
  get taken(): number {
    return this.#taken;
  }

  /** Adds a sample behind the others. */
  add(sample: Sample): void {
    this.#samples.push(sample);
    this.#taken++;
    if (this.#samples.length > this.#maxSamples) this.#samples.shift();
  }

  /** Samples behind the first so many of all that were ever taken, as far as they are kept. */
  after(taken: number): readonly Sample[] {
    const isKnown = Number.isSafeInteger(taken) && taken >= 0 && taken <= this.#taken;
    const isNew = isKnown ? this.#taken - taken : this.#taken;
    return isNew === 0 ? [] : this.#samples.slice(-isNew);
  }
}
