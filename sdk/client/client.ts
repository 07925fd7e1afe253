import { type Clock, systemClock } from "../../src/clock.js";
import { InvalidInput, LinkError, TwotickError } from "../../src/errors.js";
import { type DeviceId, messageId, type MessageId } from "../../src/ids.js";
import type { MessageStatus } from "../../src/mailbox-status.js";
import type { MessageContent } from "../../src/message-content.js";
import { phoneNumber, type PhoneNumber } from "../../src/phone-number.js";
import { SteadyClock } from "../../src/steady-clock.js";
import { TypedEvents } from "../connection/events.js";
import type { Fingerprint } from "../omemo/mod.js";
import { readBlocked, setBlocked } from "./blocking.js";
import type { ClientEvents, ClientState } from "./events.js";
import { type SendHandle } from "./handles.js";
import { type InboxItem, inboxItem } from "./inbox-item.js";
import { IncomingMessage } from "./incoming-message.js";
import { type InboxRecord, nextInboxOrder, removeFromInbox } from "./inbox-records.js";
import type { ClientOptions, SendOptions } from "./options.js";
import { Engine } from "./engine.js";
import { ClientTrust } from "./trust.js";
import { type ClientUnit, ownView, TransactionUnit } from "./unit.js";
import type { Storage, View } from "../storage/port.js";

const FLUSH_MS = 2_000;

/**
 * A device that sends and receives messages by phone number, encrypted end to end.
 *
 * Everything that must not be lost is in the store before a call resolves or an event is told; after a crash a
 * client on the same store goes on where the last one was. A client is started once and stopped once.
 *
 * Every send ends within 30 seconds in accepted or in a typed error, counted from its first attempt and while the
 * mailbox is open (`state` is `attached`). While it is not, a message stays queued, and {@link SendHandle.until}
 * with a `timeoutMs` is how to stop waiting for it.
 *
 * @example
 * const client = await Client.open({ storage: openSqliteStorage({ path: "bot.db" }), service: "xmpp://127.0.0.1:5222" });
 * await client.start();
 * const handle = await client.send("+15551230001", "hello");
 * await handle.until("delivered");
 */
export class Client {
  /** Whom messages are encrypted for, and how people find out that nobody stands between them. */
  readonly trust: ClientTrust;
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #events = new TypedEvents<ClientEvents>((error) => this.#threw(error));
  readonly #storage: Storage;
  #hasStarted = false;
  #isTakenOver = false;
  #stopped: Promise<void> | undefined;

