const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const HOUR_MS = 3_600_000;

/** What a bot that has a process to itself sees to, from its start to its end. */
export class ProcessDuties {
  readonly #onSignal: () => void;
  readonly #onUnhandled: (error: unknown) => void;
  /** A bot that is between two connections is not done. */
  readonly #alive: NodeJS.Timeout;

  /**
   * @param stop ends the bot gracefully; a second signal ends the process at once
   * @param onUnhandled told what a promise was rejected with that nobody waits for
   */
  constructor(stop: () => void, onUnhandled: (error: unknown) => void) {
    this.#onSignal = () => {
      this.#unlisten();
      stop();
    };
    this.#onUnhandled = onUnhandled;
    this.#alive = setInterval(() => {}, HOUR_MS);
    for (const signal of SIGNALS) process.once(signal, this.#onSignal);
    process.on("unhandledRejection", this.#onUnhandled);
  }

  /** The process is to say that the bot ended by itself. */
  fail(): void {
    process.exitCode = 1;
  }

  /** Ends all of it. */
  end(): void {
    clearInterval(this.#alive);
    this.#unlisten();
    process.off("unhandledRejection", this.#onUnhandled);
  }

  #unlisten(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }
}
