import type { Clock } from "../../src/clock.js";
import { retryDelayMs } from "../connection/retry.js";
import type { Omemo } from "../omemo/mod.js";

const RETRY = { minMs: 1_000, maxMs: 60_000 };

/** What an announcer works with. */
export interface AnnouncerPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly omemo: () => Omemo;
  readonly onDone: () => void;
  readonly onError: (error: unknown) => void;
}

/** Sees to it that others can encrypt to this device: after every login, until it has worked. */
export class Announcer {
  readonly #ports: AnnouncerPorts;
  #isDue = true;
  #failures = 0;
  /** What an earlier round finds out is void. */
  #round = 0;
  #cancelRetry: () => void = () => {};

  constructor(ports: AnnouncerPorts) {
    this.#ports = ports;
  }

  /** There was a login: the server may have forgotten what was published. */
  due(): void {
    this.#isDue = true;
    this.#failures = 0;
  }

  /** Announces, if it is due; the mailbox is open. */
  begin(): void {
    this.stop();
    if (this.#isDue) void this.#announce(this.#round);
    else this.#ports.onDone();
  }

  /** Ends trying; `begin` goes on. */
  stop(): void {
    this.#round++;
    this.#cancelRetry();
  }

  async #announce(round: number): Promise<void> {
    const { clock, random, omemo, onDone, onError } = this.#ports;
    try {
      await omemo().announce();
      if (round !== this.#round) return;
      this.#isDue = false;
      onDone();
    } catch (error) {
      if (round !== this.#round) return;
      onError(error);
      const delayMs = retryDelayMs(this.#failures++, RETRY, random());
      this.#cancelRetry = clock.after(delayMs, () => void this.#announce(round));
    }
  }
}
