import { setImmediate as nextTurn } from "node:timers/promises";
import { InvalidInput, TwotickError } from "../../src/errors.js";
import { messageId, type DeviceId, type MessageId } from "../../src/ids.js";
import { type MessageContent, readContent } from "../../src/message-content.js";
import { type PhoneNumber, phoneNumber } from "../../src/phone-number.js";
import { Jid } from "../../src/jid.js";
import { parseXml } from "../../src/xml.js";
import type { Bot } from "../bot/bot.js";
import { countInbox } from "../client/inbox-records.js";
import type { OutboxRecord } from "../client/outbox-records.js";
import { openMemoryStorage } from "../storage/memory.js";
import type { Storage } from "../storage/port.js";
import { ClientDouble, jidOf } from "./client-double.js";
import { durationMs } from "./duration.js";
import { ManualClock } from "./manual-clock.js";
import { described, TestUser } from "./test-user.js";

/** What may be chosen about a test of a bot. */
export interface BotTestOptions {
  /** The time at which it begins; the first day of 2026 unless given. */
  readonly now?: Date | undefined;
  /** The number of the bot. */
  readonly number?: string | undefined;
  /** The store, which a further test can go on with: `openMemoryStorage()`; one of its own unless given. */
  readonly storage?: Storage | undefined;
  /** Whether handlers may fail; otherwise what they fail with is thrown by what made them run. */
  readonly allowsFailures?: boolean | undefined;
}

const DEVICE = 1 as DeviceId;
const FIRST_USER = 15551230001;
/** In real time: a handler may read a file or compute. */
const BUSY_MS = 5_000;
const TURNS = 4;
const PATIENCE_MS = 20;

/**
 * Runs a bot without any server: users say things and hear answers, and the clock stands still until it is moved.
 *
 * The bot, its sessions, its schedule and its store are the real ones; only what would go over the network does not.
 *
 * @example
 * const test = await botTest(bot);
 * const romeo = test.user();
 * await romeo.says("/start");
 * romeo.hears("Hello!");
 * await test.stop();
 */
export async function botTest<S>(bot: Bot<S>, options: BotTestOptions = {}): Promise<BotTest<S>> {
  const test = new BotTest(bot, options);
  await test.start();
  return test;
}

/** A bot under test, and the people around it. */
export class BotTest<S = unknown> {
  /** What the bot runs on; moved by {@link BotTest.advance}. */
  readonly clock: ManualClock;
  readonly #bot: Bot<S>;
  readonly #number: PhoneNumber;
  readonly #storage: Storage;
  readonly #users = new Map<string, TestUser>();
  /** Messages of the bot that somebody has, and messages to it that it has read. */
  readonly #delivered = new Set<string>();
  readonly #read = new Set<string>();
  readonly #lines: string[] = [];
  #failure: { readonly error: unknown } | undefined;
  #client: ClientDouble | undefined;
  #messages = 0;

  constructor(bot: Bot<S>, options: BotTestOptions) {
    const { now, number = "+15551239999", allowsFailures = false, storage = openMemoryStorage() } = options;
    this.#storage = storage;
    this.#bot = bot;
    this.#number = phoneNumber(number);
    this.clock = new ManualClock(now?.getTime());
    bot.listen("dead-letter", ({ error }) => {
      if (!allowsFailures) this.#failure ??= { error };
    });
  }

  /** Somebody with a number of their own, or the one that is given; the same number is the same person. */
  user(number: string = `+${FIRST_USER + this.#users.size}`): TestUser {
    const known = this.#users.get(number);
    if (known) return known;
    const user: TestUser = new TestUser(phoneNumber(number), {
      send: (content) => this.#send(user, content),
      read: (id) => this.#client?.receipt(user.number, DEVICE, id, "read"),
      isRead: (id) => this.#read.has(id),
      transcript: () => this.transcript(),
    });
    this.#users.set(number, user);
    return user;
  }

