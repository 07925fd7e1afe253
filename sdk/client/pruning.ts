import type { Clock } from "../../src/clock.js";
import type { Transaction } from "../storage/port.js";
import type { GroupCommit } from "./group-commit.js";

const EVERY_MS = 3_600_000;
const SOON_MS = 1_000;

/** Removes old records, some at a time: at the start and every hour. */
export class Pruning {
  readonly #clock: Clock;
  readonly #commits: GroupCommit;
  readonly #prune: (transaction: Transaction) => boolean;
  readonly #onError: (error: unknown) => void;
  #isStopped = false;
  #cancel: () => void = () => {};

  /** @param prune removes some and answers whether there may be more */
  constructor(
    clock: Clock,
    commits: GroupCommit,
    prune: (transaction: Transaction) => boolean,
    onError: (error: unknown) => void,
  ) {
    this.#clock = clock;
    this.#commits = commits;
    this.#prune = prune;
    this.#onError = onError;
  }

  /** Begins. */
  start(): void {
    void this.#run();
  }

  /** Ends. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #run(): Promise<void> {
    let delayMs = EVERY_MS;
    try {
      if (await this.#commits.run(this.#prune)) delayMs = SOON_MS;
    } catch (error) {
      if (!this.#isStopped) this.#onError(error);
    }
    if (!this.#isStopped) this.#cancel = this.#clock.after(delayMs, () => void this.#run());
  }
}
