import { createHash } from "node:crypto";
import { type Clock, systemClock } from "../../src/clock.js";
import { InvalidInput, LinkError, TwotickError } from "../../src/errors.js";
import { type DeviceId, messageId, type MessageId, newMessageId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import type { MessageStatus } from "../../src/mailbox-status.js";
import { NS } from "../../src/namespaces.js";
import { phoneNumber, type PhoneNumber } from "../../src/phone-number.js";
import { ILLEGAL_CHARACTER } from "../../src/stream-chars.js";
import { SteadyClock } from "../../src/steady-clock.js";
import { escapeXML } from "../../src/xml.js";
import { TypedEvents } from "../connection/events.js";
import type { Fingerprint } from "../omemo/mod.js";
import type { ClientEvents, ClientState } from "./events.js";
import { type SendHandle } from "./handles.js";
import { IncomingMessage } from "./incoming-message.js";
import { type InboxRecord, removeFromInbox } from "./inbox-records.js";
import type { ClientOptions, SendOptions } from "./options.js";
import { appendOutbox } from "./outbox-records.js";
import { Engine } from "./engine.js";
import { ClientTrust } from "./trust.js";

/** Bytes of a text; encrypted for some devices it still fits into what the service takes. */
const MAX_TEXT_BYTES = 64 * 1024;
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
  #hasStarted = false;
  #stopped: Promise<void> | undefined;

  private constructor(options: ClientOptions) {
    this.#clock = new SteadyClock(options.clock ?? systemClock);
    this.#engine = new Engine({ ...options, clock: this.#clock }, (name, detail) =>
      this.#events.emit(name, detail),
    );
    this.trust = new ClientTrust({
      trust: () => this.#engine.omemo().trust,
      jidOf: (number) => this.#engine.jidOf(number),
      ownNumber: () => this.#engine.requireNumber(),
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
    return this.#engine.ownNumber?.local as PhoneNumber | undefined;
  }

  /** The id of this device. */
  get device(): DeviceId {
    return this.#engine.device;
  }

  /** The identity of this device, as others see it; missing as long as the number is. */
  get fingerprint(): Fingerprint | undefined {
    return this.#engine.ownNumber && this.#engine.omemo().fingerprint;
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
    void this.#presentEvents();
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
   * @throws {InvalidInput} for a malformed number, an empty or too long text or one that cannot stand in XML, an id that stands for another message
   * @throws {StorageError} when it cannot be made durable; it is not sent then
   */
  async send(to: string, text: string, options: SendOptions = {}): Promise<SendHandle> {
    this.#requireOpen();
    const address = this.#engine.jidOf(phoneNumber(to)).bare;
    const id = options.id === undefined ? newMessageId() : messageId(options.id);
    if (text === "") throw new InvalidInput("the text is empty");
    if (Buffer.byteLength(text) > MAX_TEXT_BYTES)
      throw new InvalidInput(`a text has at most ${MAX_TEXT_BYTES} bytes`);
    if (ILLEGAL_CHARACTER.test(text))
      throw new InvalidInput("a text has no control characters but line breaks and tabs");
    const digest = createHash("sha256").update(`${address}\0${text}`).digest("base64url");
    const { commits, sent, outbox, handles } = this.#engine;
    const record = await commits.run((transaction) => {
      const earlier = sent.get(transaction, id);
      if (earlier && earlier.digest !== digest)
        throw new InvalidInput("another message was sent under this id");
      if (earlier) return undefined;
      sent.put(transaction, { id, to: address, digest, sentAt: this.#clock.now(), devices: [] });
      return appendOutbox(transaction, { kind: "message", id, to: address, text });
    });
    if (record) outbox.add(record);
    return handles.of({ id, to: address });
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

  /** Tells the sender of a message that the person has seen it; resolves when that is durable in the outbox. @throws {StorageError} */
  async markRead(message: Pick<IncomingMessage, "id" | "from">): Promise<void> {
    this.#requireOpen();
    const to = this.#engine.jidOf(message.from).bare;
    // XEP-0333 §4.3
    const payload = `<displayed xmlns='${NS.chatMarkers}' id='${escapeXML(message.id)}'/>`;
    const { commits, outbox } = this.#engine;
    const record = await commits.run((transaction) =>
      appendOutbox(transaction, { kind: "displayed", id: newMessageId(), to, payload }),
    );
    outbox.add(record);
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
    return await this.#engine.omemo().renewSessions(this.#engine.jidOf(phoneNumber(number)));
  }

  /** Asks the service how far a message has come on each device. @throws {StanzaError} @throws {LinkError} */
  async status(id: MessageId | string): Promise<MessageStatus> {
    return await this.#engine.service.status(messageId(id));
  }

  async #presentEvents(): Promise<void> {
    try {
      for await (const record of this.#engine.presenter.read()) await this.#present(record);
    } catch (error) {
      this.#events.emit("error", error);
    }
  }

  async #present(record: InboxRecord): Promise<void> {
    const { id, at, device } = record;
    if (record.kind === "message") return this.#events.emit("message", this.#messageOf(record));
    if (record.kind === "sent-elsewhere") {
      const to = Jid.parse(record.to).local;
      this.#events.emit("sent-elsewhere", {
        id,
        to,
        at,
        device,
        trust: record.trust,
        text: record.text ?? "",
      });
    } else {
      const from = Jid.parse(record.from).local;
      this.#events.emit("undecryptable", { id, from, at, device, reason: record.reason ?? "malformed" });
    }
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

  #acknowledge(order: number): Promise<void> {
    return this.#engine.commits.run((transaction) => removeFromInbox(transaction, order));
  }

  #requireOpen(): void {
    if (this.#stopped) throw new LinkError("stopped", "the client was stopped");
  }

  #threw(error: unknown): void {
    const fault = error instanceof Error ? error : new TwotickError("listener", "a listener threw", error);
    this.#events.emit("error", fault);
  }
}
