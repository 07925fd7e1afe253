import { createHash } from "node:crypto";
import type { EpochMs } from "../../src/clock.js";
import { InvalidInput } from "../../src/errors.js";
import { messageId, newMessageId, type MessageId } from "../../src/ids.js";
import type { MessageContent, Quote } from "../../src/message-content.js";
import { type PhoneNumber, phoneNumber } from "../../src/phone-number.js";
import type { SendHandle } from "../client/handles.js";
import type { BotClient } from "./port.js";
import type { ScheduledSend, Scheduler } from "./schedule.js";
import { SentMessage } from "./sent-message.js";

/** What may be chosen about what a bot sends. */
export interface BotSendOptions {
  /**
   * Names the send, so that asking again sends nothing and answers the first: for `bot.api` it counts for the
   * recipient, in a handler for the message that it handles. What a handler sends without one is counted through.
   */
  readonly key?: string | undefined;
  /** What it answers. */
  readonly quote?: Quote | undefined;
}

/** A message before it is encrypted. */
export interface Outgoing {
  readonly to: PhoneNumber;
  readonly content: MessageContent;
}

/** Changes what is sent before it is encrypted; what throws refuses it. It may wait. */
export type Transformer = (outgoing: Outgoing) => Outgoing | Promise<Outgoing>;

/** What an api works with. */
export interface ApiPorts {
  readonly client: BotClient;
  readonly scheduler: Scheduler;
  readonly transformers: readonly Transformer[];
  /** Something is on its way. */
  readonly sent: (handle: SendHandle) => void;
}

/** Everything that a bot can do to others. What it resolves with is durable: it goes, also after a crash. */
export class BotApi {
  readonly #ports: () => ApiPorts;
  /** The message that is handled, in which keys count. */
  readonly #scope: string;
  readonly #track: <Value>(call: Promise<Value>) => Promise<Value>;
  #calls = 0;

  /** @param ports asked for with every call @param scope of keys; empty when nothing is being handled */
  constructor(
    ports: () => ApiPorts,
    scope = "",
    track: <Value>(call: Promise<Value>) => Promise<Value> = (call) => call,
  ) {
    this.#ports = ports;
    this.#scope = scope;
    this.#track = track;
  }

  /** Sends a text. @throws {InvalidInput} as `Client.send`; @throws {StorageError} */
  send(to: string, text: string, { key, quote }: BotSendOptions = {}): Promise<SentMessage> {
    return this.#perform(to, { kind: "text", text, quote }, key);
  }

  /** Puts a text in place of one that the bot sent before. Source: XEP-0308 §3 */
  edit(to: string, id: MessageId | string, text: string, { key }: BotSendOptions = {}): Promise<SentMessage> {
    return this.#perform(to, { kind: "text", text, replaces: messageId(id) }, key);
  }

  /** Takes a message back that the bot sent before; who has read it has read it. Source: XEP-0424 §3 */
  retract(to: string, id: MessageId | string, { key }: BotSendOptions = {}): Promise<SentMessage> {
    return this.#perform(to, { kind: "retraction", of: messageId(id) }, key);
  }

  /** Says something to a message with emojis, in place of what was said to it before; with none that is taken back. */
  react(
    to: string,
    id: MessageId | string,
    emojis: readonly string[],
    { key }: BotSendOptions = {},
  ): Promise<SentMessage> {
    return this.#perform(to, { kind: "reaction", of: messageId(id), emojis }, key);
  }

  /** Tells the sender of a message that it was seen. */
  markRead(message: { readonly id: MessageId; readonly from: string }): Promise<void> {
    return this.#track(this.#ports().client.commit((unit) => unit.markRead(message)));
  }

  /**
   * Sends a text at a time, also when the bot was restarted in between, and once; when it is down at that time, as
   * soon as it is up.
   *
   * @param at a time of day
   */
  schedule(
    at: Date | EpochMs,
    to: string,
    text: string,
    { key, quote }: BotSendOptions = {},
  ): Promise<ScheduledSend> {
    const { scheduler } = this.#ports();
    return this.#begin(to, { kind: "text", text, quote }, key, (id, outgoing) =>
      scheduler.add({ id, at: Number(at), ...outgoing }),
    );
  }

  /** What is to be sent later, the next first; of everybody unless a number is given. */
  scheduled(to?: string): readonly ScheduledSend[] {
    return this.#ports()
      .scheduler.list()
      .filter((one) => to === undefined || one.to === to);
  }

  /** A message that the bot sent; `undefined` when it is not known (any more). */
  sent(id: MessageId | string): SentMessage | undefined {
    const handle = this.#ports().client.sent(messageId(id));
    return handle && new SentMessage(handle, this);
  }

  #perform(to: string, content: MessageContent, key: string | undefined): Promise<SentMessage> {
    const { client, sent } = this.#ports();
    return this.#begin(to, content, key, async (id, outgoing) => {
      const handle = await client.commit((unit) =>
        unit.send(outgoing.to, outgoing.content, { id, isFirstKept: true }),
      );
      sent(handle);
      return new SentMessage(handle, this);
    });
  }

  #begin<Value>(
    to: string,
    content: MessageContent,
    key: string | undefined,
    work: (id: MessageId, outgoing: Outgoing) => Promise<Value>,
  ): Promise<Value> {
    // Counted when it is asked for, so that the order in which transformers end does not matter
    const id = this.#idOf(to, key);
    return this.#track(
      (async () => {
        let outgoing: Outgoing = { to: phoneNumber(to), content };
        for (const transform of this.#ports().transformers) outgoing = await transform(outgoing);
        return await work(id, outgoing);
      })(),
    );
  }

  #idOf(to: string, key: string | undefined): MessageId {
    if (key === "") throw new InvalidInput("the key of a send is empty");
    if (key === undefined && this.#scope === "") return newMessageId(this.#ports().client);
    const name = key === undefined ? `#${++this.#calls}` : `=${key}`;
    return idFromKey(this.#ports().client, `${to} ${this.#scope} ${name}`);
  }
}

/** The message id that stands for a key on this device: another device that does the same sends a message of its own. */
export function idFromKey({ device }: Pick<BotClient, "device">, key: string): MessageId {
  const digest = createHash("sha256").update(`${device} ${key}`).digest("base64url");
  return messageId(digest.slice(0, 24));
}