  private constructor(options: ClientOptions) {
    this.#storage = options.storage;
    this.#clock = new SteadyClock(options.clock ?? systemClock);
    this.#engine = new Engine({ ...options, clock: this.#clock }, (name, detail) =>
      this.#events.emit(name, detail),
    );
    this.trust = new ClientTrust({
      trust: () => this.#engine.encryption.get().trust,
      jidOf: (number) => this.#engine.jidOf(number),
      ownNumber: () => this.#engine.encryption.requireNumber(),
    });
  }

  /**
   * Opens the device of a store; nothing is sent before `start`.
   *
   * @throws {InvalidInput} when the store has no account and none is given, or an option is wrong
   * @throws {StorageError} `other-account` when it belongs to another account
   */
  static async open(options: ClientOptions): Promise<Client> {
    return new Client(options);
  }

  /** The own number; missing until the mailbox was open for the first time, when the account did not say it. */
  get number(): PhoneNumber | undefined {
    return this.#engine.encryption.number?.local as PhoneNumber | undefined;
  }

  /** The id of this device. */
  get device(): DeviceId {
    return this.#engine.device;
  }

  /** The identity of this device, as others see it; missing as long as the number is. */
  get fingerprint(): Fingerprint | undefined {
    return this.#engine.encryption.number && this.#engine.encryption.get().fingerprint;
  }

  /** The order of the next item that comes into the inbox: what has a lower one was there before. @throws {StorageError} */
  get nextOrder(): number {
    return this.#storage.read((view) => nextInboxOrder(view));
  }

  /** What it is doing. */
  get state(): ClientState {
    return this.#engine.state;
  }

  /** Adds a listener; what it answers removes it again. */
  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (detail: ClientEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Connects, and keeps connected until `stop`. Resolves when the mailbox is open for the first time and others can
   * encrypt to this device.
   *
   * What lies in the inbox is told as events from now on; listeners are best added before.
   *
   * @throws {LinkError} when it never can come online, or was stopped before
   * @throws {StanzaError} when the service refuses the device
   * @throws {StorageError} `store-outdated` when the store was put back from a backup, or another copy of it went on:
   *   nothing was told, encrypted or sent. See docs/sdk-storage.md and {@link renewDevice}
   */
  async start(): Promise<void> {
    if (this.#hasStarted) throw new InvalidInput("a client is started once");
    this.#hasStarted = true;
    if (!this.#isTakenOver) void this.#presentEvents();
    await this.#engine.start();
  }

  /** Says what is durable here, says goodbye and ends; the outbox stays for the next time. The store stays open. Twice is no error. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#engine.stop(FLUSH_MS);
    await this.#stopped;
  }

  /**
   * Writes a message to a number; resolves with its handle when it is durable in the outbox.
   *
   * @param to E.164, for example `+15551230001`
   * @param content a text; or a text that answers or replaces a message, a reaction, a retraction
   * @throws {InvalidInput} for a malformed number, an empty or too long text or one that cannot stand in XML, an id that stands for another message
   * @throws {StorageError} when it cannot be made durable; it is not sent then
   */
  async send(to: string, content: string | MessageContent, options: SendOptions = {}): Promise<SendHandle> {
    return await this.commit((unit) => unit.send(to, content, options));
  }

  /**
   * Makes several changes durable together, or none of them: acknowledgements, messages and records of one's own.
   * A program that answers a message, notes something of it and acknowledges it in one unit does all three exactly once.
   *
   * @param work not asynchronous; it may run twice, and changes nothing but the unit
   * @throws what `work` throws; @throws {StorageError} when it cannot be made durable: nothing has changed then
   *
   * @example
   * await client.commit((unit) => {
   *   unit.send(item.from, "noted");
   *   unit.set("last", Buffer.from(item.text));
   *   unit.acknowledge(item);
   * });
   */
  async commit<Result>(work: (unit: ClientUnit) => Result): Promise<Result> {
    this.#requireOpen();
    const { commits, sent, outbox, handles, backlog } = this.#engine;
    const ports = {
      clock: this.#clock,
      sent,
      handles,
      jidOf: (number: string) => this.#engine.jidOf(number),
    };
    const { result, unit } = await commits.run((transaction) => {
      const begun = new TransactionUnit(transaction, ports);
      return { result: work(begun), unit: begun };
    });
    for (const record of unit.added) outbox.add(record);
    if (unit.acknowledged > 0) backlog.acknowledged(unit.acknowledged);
    return result;
  }

  /** Reads one's own records: those that {@link Client.commit} wrote. @throws {StorageError} */
  read<Result>(work: (view: View) => Result): Result {
    return this.#storage.read((view) => work(ownView(view)));
  }

  /** The handle of a message that this device sent; `undefined` when it is not known (any more). */
  sent(id: MessageId | string): SendHandle | undefined {
    return this.#engine.handles.find(messageId(id));
  }

  /**
   * The messages that are not acknowledged yet, and those that come, in order; ends when the client stops.
   *
   * Each is to be acknowledged when the app is done with it; until then it comes again after a restart.
   */
  async *messages(): AsyncGenerator<IncomingMessage, void, undefined> {
    for await (const record of this.#engine.presenter.read()) {
      if (record.kind === "message") yield this.#messageOf(record);
    }
  }

  /**
   * Everything that is not acknowledged yet, and what comes, in order; ends when the client stops. Each item is to be
   * acknowledged, within {@link Client.commit}; until then it comes again after a restart.
   *
   * Called before `start` it takes over: nothing is acknowledged by itself, and what it gives is no longer told as events.
   */
  inbox(): AsyncGenerator<InboxItem, void, undefined> {
    this.#isTakenOver ||= !this.#hasStarted;
    return this.#items();
  }

  async *#items(): AsyncGenerator<InboxItem, void, undefined> {
    for await (const record of this.#engine.presenter.read()) yield inboxItem(record);
  }

  /** Tells the sender of a message that the person has seen it; resolves when that is durable in the outbox. @throws {StorageError} */
  async markRead(message: Pick<IncomingMessage, "id" | "from">): Promise<void> {
    await this.commit((unit) => unit.markRead(message));
  }

  /**
   * Begins the encryption with all devices of a number anew, when a person reports that messages cannot be opened and
   * the repair that goes on by itself did not help. Nobody sees a message of it.
   *
   * @returns how many sessions are begun anew; they go out when their turn comes
   * @throws {StanzaError} @throws {LinkError} Source: XEP-0384 0.8 §6.
   */
  async renewSessions(number: string): Promise<number> {
    this.#requireOpen();
    return await this.#engine.encryption.get().renewSessions(this.#engine.jidOf(phoneNumber(number)));
  }

  /** Asks the service how far a message has come on each device. @throws {StanzaError} @throws {LinkError} */
  async status(id: MessageId | string): Promise<MessageStatus> {
    return await this.#engine.service.status(messageId(id));
  }

  /**
   * Blocks a number, for every device and app of the account and until `unblock`: nothing that it sends arrives any more,
   * and it does not see this person. It is told nothing: what it sends is accepted, and no receipt ever comes.
   *
   * @param number E.164 @throws {InvalidInput} {StanzaError} {LinkError} Source: XEP-0191
   */
  async block(number: string): Promise<void> {
    await setBlocked(this.#engine.service, number, true);
  }

  /** Ends a block; what was sent meanwhile does not come. @throws {InvalidInput} {StanzaError} {LinkError} */
  async unblock(number: string): Promise<void> {
    await setBlocked(this.#engine.service, number, false);
  }

  /** The numbers that the account has blocked, in the order in which it did. @throws {StanzaError} {LinkError} */
  async blocked(): Promise<PhoneNumber[]> {
    return await readBlocked(this.#engine.service);
  }

  async #presentEvents(): Promise<void> {
    try {
      for await (const record of this.#engine.presenter.read()) await this.#present(record);
    } catch (error) {
      this.#events.emit("error", error);
    }
  }

  async #present(record: InboxRecord): Promise<void> {
    const item = inboxItem(record);
    if (item.kind === "message") return this.#events.emit("message", this.#messageOf(record));
    this.#events.emit(item.kind, item);
    // What cannot be removed now is told once more after a restart; what comes is told all the same
    await this.#acknowledge(record.order).catch((error: unknown) => this.#events.emit("error", error));
  }

  #messageOf(record: InboxRecord): IncomingMessage {
    return new IncomingMessage(record, {
      acknowledge: (order) => this.#acknowledge(order),
      markRead: (message) => this.markRead(message),
      send: (to, text) => this.send(to, text),
    });
  }

  async #acknowledge(order: number): Promise<void> {
    const { commits, backlog } = this.#engine;
    const wasThere = await commits.run((transaction) => removeFromInbox(transaction, order));
    if (wasThere) backlog.acknowledged(1);
  }

  #requireOpen(): void {
    if (this.#stopped) throw new LinkError("stopped", "the client was stopped");
  }

  #threw(error: unknown): void {
    const fault = error instanceof Error ? error : new TwotickError("listener", "a listener threw", error);
    this.#events.emit("error", fault);
  }
}
