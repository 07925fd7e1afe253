import type { TwotickError } from "../../src/errors.js";
import type { MessageId } from "../../src/ids.js";
import type { PhoneNumber } from "../../src/phone-number.js";
import type { Receipt } from "../client/events.js";
import type { SendHandle } from "../client/handles.js";
import type { SendState } from "../client/sent-records.js";
import type { BotApi, BotSendOptions } from "./api.js";

/** A message that the bot sent: how far it has come, and what can still be done about it. */
export class SentMessage {
  readonly id: MessageId;
  readonly to: PhoneNumber;
  readonly #handle: SendHandle;
  readonly #api: BotApi;

  constructor(handle: SendHandle, api: BotApi) {
    this.id = handle.id;
    this.to = handle.to;
    this.#handle = handle;
    this.#api = api;
  }

  /** How far it has come. */
  get state(): SendState {
    return this.#handle.state;
  }

  /** Why it failed, when it did. */
  get failure(): TwotickError | undefined {
    return this.#handle.failure;
  }

  /** As `SendHandle.until`. A handler that waits keeps its chat waiting. @throws {TwotickError} */
  until(state: Exclude<SendState, "failed">, options: { timeoutMs?: number } = {}): Promise<void> {
    return this.#handle.until(state, options);
  }

  /** As `SendHandle.receipts`. */
  receipts(): AsyncGenerator<Receipt, void, undefined> {
    return this.#handle.receipts();
  }

  /** Takes it back before it goes, where that is still possible: as `SendHandle.cancel`. */
  cancel(): Promise<boolean> {
    return this.#handle.cancel();
  }

  /** Puts another text in its place. */
  edit(text: string, options: BotSendOptions = {}): Promise<SentMessage> {
    return this.#api.edit(this.to, this.id, text, options);
  }

  /** Takes it back. */
  retract(options: BotSendOptions = {}): Promise<SentMessage> {
    return this.#api.retract(this.to, this.id, options);
  }
}
