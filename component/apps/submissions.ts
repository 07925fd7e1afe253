import type { StoredOutcome, StoredSubmission } from "../mailbox/accept-store.js";

/** Takes what one sender wrote, in its order; `undefined` when the sender has no mailbox any more. */
export type Accept<Sender> = (
  sender: Sender,
  submissions: readonly StoredSubmission[],
) => Promise<readonly StoredOutcome[] | undefined>;

interface Waiting {
  readonly submission: StoredSubmission;
  readonly resolve: (outcome: StoredOutcome | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers what apps write in one turn of the event loop: what is of one sender costs the store half of what it does one by one. */
export class Submissions<Sender> {
  readonly #accept: Accept<Sender>;
  readonly #waiting = new Map<Sender, Waiting[]>();

  /** @param accept is called once a sender and turn */
  constructor(accept: Accept<Sender>) {
    this.#accept = accept;
  }

  /** Takes a message. Answers what became of it; `undefined` when its sender has no mailbox any more. */
  add(sender: Sender, submission: StoredSubmission): Promise<StoredOutcome | undefined> {
    if (this.#waiting.size === 0) setImmediate(() => this.#flush());
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(sender);
      const one = { submission, resolve, reject };
      if (waiting) waiting.push(one);
      else this.#waiting.set(sender, [one]);
    });
  }

  #flush(): void {
    const gathered = [...this.#waiting];
    this.#waiting.clear();
    for (const [sender, waiting] of gathered) void this.#submit(sender, waiting);
  }

  async #submit(sender: Sender, waiting: readonly Waiting[]): Promise<void> {
    try {
      const submissions = waiting.map(({ submission }) => submission);
      const outcomes = await this.#accept(sender, submissions);
      waiting.forEach(({ resolve }, index) => resolve(outcomes?.[index]));
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
