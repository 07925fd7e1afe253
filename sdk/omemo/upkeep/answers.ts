import type { Session } from "../../ratchet/mod.js";
import type { Transaction } from "../../storage/port.js";
import { isFresh, type OmemoContext, type OmemoTimes } from "../context.js";
import { currentSession } from "../sessions.js";
import { answeredAt, clearAnswerDue, dueAnswers, markAnswered } from "./upkeep-records.js";

/**
 * Whether the peer waits for a message of ours: it began the session and repeats the key exchange until an answer
 * comes, or its chain has grown long and only a message of ours lets it take a new ratchet key.
 *
 * Once there is a sending chain, a message of ours is under way and another would change nothing.
 */
export function needsAnswer(
  { isInitiator, sending, previousCounter, receiving }: Session,
  { heartbeatMessages }: Pick<OmemoTimes, "heartbeatMessages">,
): boolean {
  if (sending) return false;
  const isFirst = !isInitiator && previousCounter === 0 && receiving.length === 1;
  // XEP-0384 0.8 §6: the heartbeat
  return isFirst || (receiving.at(-1)?.counter ?? 0) >= heartbeatMessages;
}

/**
 * Writes down the answers that are due; those to devices that had one a short while ago stay due.
 *
 * @returns in how many milliseconds the next is due; nothing when none is
 */
export function enqueueAnswers(context: OmemoContext, transaction: Transaction): number | undefined {
  const { clock, enqueue, times } = context;
  let waitMs: number | undefined;
  for (const peer of dueAnswers(transaction)) {
    const session = currentSession(transaction, peer);
    if (!enqueue || !session || !needsAnswer(session, times)) {
      clearAnswerDue(transaction, peer);
      continue;
    }
    const last = answeredAt(transaction, peer);
    if (last !== undefined && isFresh(context, last, times.answerIntervalMs)) {
      const leftMs = last + times.answerIntervalMs - clock.now();
      waitMs = Math.min(waitMs ?? Infinity, leftMs);
      continue;
    }
    const { version, address, device } = peer;
    enqueue(transaction, { to: address, devices: [device], version, purpose: "answer" });
    clearAnswerDue(transaction, peer);
    markAnswered(transaction, peer, clock.now());
  }
  return waitMs;
}

/** Collects what is to be answered until there is a pause, so that a catch-up ends in one answer to each device. */
export class AnswerTimer {
  readonly #context: OmemoContext;
  #cancel: (() => void) | undefined;
  #latestMs: number | undefined;
  #isClosed = false;

  constructor(context: OmemoContext) {
    this.#context = context;
  }

  /** Something was opened: if answers are due, they wait until nothing has come for a moment, but not for ever. */
  opened(): void {
    if (this.#cancel) this.#schedule(this.#context.times.answerDelayMs);
  }

  /** An answer is due. */
  due(): void {
    this.#schedule(this.#context.times.answerDelayMs);
  }

  /** Ends what waits; it is taken up again at the next start. */
  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }

  #schedule(delayMs: number): void {
    const { clock, times } = this.#context;
    if (this.#isClosed) return;
    const now = clock.monotonicMs();
    this.#latestMs ??= now + Math.max(delayMs, times.answerMaxDelayMs);
    this.#cancel?.();
    this.#cancel = clock.after(Math.max(0, Math.min(delayMs, this.#latestMs - now)), () => this.#run());
  }

  #run(): void {
    this.#cancel = undefined;
    this.#latestMs = undefined;
    const { news, storage } = this.#context;
    if (this.#isClosed) return;
    news.attempt(() => {
      const waitMs = storage.transaction((transaction) => enqueueAnswers(this.#context, transaction));
      if (waitMs !== undefined) this.#schedule(waitMs);
    });
  }
}
