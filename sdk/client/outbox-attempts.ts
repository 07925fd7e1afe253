import type { Clock, EpochMs } from "../../src/clock.js";
import type { TwotickError } from "../../src/errors.js";
import { retryDelayMs } from "../connection/retry.js";
import type { Endings } from "./outbox-endings.js";
import { asTwotickError } from "./outbox-outcomes.js";
import type { Conversation, OutboxQueue, Queued } from "./outbox-queue.js";
import type { SetAside } from "./set-aside.js";

const RETRY = { minMs: 1_000, maxMs: 60_000 };
/** A send ends this long after its first attempt, counted while the mailbox is open. */
const END_WITHIN_MS = 30_000;
/** What an attempt may take. */
export const ATTEMPT_MS = 10_000;

/** What attempts work with. */
export interface AttemptPorts {
  readonly clock: Clock;
  readonly random: () => number;
  /** For how long the mailbox has been open in all. */
  readonly attachedMs: () => number;
  readonly queue: OutboxQueue;
  readonly endings: Endings;
  readonly setAside: SetAside;
  /** A wait is over: there may be something to do. */
  readonly pump: () => void;
}

/** Keeps the time of what waits in an outbox: when it is tried again, until when, and how it ends. */
export class Attempts {
  readonly #ports: AttemptPorts;

  constructor(ports: AttemptPorts) {
    this.#ports = ports;
  }

  /** An attempt for entries begins; their time does with the first. */
  begin(entries: readonly Queued[]): void {
    const now = this.#ports.attachedMs();
    for (const entry of entries) entry.startedMs ??= now;
  }

  /** Ends those entries that have no time left for another attempt; the others wait. */
  async failed(
    conversation: Conversation,
    entries: readonly Queued[],
    error: unknown,
    isFinal: boolean,
  ): Promise<void> {
    const { clock, random } = this.#ports;
    const delayMs = retryDelayMs(conversation.failures++, RETRY, random());
    const over = entries.filter((entry) => isFinal || this.isOver(entry, delayMs));
    if (!conversation.cancelWait && !isFinal) {
      conversation.cancelWait = clock.after(delayMs, () => {
        conversation.cancelWait = undefined;
        this.#ports.pump();
      });
    }
    await (isFinal ? this.fail(over, asTwotickError(error)) : this.giveUp(over, error));
  }

  /** Ends entries whose time is over; those that are kept for longer wait in the store. */
  async giveUp(over: readonly Queued[], error: unknown): Promise<void> {
    const now = this.#ports.clock.now();
    const kept = new Set(over.filter(({ keepUntil = 0 }) => keepUntil > now));
    for (const entry of kept) {
      if (entry.payload !== undefined) continue;
      // Encrypted before it, what comes later in the conversation would count as the older of the two
      const later = this.#ports.queue.of(entry).entries.filter(({ order }) => order > entry.order);
      for (const one of later) if (one.keepUntil !== undefined) kept.add(one);
    }
    this.#ports.queue.remove([...kept]);
    this.#ports.setAside.put([...kept]);
    const ended = over.filter((entry) => !kept.has(entry));
    await this.fail(ended, asTwotickError(error));
  }

  /** Whether there is no time for another attempt after a wait. */
  isOver({ startedMs = Infinity }: Queued, delayMs: number): boolean {
    return startedMs < this.#ports.attachedMs() + delayMs + ATTEMPT_MS - END_WITHIN_MS;
  }

  /** Entries are durable at the service. */
  async accept(accepted: readonly (readonly [Queued, EpochMs])[]): Promise<void> {
    this.#ports.queue.remove(accepted.map(([entry]) => entry));
    await this.#ports.endings.accepted(accepted);
  }

  /** Entries never will be. */
  async fail(entries: readonly Queued[], error: TwotickError): Promise<void> {
    this.#ports.queue.remove(entries);
    await this.#ports.endings.failed(entries, error);
  }
}
