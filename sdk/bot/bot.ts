import { type Clock, systemClock } from "../../src/clock.js";
import { InvalidInput, TwotickError } from "../../src/errors.js";
import { TypedEvents } from "../connection/events.js";
import type { BotApi, Transformer } from "./api.js";
import { Composer } from "./composer.js";
import type { Context } from "./context.js";
import type { DeadLetter } from "./dead-letters.js";
import { type DeviceOptions, openDevice } from "./open-device.js";
import type { BotClient, BotClientEvents } from "./port.js";
import { ProcessDuties } from "./process-duties.js";
import { BotRun } from "./run.js";
import { type SessionOptions, Sessions } from "./session.js";

const CLIENT_EVENTS = [
  "connection",
  "accepted",
  "receipt",
  "failed",
  "identity-changed",
  "device-added",
  "trust-changed",
  "device-skipped",
  "error",
  "fatal",
] as const satisfies readonly (keyof BotClientEvents)[];

/** What a bot is made of. Everything has a default; see {@link DeviceOptions} for the environment variables. */
export interface BotOptions<S> extends DeviceOptions {
  /** What it remembers of each chat: see {@link session}. */
  readonly session?: SessionOptions<S> | undefined;
  /** Chats that are handled at the same time; 32 unless given. Of one chat it is always one message. */
  readonly concurrency?: number | undefined;
  /** Unhandled items from which on what arrives is left at the service; 1,000 unless given. */
  readonly maxBacklog?: number | undefined;
  /** Whether senders are told that a message was read when it is handled; true unless given. */
  readonly marksRead?: boolean | undefined;
  /** How long `stop` waits for handlers, and for their messages to go; 10,000 ms unless given. */
  readonly stopWithinMs?: number | undefined;
  /**
   * Whether `start` looks after the process: stops at SIGINT and SIGTERM, and reports what a handler left behind and
   * nobody caught, which would end the process otherwise. True unless given.
   */
  readonly ownsProcess?: boolean | undefined;
}

/** What a bot tells beside what its handlers are given. */
export interface BotEvents extends BotClientEvents {
  /** A handler failed: what it handled is kept as a dead letter. */
  "dead-letter": { readonly letter: DeadLetter; readonly error: unknown };
}

/**
 * A bot: handlers, and the device on which they answer.
 *
 * A message is acknowledged when its handlers are done, in the transaction that keeps what they made of the session. If
 * the process ends before, they run again, and what they had sent is not sent again. A handler that fails ends nothing:
 * its message is kept as a dead letter.
 *
 * @example
 * const bot = new Bot();
 * bot.command("start", (ctx) => ctx.reply("Hello!"));
 * bot.on("message:text", (ctx) => ctx.reply(ctx.text));
 * await bot.start();
 */
export class Bot<S = undefined> extends Composer<Context<S>> {
  readonly #options: BotOptions<S>;
  readonly #sessions: Sessions<S>;
  readonly #transformers: Transformer[] = [];
  readonly #events = new TypedEvents<BotEvents>((error) => report(error));
  readonly #listened = new Set<keyof BotEvents>();
  #onError: ((error: unknown, ctx: Context<S>) => unknown) | undefined;
  #run: BotRun<S> | undefined;
  #stopping: Promise<void> | undefined;
  #duties: ProcessDuties | undefined;
  #close: () => void = () => {};

  /** @throws {InvalidInput} for a bound that is not a whole number from 1 */
  constructor(options: BotOptions<S> = {}) {
    super();
    for (const name of ["concurrency", "maxBacklog"] as const) {
      const bound = options[name] ?? 1;
      if (!Number.isSafeInteger(bound) || bound < 1)
        throw new InvalidInput(`${name} is a whole number from 1`);
    }
    this.#options = options;
    this.#sessions = new Sessions(options.session);
  }

  /** What the bot can do outside of handlers. @throws {InvalidInput} while it does not run */
  get api(): BotApi {
    return this.#running().api;
  }

  /** Changes what the bot sends, in handlers and outside, before it is encrypted: in the order in which they are added. */
  transform(...transformers: Transformer[]): void {
    this.#transformers.push(...transformers);
  }

  /** Is told what a handler failed with; the message is a dead letter then. Without it that goes to the console. */
  catch(onError: (error: unknown, ctx: Context<S>) => unknown): void {
    this.#onError = onError;
  }

  /** Adds a listener for what happens beside messages; what it answers removes it again. */
  listen<Name extends keyof BotEvents>(name: Name, listener: (detail: BotEvents[Name]) => void): () => void {
    this.#listened.add(name);
    return this.#events.on(name, listener);
  }

