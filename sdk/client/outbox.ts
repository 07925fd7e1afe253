import type { Clock, EpochMs } from "../../src/clock.js";
import { LinkError, StanzaError, TwotickError } from "../../src/errors.js";
import type { MessageId } from "../../src/ids.js";
import { MAX_MESSAGES_PER_SUBMIT, type SubmitOutcome } from "../../src/mailbox-submit.js";
import { retryDelayMs } from "../connection/retry.js";
import type { Omemo } from "../omemo/mod.js";
import type { Storage } from "../storage/port.js";
import type { StoreGeneration } from "./generation.js";
import type { GroupCommit } from "./group-commit.js";
import { Endings, type OutboxListener } from "./outbox-endings.js";
import { asTwotickError, judgeRefusal, judgeSeal, judgeSubmit } from "./outbox-outcomes.js";
import { type Conversation, OutboxQueue, type Queued } from "./outbox-queue.js";
import {
  findInOutbox,
  outboxRecords,
  readOutbox,
  removeFromOutbox,
  type OutboxRecord,
} from "./outbox-records.js";
import { prepareEntries, sealEntries, sealFirstAhead } from "./sealing.js";
import { SetAside } from "./set-aside.js";
import type { SentRecords } from "./sent-records.js";

/** Batches on the way at the same time; of one conversation there is never more than one. */
const MAX_IN_FLIGHT = 4;
const MAX_BATCH_BYTES = 200 * 1024;
/** Entries that are encrypted in one transaction, and that may wait encrypted in memory for each conversation. */
const SEAL_CHUNK = 100;
const MAX_SEALED = 2 * SEAL_CHUNK;
const RETRY = { minMs: 1_000, maxMs: 60_000 };
/** A send ends this long after its first attempt, counted while the mailbox is open. */
const END_WITHIN_MS = 30_000;
/** Conversations whose messages are encrypted at the same time: each may ask for many device lists and bundles. */
const MAX_SEALING = 64;
/** What an attempt may take. */
const ATTEMPT_MS = 10_000;

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
  #isRunning = false;
  #isPumpDue = false;
  #inFlight = 0;
  #sealing = 0;
  #whenIdle: () => void = () => {};

  constructor(ports: OutboxPorts, listener: OutboxListener) {
    this.#ports = ports;
    this.#endings = new Endings(ports, listener);
    this.#setAside = new SetAside(ports.storage);
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
    const { commits, storage, sent } = this.#ports;
    const order = storage.read((view) => findInOutbox(view, id));
    if (order === undefined) return false;
    const error = new TwotickError("cancelled", "the message was taken back before it went");
    const isCancelled = await commits.run((transaction) => {
      const record = readOutbox(transaction, order);
      if (!record || record.payload !== undefined || !sent.fail(transaction, id, error)) return false;
      removeFromOutbox(transaction, order);
      return true;
    });
    if (!isCancelled) return false;
    this.#queue.forget(order);
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
      for (const conversation of this.#queue.all()) {
        if (this.#sealing >= MAX_SEALING) break;
        if (conversation.canSeal && conversation.sealed < MAX_SEALED) void this.#seal(conversation);
      }
      while (this.#inFlight < MAX_IN_FLIGHT) {
        const batch = this.#nextBatch();
        if (batch.length === 0) return;
        void this.#submit(batch);
      }
    });
  }

  async #seal(conversation: Conversation): Promise<void> {
    this.#sealing++;
    conversation.isSealing = true;
    const { sealed } = conversation;
    // Each of what the encryption wants sent needs something else to be prepared
    const count = conversation.kind === "control" ? 1 : SEAL_CHUNK;
    const entries = conversation.entries.slice(sealed, sealed + count);
    this.#begin(entries);
    try {
      await this.#sealNext(conversation, entries);
    } catch (error) {
      const rest = conversation.entries.slice(conversation.sealed);
      if (this.#isRunning) await this.#attemptFailed(conversation, rest, error, judgeSeal(error) === "final");
    }
    conversation.isSealing = false;
    this.#sealing--;
    this.#queue.sweep([conversation]);
    this.#pump();
  }

  async #sealNext(conversation: Conversation, entries: readonly Queued[]): Promise<void> {
    const { commits, omemo, generation } = this.#ports;
    const cipher = omemo();
    await this.#inTime(prepareEntries(this.#ports.storage, cipher, conversation, entries));
    const ahead = await sealFirstAhead(this.#ports.storage, cipher, conversation.to, entries);
    const { done, stoppedBy, count } = await commits
      .run((transaction) => {
        const result = sealEntries(transaction, cipher, conversation.to, entries, ahead);
        return { ...result, count: generation.count(transaction) };
      })
      .finally(() => ahead?.close());
    generation.counted(count);
    conversation.sealed += done.length;
    const spoilt: [Queued, TwotickError][] = [];
    for (const [entry, outcome] of done) {
      if (typeof outcome === "string") entry.payload = outcome;
      else spoilt.push([entry, outcome]);
    }
    // All at once, before anything else has its turn: what counts as sealed may be submitted
    this.#queue.remove(spoilt.map(([entry]) => entry));
    this.#pump();
    for (const [entry, error] of spoilt) await this.#endings.failed([entry], error);
    if (stoppedBy !== undefined) throw stoppedBy;
  }

  /** A device list and many bundles, one after the other, may take far longer than one request. */
  #inTime(preparation: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = new LinkError("timeout", `the devices are not known within ${ATTEMPT_MS} ms`);
      const cancel = this.#ports.clock.after(ATTEMPT_MS, () => reject(late));
      preparation.then(resolve, reject).finally(cancel);
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
    this.#begin(batch);
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
    await this.#accept(accepted);
    for (const [entry, error] of refused) await this.#fail([entry], error);
    for (const [conversation, [entries, error]] of again) {
      await this.#attemptFailed(conversation, entries, error, false);
    }
  }

  async #submitFailed(batch: readonly Queued[], error: unknown): Promise<void> {
    const verdict = judgeSubmit(error);
    if (verdict === "unreachable") {
      // The time of the others goes on when the mailbox is open again
      const over = batch.filter((entry) => this.#isOver(entry, 0));
      this.#ports.reattach(asTwotickError(error).message);
      return this.#giveUp(over, error);
    }
    if (verdict === "final" && batch.length > 1) {
      // One of them is at fault: each by itself shows which
      for (const entry of batch) entry.isAlone = true;
      return;
    }
    for (const conversation of new Set(batch.map((entry) => this.#queue.of(entry)))) {
      const entries = batch.filter((entry) => this.#queue.of(entry) === conversation);
      await this.#attemptFailed(conversation, entries, error, verdict === "final");
    }
  }

  #begin(entries: readonly Queued[]): void {
    const now = this.#ports.attachedMs();
    for (const entry of entries) entry.startedMs ??= now;
  }

  /** Ends those entries that have no time left for another attempt; the others wait. */
  async #attemptFailed(
    conversation: Conversation,
    entries: readonly Queued[],
    error: unknown,
    isFinal: boolean,
  ): Promise<void> {
    const { clock, random } = this.#ports;
    const delayMs = retryDelayMs(conversation.failures++, RETRY, random());
    const over = entries.filter((entry) => isFinal || this.#isOver(entry, delayMs));
    if (!conversation.cancelWait && !isFinal) {
      conversation.cancelWait = clock.after(delayMs, () => {
        conversation.cancelWait = undefined;
        this.#pump();
      });
    }
    await (isFinal ? this.#fail(over, asTwotickError(error)) : this.#giveUp(over, error));
  }

  /** Ends entries whose time is over; those that are kept for longer wait in the store. */
  async #giveUp(over: readonly Queued[], error: unknown): Promise<void> {
    const now = this.#ports.clock.now();
    const kept = new Set(over.filter(({ keepUntil = 0 }) => keepUntil > now));
    for (const entry of kept) {
      if (entry.payload !== undefined) continue;
      // Encrypted before it, what comes later in the conversation would count as the older of the two
      const later = this.#queue.of(entry).entries.filter(({ order }) => order > entry.order);
      for (const one of later) if (one.keepUntil !== undefined) kept.add(one);
    }
    this.#queue.remove([...kept]);
    this.#setAside.put([...kept]);
    const ended = over.filter((entry) => !kept.has(entry));
    await this.#fail(ended, asTwotickError(error));
  }

  /** Whether there is no time for another attempt after a wait. */
  #isOver({ startedMs = Infinity }: Queued, delayMs: number): boolean {
    return startedMs < this.#ports.attachedMs() + delayMs + ATTEMPT_MS - END_WITHIN_MS;
  }

  async #accept(accepted: readonly (readonly [Queued, EpochMs])[]): Promise<void> {
    this.#queue.remove(accepted.map(([entry]) => entry));
    await this.#endings.accepted(accepted);
  }

  async #fail(entries: readonly Queued[], error: TwotickError): Promise<void> {
    this.#queue.remove(entries);
    await this.#endings.failed(entries, error);
  }
}
