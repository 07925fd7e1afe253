import type { MessageId } from "../../src/ids.js";
import type { SendHandle } from "../client/handles.js";
import { type ApiPorts, BotApi, type Transformer } from "./api.js";
import { ChatQueues } from "./chat-queues.js";
import { type Context, chatOf } from "./context.js";
import { type DeadLetter, readLetter, readLetters, removeLetter } from "./dead-letters.js";
import { Handling, type Job } from "./handling.js";
import type { MiddlewareFn } from "./middleware.js";
import type { RunPorts } from "./port.js";
import { Scheduler } from "./schedule.js";
import type { Sessions } from "./session.js";

/** What a run is told about the bot that it runs. */
export interface RunOptions<S> extends RunPorts {
  readonly handler: MiddlewareFn<Context<S>>;
  readonly sessions: Sessions<S>;
  readonly transformers: readonly Transformer[];
  /** Chats that are handled at the same time. */
  readonly concurrency: number;
  /** Items that are in memory, handled or waiting to be. */
  readonly maxTaken: number;
  readonly marksRead: boolean;
  readonly onDead: (error: unknown, ctx: Context<S>) => void;
}

/** A bot on a client, from its start to its end. */
export class BotRun<S> {
  readonly #options: RunOptions<S>;
  readonly #queues: ChatQueues<Job>;
  readonly #scheduler: Scheduler;
  readonly #api: BotApi;
  readonly #apiPorts: ApiPorts;
  readonly #abort = new AbortController();
  /** Messages of this run that are not accepted yet. */
  readonly #onTheWay = new Set<MessageId>();
  readonly #unlisten: (() => void)[] = [];
  #whenSent: () => void = () => {};
  #isStopping = false;
  #reading: Promise<void> = Promise.resolve();

  constructor(options: RunOptions<S>) {
    this.#options = options;
    const { client, transformers, concurrency } = options;
    const sent = (handle: SendHandle): void => this.#sent(handle);
    this.#scheduler = new Scheduler(options, sent);
    this.#apiPorts = { client, scheduler: this.#scheduler, transformers, sent };
    this.#api = new BotApi(() => this.#apiPorts);
    const handling = new Handling<S>({
      ...options,
      api: () => this.#apiPorts,
      signal: this.#abort.signal,
      firstNew: client.nextOrder,
    });
    this.#queues = new ChatQueues(concurrency, (job) => handling.handle(job));
  }

  /** What the bot does outside of handlers. */
  get api(): BotApi {
    return this.#api;
  }

  /** Begins; resolves when the client is online. @throws as the client's `start` */
  async start(): Promise<void> {
    const { client } = this.#options;
    for (const name of ["accepted", "failed"] as const) {
      this.#unlisten.push(client.on(name, ({ handle }) => this.#ended(handle.id)));
    }
    this.#reading = this.#read(client.inbox());
    await client.start();
    this.#scheduler.start();
  }

  /** Ends at once: the client is gone. */
  abandon(): void {
    this.#isStopping = true;
    this.#abort.abort();
    this.#drop();
    void this.#scheduler.stop();
    for (const unlisten of this.#unlisten) unlisten();
  }

  /**
   * Ends: takes nothing new, lets handlers that have begun come to their end and their messages go, and stops the
   * client. What is not done in time is done in the next run.
   */
  async stop(withinMs: number): Promise<void> {
    this.#isStopping = true;
    this.#drop();
    let isLate = false;
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(withinMs, () => {
        isLate = true;
        resolve();
      });
    });
    await Promise.race([this.#queues.below(0), late]);
    await this.#scheduler.stop();
    if (!isLate) await Promise.race([this.#allSent(), late]);
    cancel();
    this.#abort.abort();
    await this.#options.client.stop();
    await this.#reading;
    for (const unlisten of this.#unlisten) unlisten();
  }

  /** What no handler got done with. */
  deadLetters(): DeadLetter[] {
    return this.#options.client.read((view) => readLetters(view));
  }

  /** Has a dead letter handled again, in its chat's turn. Answers whether that went well. */
  retry(id: string): Promise<boolean> {
    const letter = this.#options.client.read((view) => readLetter(view, id));
    if (!letter || this.#isStopping) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#queues.add(this.#queueOf(letter.item), { item: letter.item, letter, done: resolve });
    });
  }

  /** Forgets a dead letter. Answers whether it was there. */
  remove(id: string): Promise<boolean> {
    return this.#options.client.commit((unit) => removeLetter(unit, id));
  }

  #queueOf(item: Job["item"]): string {
    return this.#options.sessions.nameOf(chatOf(item));
  }

  #drop(): void {
    for (const { done } of this.#queues.clear()) done?.(false);
  }

  async #read(inbox: AsyncIterable<Job["item"]>): Promise<void> {
    const { onError, maxTaken } = this.#options;
    try {
      for await (const item of inbox) {
        if (this.#isStopping) return;
        this.#queues.add(this.#queueOf(item), { item });
        await this.#queues.below(maxTaken - 1);
      }
    } catch (error) {
      onError(error);
    }
  }

  #sent({ id, state }: SendHandle): void {
    if (state === "queued") this.#onTheWay.add(id);
  }

  #ended(id: MessageId): void {
    this.#onTheWay.delete(id);
    if (this.#onTheWay.size === 0) this.#whenSent();
  }

  async #allSent(): Promise<void> {
    if (this.#onTheWay.size > 0) await new Promise<void>((resolve) => (this.#whenSent = resolve));
  }
}
