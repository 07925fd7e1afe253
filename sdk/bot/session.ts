import { deserialize, serialize } from "node:v8";
import type { PhoneNumber } from "../../src/phone-number.js";
import type { Transaction, View } from "../storage/port.js";

/** What a bot remembers of each chat. */
export interface SessionOptions<S> {
  /** What it begins with. */
  readonly initial: () => S;
  /** The version of its form, to be raised when that changes; 1 unless given. */
  readonly version?: number;
  /** Makes what an older version stored into one of this version; without it an older one begins anew. */
  readonly migrate?: (stored: unknown, version: number) => S;
  /**
   * Names the session of a chat; by its number unless given. Chats with the same name have one session together, and
   * are handled one after the other.
   */
  readonly nameOf?: (chat: PhoneNumber) => string;
}

/**
 * What a bot remembers of each chat: any value that can be cloned, also a Map or a Date.
 *
 * It is read when a message's turn comes and stored in the transaction that acknowledges the message, or not at all
 * when its handler failed. Handlers of one chat never run at the same time, so none overwrites what another wrote.
 *
 * @example
 * const bot = new Bot({ session: session({ initial: () => ({ count: 0 }) }) });
 * bot.on("message:text", (ctx) => ctx.reply(`That was number ${++ctx.session.count}.`));
 */
export function session<S>(options: SessionOptions<S>): SessionOptions<S> {
  return options;
}

interface Stored {
  readonly version: number;
  readonly value: unknown;
}

/** The sessions of a bot, by chat. */
export class Sessions<S> {
  readonly #options: SessionOptions<S> | undefined;

  constructor(options: SessionOptions<S> | undefined) {
    this.#options = options;
  }

  /** The name of a chat's session. What belongs to one session is handled one after the other. */
  nameOf(chat: PhoneNumber): string {
    return this.#options?.nameOf?.(chat) ?? chat;
  }

  /** Reads the session of a chat. */
  open(view: View, chat: PhoneNumber): OpenSession<S> {
    const key = keyOf(this.nameOf(chat));
    return new OpenSession(key, this.#options, view.get(key));
  }
}

/** The session of a chat while a message of it is handled. */
export class OpenSession<S> {
  value: S;
  readonly #key: string;
  readonly #version: number;
  readonly #hasSession: boolean;
  readonly #before: Uint8Array | undefined;

  constructor(key: string, options: SessionOptions<S> | undefined, bytes: Uint8Array | undefined) {
    this.#key = key;
    this.#hasSession = options !== undefined;
    this.#version = options?.version ?? 1;
    this.#before = bytes;
    this.value = options ? restore(options, this.#version, bytes) : (undefined as S);
  }

  /** What to store; nothing when nothing changed. @throws {Error} for what cannot be cloned, such as a function */
  changes(): (transaction: Pick<Transaction, "set" | "delete">) => void {
    if (!this.#hasSession) return () => {};
    if (this.value === undefined) return (transaction) => transaction.delete(this.#key);
    const stored: Stored = { version: this.#version, value: this.value };
    const bytes = serialize(stored);
    if (this.#before && Buffer.compare(bytes, this.#before) === 0) return () => {};
    return (transaction) => transaction.set(this.#key, bytes);
  }
}

function restore<S>(
  { initial, migrate }: SessionOptions<S>,
  version: number,
  bytes: Uint8Array | undefined,
): S {
  if (!bytes) return initial();
  const stored = deserialize(bytes) as Stored;
  if (stored.version === version) return stored.value as S;
  return migrate ? migrate(stored.value, stored.version) : initial();
}

function keyOf(name: string): string {
  return `bot/session/${name}`;
}
