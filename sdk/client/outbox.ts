import type { Clock, EpochMs } from "../../src/clock.js";
import { StanzaError, TwotickError } from "../../src/errors.js";
import type { MessageId } from "../../src/ids.js";
import { MAX_MESSAGES_PER_SUBMIT, type SubmitOutcome } from "../../src/mailbox-submit.js";
import type { Omemo } from "../omemo/mod.js";
import type { Storage } from "../storage/port.js";
import type { StoreGeneration } from "./generation.js";
import type { GroupCommit } from "./group-commit.js";
import { Attempts } from "./outbox-attempts.js";
import { Endings, type OutboxListener } from "./outbox-endings.js";
import { asTwotickError, judgeRefusal, judgeSubmit } from "./outbox-outcomes.js";
import { type Conversation, OutboxQueue, type Queued } from "./outbox-queue.js";
import { outboxRecords, type OutboxRecord, readOutbox, removeFromOutbox } from "./outbox-records.js";
import { Sealer } from "./outbox-sealer.js";
import { SetAside } from "./set-aside.js";
import type { SentRecords } from "./sent-records.js";

/** Batches on the way at the same time; of one conversation there is never more than one. */
const MAX_IN_FLIGHT = 4;
const MAX_BATCH_BYTES = 200 * 1024;

/** What an outbox works with. */
export interface OutboxPorts {
  readonly storage: Storage;
  readonly commits: GroupCommit;
  readonly sent: SentRecords;
  readonly clock: Clock;
  readonly random: () => number;
  /** Counts what is encrypted. */
  readonly generation: Pick<StoreGeneration, "count" | "counted">;
  readonly omemo: () => Omemo;
  /** For how long the mailbox has been open in all. */
  readonly attachedMs: () => number;
  /** Submits messages; resolves with the answer. */
  readonly submit: (messages: readonly (Queued & { payload: string })[]) => Promise<SubmitOutcome[]>;
  /** The service does not take submissions from us: the mailbox is to be opened again. */
  readonly reattach: (reason: string) => void;
}

/**
 * Brings what was written down to the service: encrypts it, submits it in batches, tries again under the same id,
 * and notes how it ended.
 *
 * Whatever waits goes together and nothing waits to go together. The order within a conversation is kept: the next
 * batch goes when the one before was answered.
 */
