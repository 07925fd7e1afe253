import type { EpochMs } from "../../src/clock.js";
import type { MessageId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import type { OutboxRecord } from "./outbox-records.js";

/** One record of the outbox, on its way; text and payload stay in the store until they are needed. */
export interface Queued {
  readonly order: number;
  readonly kind: OutboxRecord["kind"];
  readonly id: MessageId;
  readonly to: Jid;
  readonly keepUntil: EpochMs | undefined;
  /** Set from the moment it is sealed, or is read back from the store. */
  payload: string | undefined;
  /** It is submitted alone: something in a batch with it was refused as a whole. */
  isAlone: boolean;
  /** When its first attempt was, in time that the mailbox was open; from then on it has to come to an end. */
  startedMs: number | undefined;
}

/** What waits for one recipient: submitted in order, never two batches at a time. */
export class Conversation {
  readonly key: string;
  readonly kind: OutboxRecord["kind"];
  readonly to: Jid;
  readonly entries: Queued[] = [];
  /** How many of the entries are sealed: the first ones. */
  sealed = 0;
  isSealing = false;
  isSubmitting = false;
  /** Attempts that failed in a row. */
  failures = 0;
  /** Ends the wait before the next attempt; set while there is one. */
  cancelWait: (() => void) | undefined;

  constructor(key: string, kind: OutboxRecord["kind"], to: Jid) {
    this.key = key;
    this.kind = kind;
    this.to = to;
  }

  /** Whether there is something to encrypt, and nothing against it. */
  get canSeal(): boolean {
    return !this.isSealing && !this.cancelWait && this.sealed < this.entries.length;
  }

  /** Whether there is something to submit, and nothing against it. */
  get canSubmit(): boolean {
    return !this.isSubmitting && !this.cancelWait && this.sealed > 0;
  }

  /** Takes out entries that have come to an end. */
  remove(ended: ReadonlySet<Queued>): void {
    const sealedBefore = this.sealed;
    let kept = 0;
    for (const [index, entry] of this.entries.entries()) {
      if (!ended.has(entry)) this.entries[kept++] = entry;
      else if (index < sealedBefore) this.sealed--;
    }
    this.entries.length = kept;
  }
}

/** The conversations that something waits in, in the order in which they get their turn. */
export class OutboxQueue {
  readonly #conversations = new Map<string, Conversation>();

  /** Adds a record at the end of its conversation. */
  add({ order, kind, id, to, keepUntil, payload }: OutboxRecord): Queued {
    const key = keyOf({ kind, to: Jid.parse(to) });
    const conversation = this.#conversations.get(key) ?? new Conversation(key, kind, Jid.parse(to));
    this.#conversations.set(key, conversation);
    const entry: Queued = {
      order,
      kind,
      id,
      to: conversation.to,
      keepUntil,
      payload: undefined,
      isAlone: false,
      startedMs: undefined,
    };
    if (payload !== undefined && conversation.sealed === conversation.entries.length) conversation.sealed++;
    conversation.entries.push(entry);
    return entry;
  }

  /** The conversation of an entry that is in the queue. */
  of(entry: Queued): Conversation {
    return this.#conversations.get(keyOf(entry)) as Conversation;
  }

  /** All conversations. */
  all(): Iterable<Conversation> {
    return this.#conversations.values();
  }

  /** Takes out entries that have come to an end. A conversation that goes on goes last, so that each gets its turn. */
  remove(ended: readonly Queued[]): void {
    const set = new Set(ended);
    for (const key of new Set(ended.map((entry) => keyOf(entry)))) {
      const conversation = this.#conversations.get(key);
      if (!conversation) continue;
      conversation.remove(set);
      this.#conversations.delete(key);
      this.#conversations.set(key, conversation);
    }
  }

  /** Takes out an entry that is not sealed; one that is just being sealed is left to that, which will not find it. */
  forget({ order, kind, to }: Pick<OutboxRecord, "order" | "kind" | "to">): void {
    const conversation = this.#conversations.get(keyOf({ kind, to: Jid.parse(to) }));
    const entry = conversation?.entries.find((one) => one.order === order);
    if (entry && !conversation?.isSealing) this.remove([entry]);
  }

  /** Forgets conversations in which nothing is left. */
  sweep(conversations: Iterable<Conversation>): void {
    for (const conversation of conversations) {
      const { key, entries, isSealing, isSubmitting } = conversation;
      if (entries.length === 0 && !isSealing && !isSubmitting) this.#conversations.delete(key);
    }
  }
}

// Neither a displayed marker nor what the encryption has to say waits for messages that cannot be encrypted
function keyOf({ kind, to }: { kind: OutboxRecord["kind"]; to: Jid }): string {
  return `${kind} ${to.bare}`;
}
