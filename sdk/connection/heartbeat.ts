import type { Clock } from "../../src/clock.js";
import type { HeartbeatOptions } from "./options.js";

/** What the heartbeat needs to know of a stream, and what it does to it. */
export interface HeartbeatSubject {
  /** When something last arrived, on the monotonic clock. */
  lastHeardMs(): number;
  /** Whether reading is held up by ourselves, so that silence means nothing. */
  isPaused(): boolean;
  /** Asks the server for a sign of life that also acknowledges what was sent. */
  probe(): void;
  /** Gives the connection up. */
  giveUp(): void;
}

/** However much still arrives, an answer that took this many deadlines is not coming. */
const PATIENCE = 4;

/**
 * Notices a peer that is gone: asks after silence and after each send, and gives up when no answer comes.
 *
 * A TCP connection whose other end has vanished looks like one on which nobody speaks. Source: XEP-0198 §4, XEP-0199 §4.2.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #options: HeartbeatOptions;
  readonly #subject: HeartbeatSubject;
  #cancelIdle: () => void = () => {};
  #cancelAsk: (() => void) | undefined;
  #cancelDeadline: (() => void) | undefined;
  #askedAtMs = 0;

  /** It beats from now on until `stop`. */
  constructor(clock: Clock, options: HeartbeatOptions, subject: HeartbeatSubject) {
    this.#clock = clock;
    this.#options = options;
    this.#subject = subject;
    this.#watchSilence(options.intervalMs);
  }

  /** A stanza was sent: an answer is wanted before long. */
  sent(): void {
    if (this.#cancelAsk || this.#cancelDeadline) return;
    this.#cancelAsk = this.#clock.after(this.#options.afterSendMs, () => this.ask());
  }

  /** Asks now, unless an answer is being waited for. */
  ask(): void {
    this.#cancelAsk?.();
    this.#cancelAsk = undefined;
    if (this.#cancelDeadline) return;
    this.#askedAtMs = this.#clock.monotonicMs();
    this.#cancelDeadline = this.#clock.after(this.#options.deadlineMs, () => this.#checkDeadline());
    this.#subject.probe();
  }

  /** The answer came. @param isAllAcknowledged whether nothing that was sent waits any more */
  answered(isAllAcknowledged: boolean): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
    if (!isAllAcknowledged) this.sent();
  }

  /** Ends it. */
  stop(): void {
    this.#cancelIdle();
    this.#cancelAsk?.();
    this.#cancelDeadline?.();
  }

  #watchSilence(delayMs: number): void {
    this.#cancelIdle = this.#clock.after(delayMs, () => {
      const left = this.#subject.lastHeardMs() + this.#options.intervalMs - this.#clock.monotonicMs();
      if (left <= 0 && !this.#subject.isPaused()) this.ask();
      this.#watchSilence(left > 0 ? left : this.#options.intervalMs);
    });
  }

  #checkDeadline(): void {
    const now = this.#clock.monotonicMs();
    const { deadlineMs } = this.#options;
    // A slow line still full of earlier stanzas is not a dead one; but one that only ever receives is.
    const quietSince = Math.max(this.#askedAtMs, this.#subject.lastHeardMs());
    const isGone = now - quietSince >= deadlineMs || now - this.#askedAtMs >= PATIENCE * deadlineMs;
    if (isGone && !this.#subject.isPaused()) return this.#subject.giveUp();
    const left = quietSince + deadlineMs - now;
    this.#cancelDeadline = this.#clock.after(left > 0 ? left : deadlineMs, () => this.#checkDeadline());
  }
}