  /**
   * Signs up when it is the first time, connects, and answers until `stop`; resolves when it is online.
   *
   * @throws {InvalidInput} @throws {StorageError} @throws {SignUpError} @throws {LinkError} @throws {StanzaError}
   */
  async start(): Promise<void> {
    this.#requireEnded();
    const { client, close } = await openDevice(this.#options, this.#options.maxBacklog ?? 1_000);
    this.#duties =
      this.#options.ownsProcess === false
        ? undefined
        : new ProcessDuties(
            () => void this.stop(),
            (error) => this.#tellError(error),
          );
    this.#close = () => {
      this.#duties?.end();
      this.#duties = undefined;
      close();
    };
    await this.run(client);
  }

  /**
   * Answers on a client that the caller opened and did not start; resolves when it is online.
   *
   * @throws {InvalidInput} when it runs already; @throws as the client's `start`
   */
  async run(client: BotClient, { clock = systemClock }: { readonly clock?: Clock } = {}): Promise<void> {
    this.#requireEnded();
    const { concurrency = 32, maxBacklog = 1_000, marksRead = true } = this.#options;
    for (const name of CLIENT_EVENTS) this.#passOn(client, name);
    this.#stopping = undefined;
    this.#run = new BotRun<S>({
      client,
      clock,
      concurrency,
      // What the client let in beyond its backlog waits in its store
      maxTaken: 2 * maxBacklog,
      marksRead,
      handler: this.middleware(),
      sessions: this.#sessions,
      transformers: this.#transformers,
      onError: (error) => this.#tellError(error),
      onDead: (error, ctx) => this.#dead(error, ctx),
    });
    try {
      await this.#run.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /**
   * Ends gracefully: takes nothing new, waits for the handlers that run and for what they sent to be accepted, and
   * disconnects. What is not done then is done after the next start. Twice is no error.
   */
  async stop(): Promise<void> {
    const run = this.#run;
    if (!run) return;
    this.#stopping ??= run.stop(this.#options.stopWithinMs ?? 10_000).finally(() => {
      if (this.#run === run) this.#run = undefined;
      this.#close();
      this.#close = () => {};
    });
    await this.#stopping;
  }

  /** What no handler got done with, the oldest first. @throws {InvalidInput} while it does not run */
  deadLetters(): readonly DeadLetter[] {
    return this.#running().deadLetters();
  }

  /** Has a dead letter handled once more; what was sent for it is not sent again. Answers whether it went well. */
  async retry(letter: Pick<DeadLetter, "id">): Promise<boolean> {
    return await this.#running().retry(letter.id);
  }

  /** Forgets a dead letter. Answers whether it was there. @throws {StorageError} */
  async discard(letter: Pick<DeadLetter, "id">): Promise<boolean> {
    return await this.#running().remove(letter.id);
  }

  /** Drops a run whose client ended without a word, as a crash would end both: nothing is waited for. For tests. */
  abandon(): void {
    this.#run?.abandon();
    this.#run = undefined;
    this.#close();
    this.#close = () => {};
  }

  #passOn(client: BotClient, name: keyof BotClientEvents): void {
    client.on(name, (detail) => {
      if (name === "error" && !this.#listened.has("error")) report(detail);
      if (name === "failed" && !this.#listened.has("failed"))
        reportUnsent(detail as BotClientEvents["failed"]);
      if (name === "fatal") {
        if (!this.#listened.has("fatal")) report(detail);
        this.#duties?.fail();
        void this.stop();
      }
      this.#events.emit(name, detail);
    });
  }

  #tellError(error: unknown): void {
    if (this.#listened.has("error")) this.#events.emit("error", error);
    else report(error);
  }

  #dead(error: unknown, ctx: Context<S>): void {
    const letter = this.#run?.deadLetters().find(({ item }) => item.order === ctx.item.order);
    if (letter) this.#events.emit("dead-letter", { letter, error });
    if (!this.#onError) return report(error);
    void this.#askBoundary(error, ctx);
  }

  /** Whatever it throws, also later, is told and no more. */
  async #askBoundary(error: unknown, ctx: Context<S>): Promise<void> {
    try {
      await this.#onError?.(error, ctx);
    } catch (fault) {
      this.#tellError(fault);
    }
  }

  #running(): BotRun<S> {
    if (!this.#run) throw new InvalidInput("the bot does not run");
    return this.#run;
  }

  #requireEnded(): void {
    if (this.#run) throw new InvalidInput("the bot runs already");
  }
}

// What the program itself took back is no news to it
function reportUnsent({ error }: BotClientEvents["failed"]): void {
  if (error.code !== "cancelled") report(error, " a message was not sent:");
}

/** The last resort of what nobody listens to. */
function report(error: unknown, what = ""): void {
  console.error(`bot:${what}`, error instanceof TwotickError ? `${error.code}: ${error.message}` : error);
}
