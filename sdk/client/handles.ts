import type { Clock } from "../../src/clock.js";
import { LinkError, TwotickError } from "../../src/errors.js";
import type { MessageId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import type { MessageStatus } from "../../src/mailbox-status.js";
import type { PhoneNumber } from "../../src/phone-number.js";
import type { Receipt } from "./events.js";
import {
  loadFailure,
  sendRank,
  type SendState,
  type SentRecord,
  type SentRecords,
  stateOf,
} from "./sent-records.js";

/** What handles work with. */
export interface HandlePorts {
  readonly clock: Clock;
  readonly sent: SentRecords;
  /** Asks the service how far a message has come. */
  readonly status: (id: MessageId) => Promise<MessageStatus>;
  /** Takes a message back that nothing was done for yet. */
  readonly cancel: (id: MessageId) => Promise<boolean>;
}

type Watcher = () => void;

/** The handles of a client: what they watch for, by message id. They keep no state of their own. */
export class Handles {
  readonly #ports: HandlePorts;
  readonly #watchers = new Map<MessageId, Set<Watcher>>();
  #isClosed = false;

  constructor(ports: HandlePorts) {
    this.#ports = ports;
  }

  /** A handle for a message that was sent from this device; `undefined` when it is not known (any more). */
  find(id: MessageId): SendHandle | undefined {
    const record = this.#ports.sent.find(id);
    return record && this.of(record);
  }

  /** A handle for a record. */
  of(record: Pick<SentRecord, "id" | "to">): SendHandle {
    return new SendHandle(record, this.#ports, this);
  }

  /** The record of a message has changed. */
  changed(id: MessageId): void {
    for (const wake of this.#watchers.get(id) ?? []) wake();
  }

  /** Calls `wake` after each change of a message; what it answers ends that. */
  watch(id: MessageId, wake: Watcher): () => void {
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers.add(wake));
    return () => {
      watchers.delete(wake);
      if (watchers.size === 0) this.#watchers.delete(id);
    };
  }

  /** Whether nothing changes any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Ends whoever waits: nothing changes any more. */
  close(): void {
    this.#isClosed = true;
    for (const id of this.#watchers.keys()) this.changed(id);
  }
}

/** One message that was sent, and how far it has come; what it tells is durable. */
export class SendHandle {
  readonly id: MessageId;
  /** The number that it was sent to. */
  readonly to: PhoneNumber;
  readonly #ports: HandlePorts;
  readonly #handles: Handles;

  constructor({ id, to }: Pick<SentRecord, "id" | "to">, ports: HandlePorts, handles: Handles) {
    this.id = id;
    this.to = Jid.parse(to).local as PhoneNumber;
    this.#ports = ports;
    this.#handles = handles;
  }

  /** How far it has come. */
  get state(): SendState {
    const record = this.#ports.sent.find(this.id);
    return record ? stateOf(record) : "queued";
  }

  /** Why it failed, when it did. */
  get failure(): TwotickError | undefined {
    const record = this.#ports.sent.find(this.id);
    return record?.failure && loadFailure(record.failure);
  }

  /**
   * Resolves when the message has come at least this far on some device of the recipient.
   *
   * Without `timeoutMs` it waits as long as it takes: while the client is offline a message stays queued.
   *
   * @throws {TwotickError} the failure when the send failed
   * @throws {LinkError} `timeout` when it did not come so far in time; `stopped` when the client stopped before
   */
  until(state: Exclude<SendState, "failed">, options: { timeoutMs?: number } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        unwatch();
        cancel();
        settle();
      };
      const look = (): void => {
        const { state: reached, failure } = this;
        if (sendRank(reached) >= sendRank(state)) {
          if (failure) end(() => reject(failure));
          else end(resolve);
        } else if (this.#handles.isClosed) {
          end(() => reject(new LinkError("stopped", "the client was stopped")));
        } else if (failure) end(() => reject(failure));
      };
      let cancel = (): void => {};
      const unwatch = this.#handles.watch(this.id, look);
      if (options.timeoutMs !== undefined) {
        const late = new LinkError("timeout", `the message is not ${state} within ${options.timeoutMs} ms`);
        cancel = this.#ports.clock.after(options.timeoutMs, () => end(() => reject(late)));
      }
      look();
    });
  }

  /** How far each device has come, and every change from now on; ends when the send fails or the client stops. */
  async *receipts(): AsyncGenerator<Receipt, void, undefined> {
    const told = new Map<number | undefined, SendState>();
    for (;;) {
      const record = this.#ports.sent.find(this.id);
      const changed = (record?.devices ?? []).filter(({ device, state }) => told.get(device) !== state);
      for (const { device, state, at } of changed) {
        told.set(device, state);
        yield { id: this.id, to: this.to, device, state, at };
      }
      if (record?.failure || this.#handles.isClosed) return;
      if (changed.length === 0) await this.#change();
    }
  }

  /** Asks the service how far the message has come on each device. @throws {StanzaError} @throws {LinkError} */
  status(): Promise<MessageStatus> {
    return this.#ports.status(this.id);
  }

  /**
   * Takes the message back as long as it has not been encrypted: while the client is offline, or others go first. It
   * has failed then, with the code `cancelled`.
   *
   * @returns whether nobody gets it; otherwise it is or may be on its way, and only a retraction is left
   * @throws {StorageError}
   */
  cancel(): Promise<boolean> {
    return this.#ports.cancel(this.id);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const unwatch = this.#handles.watch(this.id, () => {
        unwatch();
        resolve();
      });
    });
  }
}
