/**
 * What the page knows: samples of an hour, and sums over stretches of them. Nothing here touches the page.
 *
 * @typedef {[at: number, values: number[], accepts: number[], commits: number[]]} Sample
 * @typedef {{ country: string, sent: number, failed: number, used: number, cost: number | null }} Country
 * @typedef {{
 *   run: string, taken: number, domain: string, startedAt: number, now: number, sampleMs: number, historyMs: number,
 *   state: { isLinked: boolean, isStoreOpen: boolean, hasRoom: boolean }, totals: Record<string, number>,
 *   countries: Country[], currency: string, boundsSeconds: number[], columns: string[], samples: Sample[] }} News
 * @typedef {{ from: number, to: number, samples: Sample[] }} Stretch
 */

/** The samples that were told, and what was told with the last of them. */
export class Model {
  /** @type {News | undefined} */
  news;
  /** @type {Sample[]} */
  #samples = [];

  /** Where the next question goes on. */
  get query() {
    return this.news ? `?run=${this.news.run}&after=${this.news.taken}` : "";
  }

  /** Takes an answer in. @param {News} news */
  take(news) {
    if (this.news?.run !== news.run) this.#samples = [];
    this.#samples.push(...news.samples);
    const oldest = news.now - news.historyMs;
    while ((this.#samples[0]?.[0] ?? oldest) < oldest) this.#samples.shift();
    this.news = news;
  }

  /** The column of a name in every sample. @param {string} name */
  column(name) {
    return this.news?.columns.indexOf(name) ?? -1;
  }

  /**
   * The last minutes in stretches of equal length, the oldest first; the ends lie at whole multiples, so that
   * a stretch keeps its samples while time goes on.
   *
   * @param {number} spanMs @param {number} stretchMs @returns {Stretch[]}
   */
  stretches(spanMs, stretchMs) {
    const now = this.news?.now ?? 0;
    const end = Math.ceil(now / stretchMs) * stretchMs;
    const count = Math.round(spanMs / stretchMs);
    const stretches = Array.from({ length: count }, (_, index) => {
      const from = end - (count - index) * stretchMs;
      return { from, to: from + stretchMs, samples: /** @type {Sample[]} */ ([]) };
    });
    for (const sample of this.#samples) {
      const index = count - 1 - Math.floor((end - sample[0] - 1) / stretchMs);
      stretches[index]?.samples.push(sample);
    }
    return stretches;
  }

  /** The stretch up to now, wherever it begins. @param {number} spanMs @returns {Stretch} */
  last(spanMs) {
    const to = this.news?.now ?? 0;
    const from = to - spanMs;
    return { from, to, samples: this.#samples.filter(([at]) => at > from) };
  }

  /** How many were counted in a stretch. @param {Stretch} stretch @param {string} name */
  sum({ samples }, name) {
    const column = this.column(name);
    return samples.reduce((sum, [, values]) => sum + (values[column] ?? 0), 0);
  }

  /** How many a minute; not a number where nothing is known. @param {Stretch} stretch @param {string} name */
  perMinute(stretch, name) {
    const knownMs = stretch.samples.length * (this.news?.sampleMs ?? 0);
    return (this.sum(stretch, name) * 60_000) / knownMs;
  }

  /** The highest of a state in a stretch. @param {Stretch} stretch @param {string} name */
  highest({ samples }, name) {
    const column = this.column(name);
    return samples.length === 0 ? Number.NaN : Math.max(...samples.map(([, values]) => values[column] ?? 0));
  }

  /** A state now. @param {string} name */
  latest(name) {
    return this.#samples.at(-1)?.[1][this.column(name)] ?? 0;
  }

  /** The time that a share of what a stretch timed took at most. @param {Stretch} stretch @param {2 | 3} kind @param {number} share */
  quantile({ samples }, kind, share) {
    const bounds = this.news?.boundsSeconds ?? [];
    const counts = bounds.map(() => 0).concat(0);
    for (const sample of samples)
      for (const [index, count] of sample[kind].entries()) counts[index] = (counts[index] ?? 0) + count;
    return quantile(bounds, counts, share);
  }
}

/**
 * The value below which a share of what was counted lies, taken to be spread evenly within its bucket.
 *
 * @param {readonly number[]} bounds upper bounds of all buckets but the last @param {readonly number[]} counts of each bucket
 * @param {number} share 0 to 1
 * @returns {number} not a number when nothing was counted; the last bound for what is beyond it
 */
export function quantile(bounds, counts, share) {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return Number.NaN;
  let below = 0;
  for (const [index, count] of counts.entries()) {
    const upper = bounds[index];
    if (upper === undefined) break;
    const lower = bounds[index - 1] ?? 0;
    if (count > 0 && below + count >= share * all)
      return lower + ((share * all - below) / count) * (upper - lower);
    below += count;
  }
  return bounds.at(-1) ?? Number.NaN;
}

/** Round values from 0 up to at least a highest one, about as many as asked for. @param {number} highest @param {number} count */
export function niceTicks(highest, count) {
  if (!(highest > 0)) return [0, 1];
  const rough = highest / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5].find((one) => one * power >= rough) ?? 10) * power;
  const ticks = [0];
  while ((ticks.at(-1) ?? 0) < highest) ticks.push(Number((ticks.length * step).toPrecision(12)));
  return ticks;
}
