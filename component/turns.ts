/** Rows that one turn of a sweep ends at most, so that what is to be delivered comes in between. */
export const SWEEP_ROWS = 1_000;

/** Does one turn after another of something, until one answers that there is no more. */
export async function untilDone(turn: () => Promise<boolean>): Promise<void> {
  for (let hasMore = true; hasMore;) hasMore = await turn();
}

/**
 * Lets so much be done at once; what comes beyond that waits in line, and holds nothing meanwhile.
 *
 * For what happens to everybody at the same moment, as when the link comes up: each alone reads little, all together
 * would hold what all of them read.
 */
export class Turns {
  readonly #atOnce: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** @param atOnce how many may be under way */
  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Whether somebody waits in line. */
  get isCrowded(): boolean {
    return this.#waiting.length > 0;
  }

  /** Does something when its turn has come. */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#atOnce) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The turn is handed on
      if (next) next();
      else this.#running -= 1;
    }
  }
}