  /** Starts the bot; `botTest` has done so. */
  async start(): Promise<void> {
    if (this.#client) throw new InvalidInput("the bot runs already");
    this.#client = new ClientDouble({
      storage: this.#storage,
      clock: this.clock,
      number: this.#number,
      device: DEVICE,
      accept: (record) => this.#accept(record),
    });
    await this.#bot.run(this.#client, { clock: this.clock });
    await this.settle();
  }

  /** Stops the bot gracefully; what is said to it waits. */
  async stop(): Promise<void> {
    await this.#bot.stop();
    this.#client = undefined;
  }

  /** Stops it and starts it again. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Kills it, in the middle of whatever it does, and starts it again on what was durable. */
  async crash(): Promise<void> {
    this.kill();
    await this.start();
  }

  /** Kills it, in the middle of whatever it does. */
  kill(): void {
    this.#client?.kill();
    this.#client = undefined;
    this.#bot.abandon();
  }

  /** Cuts the connection of the bot: what it sends waits until {@link BotTest.reconnect}. */
  disconnect(): void {
    this.#client?.disconnect();
  }

  /** Heals the connection. */
  async reconnect(): Promise<void> {
    this.#client?.reconnect();
    await this.settle();
  }

  /**
   * Moves the clock, timer by timer, and lets the bot do what falls due.
   *
   * @param by milliseconds, or a text: `90s`, `1h 30m`, `2d`
   */
  async advance(by: number | string): Promise<void> {
    let left = durationMs(by);
    await this.#pause();
    for (;;) {
      const next = this.clock.nextInMs;
      if (next === undefined || next > left) break;
      this.clock.advance(next);
      left -= next;
      await this.#pause();
    }
    this.clock.advance(left);
    await this.#pause();
    this.#throwFailure();
  }

  /** Resolves when the bot has nothing to do. @throws what a handler failed with; @throws {TwotickError} `busy` */
  async settle(): Promise<void> {
    if (!(await this.#quiet(BUSY_MS)))
      throw new TwotickError("busy", `the bot is still busy after ${BUSY_MS} ms\n\n${this.transcript()}`);
    this.#throwFailure();
  }

  /** What was said so far, a line for each message. */
  transcript(): string {
    return this.#lines.join("\n");
  }

  #send(user: TestUser, content: MessageContent): { id: MessageId; answered: Promise<void> } {
    const client = this.#client;
    if (!client) throw new InvalidInput("the bot does not run");
    const id = messageId(`said-${++this.#messages}`);
    const { kind, ...about } = content;
    this.#lines.push(`${user.number}: ${described(content)}`);
    client.receive({
      kind: kind === "text" ? "message" : kind,
      id,
      from: jidOf(user.number).bare,
      to: jidOf(this.#number).bare,
      at: this.clock.now(),
      device: DEVICE,
      isEncrypted: true,
      trust: "trusted",
      ...about,
    });
    const answered = this.settle();
    // Who does not wait for the answer does not have to hear that it failed
    answered.catch(() => {});
    return { id, answered };
  }

  #accept({ kind, id, to, text, elements = [], payload = "" }: OutboxRecord): void {
    if (kind === "displayed") {
      const read = /id='([^']*)'/.exec(payload)?.[1];
      if (read !== undefined) this.#read.add(read);
      return;
    }
    const content = readContent(
      text,
      elements.map((element) => parseXml(element)),
    );
    const user = this.user(Jid.parse(to).local);
    if (!content || this.#delivered.has(`${user.number} ${id}`)) return;
    this.#delivered.add(`${user.number} ${id}`);
    this.#lines.push(`bot to ${user.number}: ${described(content)}`);
    user.take({ id, content });
    const client = this.#client;
    setImmediate(() => client?.receipt(user.number, DEVICE, id, "delivered"));
  }

  /** A moment: until nothing is left to do, or what is left waits for something else. */
  async #pause(): Promise<void> {
    await this.#quiet(PATIENCE_MS);
  }

  async #quiet(withinMs: number): Promise<boolean> {
    const end = performance.now() + withinMs;
    for (let turns = 0; turns < TURNS; turns++) {
      await nextTurn();
      const isIdle = this.#storage.read((view) => countInbox(view)) === 0;
      if (isIdle || !this.#client) continue;
      if (performance.now() > end) return false;
      turns = -1;
    }
    return true;
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
  }
}
