interface Chat<Job> {
  readonly name: string;
  readonly waiting: Job[];
  isRunning: boolean;
}

/**
 * Jobs by chat: those of one chat one after the other, those of different chats at the same time, up to a bound. Each
 * chat that has something to do gets its turn.
 */
export class ChatQueues<Job> {
  readonly #concurrency: number;
  readonly #work: (job: Job) => Promise<void>;
  readonly #chats = new Map<string, Chat<Job>>();
  /** Chats with something to do that nothing runs of, in the order of their turns. */
  readonly #ready: Chat<Job>[] = [];
  #running = 0;
  #waiting = 0;
  #whenDone: (() => void)[] = [];

  /** @param work never rejects */
  constructor(concurrency: number, work: (job: Job) => Promise<void>) {
    this.#concurrency = concurrency;
    this.#work = work;
  }

  /** Adds a job at the end of its chat. */
  add(name: string, job: Job): void {
    const chat = this.#chats.get(name) ?? { name, waiting: [], isRunning: false };
    this.#chats.set(name, chat);
    this.#waiting++;
    if (chat.waiting.push(job) === 1 && !chat.isRunning) this.#ready.push(chat);
    this.#next();
  }

  /** Jobs that are not done. */
  get size(): number {
    return this.#waiting + this.#running;
  }

  /** Drops what has not begun, and answers it. */
  clear(): Job[] {
    const dropped = [...this.#chats.values()].flatMap(({ waiting }) => waiting.splice(0));
    this.#ready.length = 0;
    this.#waiting = 0;
    return dropped;
  }

  /** Resolves when there are at most so many jobs. */
  async below(size: number): Promise<void> {
    while (this.size > size) await new Promise<void>((resolve) => this.#whenDone.push(resolve));
  }

  #next(): void {
    while (this.#running < this.#concurrency) {
      const chat = this.#ready.shift();
      const job = chat?.waiting.shift();
      if (!chat || job === undefined) return;
      void this.#run(chat, job);
    }
  }

  async #run(chat: Chat<Job>, job: Job): Promise<void> {
    chat.isRunning = true;
    this.#running++;
    this.#waiting--;
    await this.#work(job);
    chat.isRunning = false;
    this.#running--;
    if (chat.waiting.length > 0) this.#ready.push(chat);
    else this.#chats.delete(chat.name);
    const woken = this.#whenDone;
    this.#whenDone = [];
    for (const wake of woken) wake();
    this.#next();
  }
}
