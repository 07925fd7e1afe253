import type { Clock, EpochMs } from "../../src/clock.js";
import type { TwotickError } from "../../src/errors.js";
import type { MessageId } from "../../src/ids.js";
import { retryDelayMs } from "../connection/retry.js";
import type { Transaction } from "../storage/port.js";
import type { GroupCommit } from "./group-commit.js";
import type { Queued } from "./outbox-queue.js";
import { removeFromOutbox } from "./outbox-records.js";
import type { SentRecords } from "./sent-records.js";

const RETRY = { minMs: 1_000, maxMs: 60_000 };

/** What endings are noted with. */
export interface EndingPorts {
  readonly commits: GroupCommit;
  readonly sent: SentRecords;
  readonly clock: Clock;
  readonly random: () => number;
}

/** What an outbox tells, after it is durable. */
export interface OutboxListener {
  accepted(id: MessageId, at: EpochMs): void;
  failed(id: MessageId, error: TwotickError): void;
  error(error: unknown): void;
}

/**
 * Notes how sends ended: takes them out of the store's outbox and tells it when that is durable.
 *
 * What the store cannot keep, for example because the disk is full, is noted later: whoever waits for the end of a
 * send is not to wait for a restart.
 */
export class Endings {
  readonly #ports: EndingPorts;
  readonly #listener: OutboxListener;
  readonly #waits = new Set<() => void>();
  #isStopped = false;

  constructor(ports: EndingPorts, listener: OutboxListener) {
    this.#ports = ports;
    this.#listener = listener;
  }

  /** Messages that are durable at the service. Resolves when that is noted, or the client stops. */
  async accepted(entries: readonly (readonly [Queued, EpochMs])[]): Promise<void> {
    if (entries.length === 0) return;
    const news = await this.#note((transaction) =>
      entries.filter(([{ order, id }, at]) => {
        removeFromOutbox(transaction, order);
        return this.#ports.sent.accept(transaction, id, at);
      }),
    );
    for (const [{ id }, at] of news) this.#tell(() => this.#listener.accepted(id, at));
  }

  /** Messages that never will be. Resolves when that is noted, or the client stops. */
  async failed(entries: readonly Queued[], error: TwotickError): Promise<void> {
    if (entries.length === 0) return;
    const news = await this.#note((transaction) =>
      entries.filter(({ order, id, kind }) => {
        removeFromOutbox(transaction, order);
        return kind !== "message" || this.#ports.sent.fail(transaction, id, error);
      }),
    );
    for (const { id, kind } of news)
      if (kind === "message") this.#tell(() => this.#listener.failed(id, error));
    if (news.some(({ kind }) => kind === "displayed")) this.#listener.error(error);
  }

  /** Tells what was noted elsewhere. */
  told(id: MessageId, error: TwotickError): void {
    this.#tell(() => this.#listener.failed(id, error));
  }

  /** What could not be noted yet is left to the next start: submitted again, it is a duplicate. */
  stop(): void {
    this.#isStopped = true;
    for (const end of this.#waits) end();
  }

  /** What is wrong with telling does not undo what is noted. */
  #tell(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#listener.error(error);
    }
  }

  async #note<Item>(work: (transaction: Transaction) => Item[]): Promise<Item[]> {
    for (let failures = 0; ; failures++) {
      try {
        return await this.#ports.commits.run(work);
      } catch (error) {
        this.#listener.error(error);
        if (this.#isStopped) return [];
        await this.#wait(retryDelayMs(failures, RETRY, this.#ports.random()));
        if (this.#isStopped) return [];
      }
    }
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#waits.delete(end);
        resolve();
      };
      const cancel = this.#ports.clock.after(delayMs, end);
      this.#waits.add(end);
    });
  }
}