export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #endings: Endings;
  readonly #queue = new OutboxQueue();
  readonly #setAside: SetAside;
  readonly #attempts: Attempts;
  readonly #sealer: Sealer;
  #isRunning = false;
  #isPumpDue = false;
  #inFlight = 0;
  #whenIdle: () => void = () => {};

  constructor(ports: OutboxPorts, listener: OutboxListener) {
    this.#ports = ports;
    this.#endings = new Endings(ports, listener);
    this.#setAside = new SetAside(ports.storage);
    const shared = { ...ports, queue: this.#queue, endings: this.#endings, pump: () => this.#pump() };
    this.#attempts = new Attempts({ ...shared, setAside: this.#setAside });
    this.#sealer = new Sealer({ ...shared, attempts: this.#attempts, isRunning: () => this.#isRunning });
  }

  /** Takes up what the store holds from before. */
  load(): void {
    this.#ports.storage.read((view) => {
      // One at a time, as all of them may be more than memory holds; payloads are read back when their turn comes
      for (const record of outboxRecords(view)) this.#queue.add(record);
    });
  }

  /** Takes records that were just written to the store, in their order. */
  add(record: OutboxRecord): void {
    if (this.#setAside.follows(record)) return;
    const entry = this.#queue.add(record);
    // It waits for what is being tried again: its time has begun
    if (this.#queue.of(entry).failures > 0) entry.startedMs = this.#ports.attachedMs();
    this.#pump();
  }

  /** Takes back what nothing was done for yet; it has failed then (`cancelled`). Answers whether it could be. @throws {StorageError} */
  async cancel(id: MessageId): Promise<boolean> {
    const { commits, sent } = this.#ports;
    const error = new TwotickError("cancelled", "the message was taken back before it went");
    const record = await commits.run((transaction) => {
      const waiting = readOutbox(transaction, sent.get(transaction, id)?.order);
      if (!waiting || waiting.payload !== undefined || !sent.fail(transaction, id, error)) return undefined;
      removeFromOutbox(transaction, waiting.order);
      return waiting;
    });
    if (!record) return false;
    this.#queue.forget(record);
    this.#endings.told(id, error);
    return true;
  }

  /** The mailbox is open: everything goes now. */
  resume(): void {
    this.#isRunning = true;
    for (const conversation of this.#queue.all()) {
      conversation.cancelWait?.();
      conversation.cancelWait = undefined;
    }
    for (const record of this.#setAside.take()) this.#queue.add(record);
    this.#pump();
  }

  /** The mailbox is not open: nothing new is tried. */
  pause(): void {
    this.#isRunning = false;
  }

  /** Ends all work but what is on the way; resolves when that is answered. */
  async stop(): Promise<void> {
    this.pause();
    this.#endings.stop();
    for (const conversation of this.#queue.all()) conversation.cancelWait?.();
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
  }

  // Once for everything that happens in a turn
  #pump(): void {
    if (this.#isPumpDue || !this.#isRunning) return;
    this.#isPumpDue = true;
    queueMicrotask(() => {
      this.#isPumpDue = false;
      if (!this.#isRunning) return;
      this.#sealer.begin();
      while (this.#inFlight < MAX_IN_FLIGHT) {
        const batch = this.#nextBatch();
        if (batch.length === 0) return;
        void this.#submit(batch);
      }
    });
  }

  #nextBatch(): Queued[] {
    const batch: Queued[] = [];
    let bytes = 0;
    for (const conversation of this.#queue.all()) {
      if (!conversation.canSubmit) continue;
      const waiting = conversation.entries.slice(0, Math.min(conversation.sealed, MAX_MESSAGES_PER_SUBMIT));
      this.#readPayloads(waiting);
      for (const entry of waiting) {
        const size = Buffer.byteLength(entry.payload ?? "") + 200;
        const isFull = batch.length >= MAX_MESSAGES_PER_SUBMIT || bytes + size > MAX_BATCH_BYTES;
        if (batch.length > 0 && (isFull || entry.isAlone || batch[0]?.isAlone)) break;
        batch.push(entry);
        bytes += size;
        conversation.isSubmitting = true;
      }
    }
    return batch;
  }

  #readPayloads(entries: readonly Queued[]): void {
    if (entries.every(({ payload }) => payload !== undefined)) return;
    this.#ports.storage.read((view) => {
      for (const entry of entries) entry.payload ??= readOutbox(view, entry.order)?.payload;
    });
  }

  async #submit(batch: readonly Queued[]): Promise<void> {
    this.#inFlight++;
    this.#attempts.begin(batch);
    const conversations = new Set(batch.map((entry) => this.#queue.of(entry)));
    try {
      const outcomes = await this.#ports.submit(batch as (Queued & { payload: string })[]);
      await this.#settle(batch, new Map(outcomes.map((outcome) => [outcome.id, outcome])));
    } catch (error) {
      await this.#submitFailed(batch, error);
    }
    for (const conversation of conversations) conversation.isSubmitting = false;
    this.#queue.sweep(conversations);
    if (--this.#inFlight === 0) this.#whenIdle();
    this.#pump();
  }

  async #settle(batch: readonly Queued[], outcomes: ReadonlyMap<MessageId, SubmitOutcome>): Promise<void> {
    const accepted: [Queued, EpochMs][] = [];
    const again = new Map<Conversation, [Queued[], TwotickError]>();
    const refused: [Queued, TwotickError][] = [];
    for (const entry of batch) {
      const outcome = outcomes.get(entry.id);
      if (outcome && "acceptedAt" in outcome) accepted.push([entry, outcome.acceptedAt]);
      else if (outcome && judgeRefusal(outcome.error) === "final") refused.push([entry, outcome.error]);
      else {
        const error = outcome?.error ?? new StanzaError("undefined-condition", "the answer lacks a message");
        const conversation = this.#queue.of(entry);
        again.set(conversation, [[...(again.get(conversation)?.[0] ?? []), entry], error]);
      }
    }
    for (const [entry] of accepted) this.#queue.of(entry).failures = 0;
    await this.#attempts.accept(accepted);
    for (const [entry, error] of refused) await this.#attempts.fail([entry], error);
    for (const [conversation, [entries, error]] of again) {
      await this.#attempts.failed(conversation, entries, error, false);
    }
  }

  async #submitFailed(batch: readonly Queued[], error: unknown): Promise<void> {
    const verdict = judgeSubmit(error);
    if (verdict === "unreachable") {
      // The time of the others goes on when the mailbox is open again
      const over = batch.filter((entry) => this.#attempts.isOver(entry, 0));
      this.#ports.reattach(asTwotickError(error).message);
      return this.#attempts.giveUp(over, error);
    }
    if (verdict === "final" && batch.length > 1) {
      // One of them is at fault: each by itself shows which
      for (const entry of batch) entry.isAlone = true;
      return;
    }
    for (const conversation of new Set(batch.map((entry) => this.#queue.of(entry)))) {
      const entries = batch.filter((entry) => this.#queue.of(entry) === conversation);
      await this.#attempts.failed(conversation, entries, error, verdict === "final");
    }
  }
}
