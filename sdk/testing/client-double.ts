import type { Clock } from "../../src/clock.js";
import { LinkError, TwotickError } from "../../src/errors.js";
import type { DeviceId, MessageId, Seq } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import type { ReceiptEntry } from "../../src/mailbox-deliver.js";
import type { ReceiptState } from "../../src/receipt-state.js";
import type { BotClient, BotClientEvents } from "../bot/port.js";
import { Handles, type SendHandle } from "../client/handles.js";
import { type InboxItem, inboxItem } from "../client/inbox-item.js";
import { appendInbox, type InboxRecord, nextInboxOrder } from "../client/inbox-records.js";
import { outboxRecords, readOutbox, type OutboxRecord, removeFromOutbox } from "../client/outbox-records.js";
import { Presenter } from "../client/presenter.js";
import { SentRecords } from "../client/sent-records.js";
import { type ClientUnit, ownView, TransactionUnit } from "../client/unit.js";
import { TypedEvents } from "../connection/events.js";
import type { Storage, View } from "../storage/port.js";

/** The number domain of tests without a server. */
export const TEST_DOMAIN = "phone.example.org";

/** What a double works with. */
export interface ClientDoubleOptions {
  /** Holds what would be on disk: a further double on it is the next process. */
  readonly storage: Storage;
  readonly clock: Clock;
  readonly number: string;
  readonly device: DeviceId;
  /** Takes what the device sends, as the service would: it is accepted when this returns. It may come again. */
  readonly accept: (record: OutboxRecord) => void;
}

/** Thrown to undo a rehearsal. */
const UNDO = new Error("undone");

/**
 * A client without a server: the store, the units and the handles are those of the real one, and what would go over
 * the network is handed over.
 *
 * As the contract says that the work of a unit may run twice, it always does.
 */
export class ClientDouble implements BotClient {
  readonly number: string;
  readonly device: DeviceId;
  readonly #options: ClientDoubleOptions;
  readonly #sent: SentRecords;
  readonly #handles: Handles;
  readonly #presenter: Presenter;
  readonly #events = new TypedEvents<BotClientEvents>((error) => {
    throw error;
  });
  #state: "new" | "online" | "offline" | "stopped" | "dead" = "new";

  constructor(options: ClientDoubleOptions) {
    const { storage, clock, number, device } = options;
    this.#options = options;
    this.number = number;
    this.device = device;
    this.#sent = new SentRecords(storage, clock);
    this.#presenter = new Presenter(storage);
    this.#handles = new Handles({
      clock,
      sent: this.#sent,
      status: async () => {
        throw new LinkError("not-connected", "there is no service");
      },
      cancel: async (id) => this.#cancel(id),
    });
  }

  get nextOrder(): number {
    return this.#options.storage.read((view) => nextInboxOrder(view));
  }

  async start(): Promise<void> {
    this.#presenter.begin();
    this.reconnect();
  }

  async stop(): Promise<void> {
    if (this.#state === "dead") return await never();
    this.#state = "stopped";
    this.#presenter.close();
    this.#handles.close();
  }

  /** The process is gone: nothing of it goes on, and nobody is told. */
  kill(): void {
    this.#state = "dead";
    this.#presenter.close();
  }

  /** The connection is lost: what is sent waits. */
  disconnect(): void {
    this.#state = "offline";
    const reason = new LinkError("closed", "the connection was cut");
    this.#events.emit("connection", { state: "connecting", reason });
  }

  /** The connection is back: what waited goes, in its order. */
  reconnect(): void {
    this.#state = "online";
    this.#events.emit("connection", { state: "attached", reason: undefined });
    this.#pass([...this.#options.storage.read((view) => [...outboxRecords(view)])]);
  }

  async *inbox(): AsyncGenerator<InboxItem, void, undefined> {
    for await (const record of this.#presenter.read()) yield inboxItem(record);
  }

  async commit<Result>(work: (unit: ClientUnit) => Result): Promise<Result> {
    if (this.#state === "dead") return await never();
    if (this.#state === "stopped") throw new LinkError("stopped", "the client was stopped");
    this.#rehearse(work);
    const { storage } = this.#options;
    const { result, added } = storage.transaction((transaction) => {
      const unit = new TransactionUnit(transaction, this.#unitPorts);
      return { result: work(unit), added: unit.added };
    });
    // Not before the caller knows that it is durable
    setImmediate(() => this.#pass(added));
    return result;
  }

  read<Result>(work: (view: View) => Result): Result {
    return this.#options.storage.read((view) => work(ownView(view)));
  }

  sent(id: MessageId): SendHandle | undefined {
    return this.#handles.find(id);
  }

  on<Name extends keyof BotClientEvents>(
    name: Name,
    listener: (detail: BotClientEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener);
  }

  /** Puts something into the inbox. */
  receive(content: Omit<InboxRecord, "order">): InboxRecord {
    const record = this.#options.storage.transaction((transaction) => appendInbox(transaction, content));
    this.#presenter.added();
    return record;
  }

  /** Takes a receipt of a device of somebody. */
  receipt(from: string, device: DeviceId, id: MessageId, state: Exclude<ReceiptState, "accepted">): void {
    const { storage, clock } = this.#options;
    const entry: ReceiptEntry = {
      kind: "receipt",
      seq: 1 as Seq,
      isRedelivery: false,
      ids: [id],
      from: jidOf(from).bare,
      device,
      state,
      at: clock.now(),
    };
    const news = storage.transaction((transaction) => this.#sent.takeReceipt(transaction, entry));
    this.#handles.changed(id);
    for (const receipt of news) this.#events.emit("receipt", receipt);
  }

  #rehearse(work: (unit: ClientUnit) => unknown): void {
    try {
      this.#options.storage.transaction((transaction) => {
        work(new TransactionUnit(transaction, this.#unitPorts));
        throw UNDO;
      });
    } catch (error) {
      if (error !== UNDO) throw error;
    }
  }

  get #unitPorts() {
    return { clock: this.#options.clock, sent: this.#sent, handles: this.#handles, jidOf };
  }

  #pass(records: readonly OutboxRecord[]): void {
    if (this.#state !== "online") return;
    const { storage, clock, accept } = this.#options;
    for (const { order } of records) {
      // It may have gone in the meantime, or have been taken back
      const record = storage.read((view) => readOutbox(view, order));
      if (!record) continue;
      accept(record);
      const isNews = storage.transaction((transaction) => {
        removeFromOutbox(transaction, record.order);
        return record.kind === "message" && this.#sent.accept(transaction, record.id, clock.now());
      });
      if (!isNews) continue;
      this.#handles.changed(record.id);
      this.#events.emit("accepted", { handle: this.sent(record.id) as SendHandle, at: clock.now() });
    }
  }

  #cancel(id: MessageId): boolean {
    const error = new TwotickError("cancelled", "the message was taken back before it went");
    const isCancelled = this.#options.storage.transaction((transaction) => {
      const waiting = readOutbox(transaction, this.#sent.get(transaction, id)?.order);
      if (!waiting || this.#state === "online") return false;
      removeFromOutbox(transaction, waiting.order);
      return this.#sent.fail(transaction, id, error);
    });
    if (isCancelled) {
      this.#handles.changed(id);
      this.#events.emit("failed", { handle: this.sent(id) as SendHandle, error });
    }
    return isCancelled;
  }
}

/** The number JID of a number. */
export function jidOf(number: string): Jid {
  return Jid.parse(`${number}@${TEST_DOMAIN}`);
}

function never(): Promise<never> {
  return new Promise<never>(() => {});
}
