import { randomBytes } from "node:crypto";
import type { Context, Job } from "../capability.js";
import { LATENCY_BUCKETS_SECONDS } from "../metrics.js";
import { countryCodes } from "./countries.js";
import { History } from "./history.js";
import { COLUMNS, Sampler } from "./sampler.js";

/** How often a sample is taken. */
const SAMPLE_MS = 5_000;
/** What a page can look back on. */
const HISTORY_MS = 3_600_000;

/** What the dashboard knows: an hour of samples, and the counts since the component started. */
export class View {
  readonly #context: Context;
  readonly #sampler: Sampler;
  readonly #history = new History(HISTORY_MS / SAMPLE_MS);
  /** Names this start, for counts begin anew with each. */
  readonly #run = randomBytes(8).toString("base64url");
  readonly #startedAt: number;

  constructor(context: Context) {
    this.#context = context;
    this.#sampler = new Sampler(context.metrics);
    this.#startedAt = context.clock.now();
  }

  /** Takes the samples. */
  get job(): Job {
    return { name: "sample", everyMs: SAMPLE_MS, run: () => this.sample() };
  }

  /** Takes a sample now. */
  async sample(): Promise<void> {
    this.#history.add(await this.#sampler.take(this.#context.clock.now()));
  }

  /**
   * What a page shows.
   *
   * @param run the start that the page knows samples of
   * @param after how many samples of it the page has been told of; only those behind are told again
   */
  async since(run: string | undefined, after: number): Promise<object> {
    const { clock, config, link, metrics, store } = this.#context;
    const { prices, currency } = config.dashboard;
    const samples = this.#history.after(run === this.#run ? after : 0);
    return {
      run: this.#run,
      taken: this.#history.taken,
      domain: config.link.domain,
      startedAt: this.#startedAt,
      now: clock.now(),
      sampleMs: SAMPLE_MS,
      historyMs: HISTORY_MS,
      state: { isLinked: link.isOnline, isStoreOpen: store.isOpen, hasRoom: store.hasRoom },
      totals: this.#sampler.totals,
      countries: await countryCodes(metrics, prices),
      currency,
      boundsSeconds: LATENCY_BUCKETS_SECONDS,
      columns: COLUMNS,
      samples: samples.map(({ at, values, accepts, commits }) => [at, values, accepts, commits]),
    };
  }
}
