import type { Context } from "../capability.js";
import type { Remote } from "../store/operations.js";
import { appendDeletions, deletionListPath, readDeletions } from "./list.js";
import type { DeletionOperations } from "./store.js";

/** Deletions that go into the list, or are done again, at once. */
const PAGE = 1_000;

/**
 * Keeps a list of deletions beside the store, and does those again that a restored backup does not know of.
 *
 * A deletion is noted in the transaction that deletes, and moves into the list right after; a crash in between delays that
 * to the next start.
 */
export class DeletionList {
  readonly #context: Context;
  readonly #store: Remote<DeletionOperations>;
  readonly #path: string;
  #writing: Promise<void> = Promise.resolve();

  constructor(context: Context) {
    this.#context = context;
    this.#store = context.store.of<DeletionOperations>("deletions");
    this.#path = deletionListPath(context.config.store.path);
    context.events.onAccountGone(() => void this.writeIfPossible());
  }

  /** Deletes again what came back, before anybody can write to it. */
  async replay(): Promise<void> {
    const deletions = readDeletions(this.#path);
    const { clock, events, log } = this.#context;
    for (let from = 0; from < deletions.length; from += PAGE) {
      const gone = await this.#store.deleteAgain(deletions.slice(from, from + PAGE), clock.now());
      for (const jid of gone) {
        log.warn({ account: jid }, "deleted again after a restore; an account on the host is left to you");
        events.accountGone(jid);
      }
    }
  }

  /** Moves what was deleted into the list. What cannot be written now stays noted. */
  write(): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write());
    return this.#writing;
  }

  /** As {@link write}; that it is not possible is for the log. */
  async writeIfPossible(): Promise<void> {
    try {
      await this.write();
    } catch (error) {
      this.#context.log.error({ reason: (error as Error).message }, "deletions could not be listed");
    }
  }

  async #write(): Promise<void> {
    for (;;) {
      const pending = await this.#store.pendingDeletions(PAGE);
      const last = pending.at(-1);
      if (!last) return;
      await appendDeletions(this.#path, pending);
      await this.#store.deletionsListed(last.id);
    }
  }
}
