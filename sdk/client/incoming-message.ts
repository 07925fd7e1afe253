import type { EpochMs } from "../../src/clock.js";
import type { DeviceId, MessageId } from "../../src/ids.js";
import { Jid } from "../../src/jid.js";
import type { Quote } from "../../src/message-content.js";
import type { PhoneNumber } from "../../src/phone-number.js";
import type { TrustLevel } from "../omemo/mod.js";
import type { SendHandle } from "./handles.js";
import type { InboxRecord } from "./inbox-records.js";

/** What a message needs of its client. */
export interface MessageActions {
  acknowledge(order: number): Promise<void>;
  markRead(message: IncomingMessage): Promise<void>;
  send(to: PhoneNumber, text: string): Promise<SendHandle>;
}

/** A message that arrived. It is presented again, also after a restart, until {@link IncomingMessage.acknowledge}. */
export class IncomingMessage {
  readonly id: MessageId;
  /** The number that it came from. */
  readonly from: PhoneNumber;
  readonly to: PhoneNumber;
  /** When the service accepted it. */
  readonly at: EpochMs;
  /** The device that it came from; missing when it was not encrypted, as then nothing proves it. */
  readonly device: DeviceId | undefined;
  readonly text: string;
  /** What it answers. */
  readonly quote: Quote | undefined;
  /** The earlier message of the same sender that it stands in place of. */
  readonly replaces: MessageId | undefined;
  /** Whether it came end-to-end encrypted; otherwise the service could read and change it. */
  readonly isEncrypted: boolean;
  /**
   * What the identity that it came with counted as when it arrived; missing when it was not encrypted.
   *
   * A message of an identity that is `undecided` or `distrusted` is shown like any other: it is for the app to mark it.
   */
  readonly trust: TrustLevel | undefined;
  readonly #order: number;
  readonly #actions: MessageActions;

  constructor(record: InboxRecord, actions: MessageActions) {
    this.id = record.id;
    this.from = Jid.parse(record.from).local as PhoneNumber;
    this.to = Jid.parse(record.to).local as PhoneNumber;
    this.at = record.at;
    this.device = record.device;
    this.text = record.text ?? "";
    this.quote = record.quote;
    this.replaces = record.replaces;
    this.isEncrypted = record.isEncrypted ?? false;
    this.trust = record.trust;
    this.#order = record.order;
    this.#actions = actions;
  }

  /** Says that the app is done with it; resolves when that is durable. Twice is no error. @throws {StorageError} */
  acknowledge(): Promise<void> {
    return this.#actions.acknowledge(this.#order);
  }

  /** Tells the sender that the person has seen it; resolves when that is durable in the outbox. @throws {StorageError} */
  markRead(): Promise<void> {
    return this.#actions.markRead(this);
  }

  /** Sends an answer to the sender. @throws as `Client.send` */
  reply(text: string): Promise<SendHandle> {
    return this.#actions.send(this.from, text);
  }
}
