import { AssertionError } from "node:assert";
import type { MessageId } from "../../src/ids.js";
import type { MessageContent, Quote } from "../../src/message-content.js";
import type { PhoneNumber } from "../../src/phone-number.js";

/** What a user was sent by the bot. */
export interface Heard {
  readonly id: MessageId;
  readonly content: MessageContent;
}

/** What a user sent to the bot. */
export interface Said {
  readonly id: MessageId;
  readonly text: string;
  /** Whether the bot told that it has read it. */
  readonly isRead: () => boolean;
}

/** A message that a user got. */
export interface Received {
  readonly id: MessageId;
  readonly text: string;
  readonly quote: Quote | undefined;
}

/** What a user needs of the test. */
export interface UserPorts {
  /** Delivers to the bot, and waits until it has answered. */
  readonly send: (content: MessageContent) => { readonly id: MessageId; readonly answered: Promise<void> };
  readonly read: (id: MessageId) => void;
  readonly isRead: (id: MessageId) => boolean;
  readonly transcript: () => string;
}

/** A promise of what was said that can be used before the bot has answered. */
export type Saying = Promise<Said> & { readonly id: MessageId };

/**
 * Somebody who writes to the bot, and hears what it answers: in order, each answer once.
 *
 * Every expectation throws an `AssertionError` that shows the whole conversation.
 */
export class TestUser {
  readonly number: PhoneNumber;
  readonly #ports: UserPorts;
  readonly #heard: Heard[] = [];

  constructor(number: PhoneNumber, ports: UserPorts) {
    this.number = number;
    this.#ports = ports;
  }

  /** Writes to the bot; resolves when the bot has nothing more to do. @throws what a handler failed with */
  says(
    text: string,
    { answering }: { readonly answering?: { readonly id: MessageId; readonly text: string } } = {},
  ): Saying {
    const quote = answering && { id: answering.id, text: answering.text };
    const { id, answered } = this.#ports.send({ kind: "text", text, quote });
    const said = { id, text, isRead: () => this.#ports.isRead(id) };
    return Object.assign(
      answered.then(() => said),
      { id },
    );
  }

  /** Corrects what was said. */
  async edits({ id }: { readonly id: MessageId }, text: string): Promise<void> {
    await this.#ports.send({ kind: "text", text, replaces: id }).answered;
  }

  /** Takes back what was said. */
  async retracts({ id }: { readonly id: MessageId }): Promise<void> {
    await this.#ports.send({ kind: "retraction", of: id }).answered;
  }

  /** Says something to a message with emojis; with none that is taken back. */
  async reacts({ id }: { readonly id: MessageId }, ...emojis: string[]): Promise<void> {
    await this.#ports.send({ kind: "reaction", of: id, emojis }).answered;
  }

  /** Has seen a message of the bot. */
  reads({ id }: { readonly id: MessageId }): void {
    this.#ports.read(id);
  }

  /** The next answer is this text, or matches. */
  hears(expected: string | RegExp): Received {
    const { id, content } = this.#next(`hears ${String(expected)}`);
    const text = content.kind === "text" && content.replaces === undefined ? content.text : undefined;
    const fits = typeof expected === "string" ? text === expected : text !== undefined && expected.test(text);
    if (content.kind !== "text" || !fits)
      this.#fail(`hears ${String(expected)}`, described(content), expected);
    return { id, text: content.text, quote: content.quote };
  }

  /** The next answer puts this text in the place of an earlier one. */
  seesEdit(message: { readonly id: MessageId }, text: string): void {
    const what = `sees an edit: ${text}`;
    const { content } = this.#next(what);
    if (content.kind !== "text" || content.replaces !== message.id || content.text !== text)
      this.#fail(what, described(content), text);
  }

  /** The next answer is these emojis to a message; none when earlier ones are taken back. */
  seesReaction(message: { readonly id: MessageId }, ...emojis: string[]): void {
    const what = `sees a reaction: ${emojis.join(" ")}`;
    const { content } = this.#next(what);
    const isIt = content.kind === "reaction" && content.of === message.id;
    if (!isIt || content.emojis.join(" ") !== emojis.join(" ")) this.#fail(what, described(content), emojis);
  }

  /** The next answer takes a message back. */
  seesRetraction(message: { readonly id: MessageId }): void {
    const { content } = this.#next("sees a retraction");
    if (content.kind !== "retraction" || content.of !== message.id)
      this.#fail("sees a retraction", described(content), message.id);
  }

  /** There is no answer that was not looked at. */
  hearsNothing(): void {
    const [next] = this.#heard;
    if (next) this.#fail("hears nothing", described(next.content), undefined);
  }

  /** Takes what the bot sent. */
  take(heard: Heard): void {
    this.#heard.push(heard);
  }

  #next(what: string): Heard {
    return this.#heard.shift() ?? this.#fail(what, "nothing", undefined);
  }

  #fail(what: string, actual: string, expected: unknown): never {
    const message = `${this.number} ${what}, but there was ${actual}\n\n${this.#ports.transcript()}`;
    throw new AssertionError({ message, actual, expected, operator: "conversation" });
  }
}

/** A content in words. */
export function described(content: MessageContent): string {
  if (content.kind === "reaction") return `a reaction: ${content.emojis.join(" ") || "none"}`;
  if (content.kind === "retraction") return "a retraction";
  return content.replaces === undefined ? content.text : `an edit: ${content.text}`;
}
