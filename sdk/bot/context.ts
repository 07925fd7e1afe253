import type { Clock, EpochMs } from "../../src/clock.js";
import type { MessageId } from "../../src/ids.js";
import type { Quote } from "../../src/message-content.js";
import type { PhoneNumber } from "../../src/phone-number.js";
import type { InboxItem } from "../client/inbox-item.js";
import type { BotApi, BotSendOptions } from "./api.js";
import type { Command } from "./filters.js";
import type { ScheduledSend } from "./schedule.js";
import type { SentMessage } from "./sent-message.js";
import type { OpenSession } from "./session.js";

/** What may be chosen about an answer. */
export interface ReplyOptions extends Pick<BotSendOptions, "key"> {
  /** Whether it shows what it answers; a quote of another message may be given. */
  readonly quote?: boolean | Quote | undefined;
}

/** What a context is made of. */
export interface ContextParts<S> {
  readonly item: InboxItem;
  readonly session: OpenSession<S>;
  readonly api: BotApi;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly isRepeated: boolean;
}

/**
 * A message, or something else that arrived, while it is handled.
 *
 * What its methods send is sent once, also when the process ends in the middle and the handler runs again: each send of
 * a handler has its place, and what has been sent in that place is not sent again.
 */
export class Context<S = unknown> {
  readonly item: InboxItem;
  /** Everything that the bot can do to others, counted as done by this handler. */
  readonly api: BotApi;
  /** Where the time comes from; in a test it is moved by hand. */
  readonly clock: Clock;
  /** Aborts when the bot stops and cannot wait any longer: what is not done then is done after the next start. */
  readonly signal: AbortSignal;
  /** Whether an earlier process may have begun to handle it. What the handler does elsewhere, it may have done then. */
  readonly isRepeated: boolean;
  /** The command, behind `command`. */
  readonly command: Command | undefined;
  /** What matched, behind `hears`. */
  readonly match: RegExpExecArray | undefined;
  /** Whether `markRead` was called. */
  isMarkedRead = false;
  readonly #session: OpenSession<S>;

  constructor({ item, session, api, clock, signal, isRepeated }: ContextParts<S>) {
    this.item = item;
    this.api = api;
    this.clock = clock;
    this.signal = signal;
    this.isRepeated = isRepeated;
    this.#session = session;
  }

  /** What the bot remembers of the chat. What it is changed to is stored when the handler is done, or not at all. */
  get session(): S {
    return this.#session.value;
  }

  set session(value: S) {
    this.#session.value = value;
  }

  /** The id of the message: the same each time when it is handled again. */
  get id(): MessageId {
    return this.item.id;
  }

  /** The number that it came from. */
  get from(): PhoneNumber {
    return this.item.from;
  }

  /** The number of the other side of the chat. */
  get chat(): PhoneNumber {
    return chatOf(this.item);
  }

  /** When the service accepted it. */
  get at(): EpochMs {
    return this.item.at;
  }

  /** The text, where there is one. */
  get text(): string | undefined {
    return "text" in this.item ? this.item.text : undefined;
  }

  /** What it answers. */
  get quote(): Quote | undefined {
    return "quote" in this.item ? this.item.quote : undefined;
  }

  /** The earlier message in whose place it stands. */
  get replaces(): MessageId | undefined {
    return "replaces" in this.item ? this.item.replaces : undefined;
  }

  /** The earlier message that a reaction or retraction is about. */
  get of(): MessageId | undefined {
    return "of" in this.item ? this.item.of : undefined;
  }

  /** What a reaction says. */
  get emojis(): readonly string[] | undefined {
    return "emojis" in this.item ? this.item.emojis : undefined;
  }

  /** Why it could not be opened. */
  get reason(): Extract<InboxItem, { kind: "undecryptable" }>["reason"] | undefined {
    return "reason" in this.item ? this.item.reason : undefined;
  }

  /** Whether it came end-to-end encrypted. */
  get isEncrypted(): boolean {
    return "isEncrypted" in this.item && this.item.isEncrypted;
  }

  /** Answers in the chat. */
  reply(text: string, { key, quote }: ReplyOptions = {}): Promise<SentMessage> {
    return this.api.send(this.chat, text, {
      key,
      quote: quote === true ? this.#quoted() : quote || undefined,
    });
  }

  /** Says something to the message with emojis, in place of what was said to it before; with none that is taken back. */
  react(...emojis: string[]): Promise<SentMessage> {
    return this.api.react(this.chat, this.id, emojis);
  }

  /** Answers in the chat at a time of day, also when the bot was restarted in between. */
  schedule(
    at: Date | EpochMs,
    text: string,
    { key }: Pick<BotSendOptions, "key"> = {},
  ): Promise<ScheduledSend> {
    return this.api.schedule(at, this.chat, text, { key });
  }

  /** Tells the sender now that it was seen; otherwise they are told when it is handled. */
  markRead(): Promise<void> {
    this.isMarkedRead = true;
    return this.api.markRead(this.item);
  }

  #quoted(): Quote {
    return { id: this.id, text: this.text };
  }
}

/** The number of the other side. */
export function chatOf({ kind, from, to }: InboxItem): PhoneNumber {
  return kind.endsWith("-elsewhere") ? to : from;
}
