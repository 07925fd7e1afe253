import type { Context } from "../capability.js";
import type { Remote } from "../store/operations.js";
import type { Answer } from "./asking.js";
import type { AppSession } from "./session.js";
import type { AppOperations } from "./store.js";

/** What finding out what has arrived works with. */
export interface ArrivalsPorts {
  readonly context: Pick<Context, "clock" | "exchange">;
  readonly store: Pick<Remote<AppOperations>, "answered" | "drop">;
  /** Asks whether an app is still there, behind all that went to it. */
  readonly ask: (session: AppSession) => Promise<Answer>;
  /** Ends entries that an app has. */
  readonly end: (session: AppSession, seqs: readonly number[]) => void;
  readonly report: (error: unknown) => void;
}

/**
 * Finds out what has arrived of that for which an app gives no receipt: an IQ goes behind it, on the same ordered stream.
 *
 * Its answer says that what went before has arrived, unless the host has dropped it: as it does, without a word to
 * anybody, with messages of whom the person has blocked there. Source: XEP-0191 §3.2
 */
export class Arrivals {
  readonly #ports: ArrivalsPorts;

  constructor(ports: ArrivalsPorts) {
    this.#ports = ports;
  }

  /** Something went to an app. */
  sent(session: AppSession): void {
    if (session.needsBarrier && !session.isAsking) void this.#ask(session, () => this.#barrier(session));
  }

  /** Looks for what is late. */
  look(session: AppSession, nowMs: number): void {
    if (session.isAsking) return;
    const overdue = session.overdue(nowMs);
    if (overdue.length > 0) void this.#ask(session, () => this.#arrived(session, overdue).then(() => true));
    else if (session.isBarrierDue(nowMs)) void this.#ask(session, () => this.#barrier(session));
  }

  // One at a time: what was found out once is not asked for again
  /** @param work answers whether the app is there */
  async #ask(session: AppSession, work: () => Promise<boolean>): Promise<void> {
    session.isAsking = true;
    let isThere = false;
    try {
      isThere = await work();
    } catch (error) {
      this.#ports.report(error);
    } finally {
      session.isAsking = false;
    }
    if (isThere && !session.isClosed) this.sent(session);
  }

  /** Answers whether the app is there. */
  async #barrier(session: AppSession): Promise<boolean> {
    const { context, store, ask, report } = this.#ports;
    const mark = session.mark();
    if ((await ask(session)) !== "there") return false;
    const { ended, waiting } = session.confirm(mark, context.clock.monotonicMs());
    await this.#arrived(session, ended);
    if (waiting > 0) store.answered(session.device, waiting).catch((error: unknown) => report(error));
    return true;
  }

  // All senders at once: one about whom the host is slow to answer holds up no other
  async #arrived(session: AppSession, seqs: readonly number[]): Promise<void> {
    const { context, store, end } = this.#ports;
    const settle = async (from: string | undefined, sent: readonly number[]): Promise<void> => {
      if (from === undefined || !(await context.exchange.isDropped(session.account, from)))
        return end(session, sent);
      for (const seq of sent) session.end(seq);
      await store.drop(session.device, sent, context.clock.now());
    };
    await Promise.all([...session.bySender(seqs)].map(([from, sent]) => settle(from, sent)));
  }
}
