import { LinkError, TwotickError } from "../../src/errors.js";
import { retryDelayMs } from "../connection/retry.js";
import { decodeRecord, encodeRecord, orderKey } from "../client/codec.js";
import type { InboxItem } from "../client/inbox-item.js";
import type { ClientUnit } from "../client/unit.js";
import type { View } from "../storage/port.js";
import { type ApiPorts, BotApi } from "./api.js";
import { Calls } from "./calls.js";
import { chatOf, Context } from "./context.js";
import { type DeadLetter, letterId, removeLetter, writeLetter } from "./dead-letters.js";
import type { MiddlewareFn } from "./middleware.js";
import type { RunPorts } from "./port.js";
import type { OpenSession, Sessions } from "./session.js";

/** What ended the process each time when it was begun is not begun a fourth time. */
const MAX_BEGUN = 3;
const RETRY = { minMs: 1_000, maxMs: 60_000 };

/** What handling works with. */
export interface HandlingPorts<S> extends RunPorts {
  readonly api: () => ApiPorts;
  readonly handler: MiddlewareFn<Context<S>>;
  readonly sessions: Sessions<S>;
  readonly marksRead: boolean;
  readonly signal: AbortSignal;
  /** Items below were there when the run began: an earlier process may have begun to handle them. */
  readonly firstNew: number;
  /** Told when an item became a dead letter, durably. */
  readonly onDead: (error: unknown, ctx: Context<S>) => void;
}

/** Something to be handled: from the inbox, or a dead letter once more. */
export interface Job {
  readonly item: InboxItem;
  readonly letter?: DeadLetter | undefined;
  /** Told whether it was handled. */
  readonly done?: (isHandled: boolean) => void;
}

/**
 * Has one item handled: its session is read, the handlers run, and what they made of the session is stored in the
 * transaction that acknowledges it. When they fail, the session stays as it was, and the item is acknowledged and kept
 * as a dead letter.
 */
export class Handling<S> {
  readonly #ports: HandlingPorts<S>;

  constructor(ports: HandlingPorts<S>) {
    this.#ports = ports;
  }

  /** Never rejects: what cannot be noted is left in the inbox, for the next run. */
  async handle(job: Job): Promise<void> {
    let isHandled = false;
    try {
      isHandled = await this.#handle(job);
    } catch (error) {
      this.#ports.onError(error);
    }
    job.done?.(isHandled);
  }

  async #handle({ item, letter }: Job): Promise<boolean> {
    const isRepeated = letter !== undefined || item.order < this.#ports.firstNew;
    const begun = isRepeated && !letter ? await this.#begin(item) : 0;
    const calls = new Calls();
    const ctx = this.#contextOf(item, calls, isRepeated);
    try {
      if (begun >= MAX_BEGUN)
        throw new TwotickError("interrupted", "the process ended each time it was handled");
      await this.#ports.handler(ctx.context, async () => {});
      await calls.settled();
      const keepSession = ctx.session.changes();
      return await this.#note((unit) => {
        keepSession(unit);
        if (this.#ports.marksRead && item.kind === "message" && !ctx.context.isMarkedRead)
          unit.markRead(item);
        this.#finish(unit, item, letter);
      });
    } catch (error) {
      await this.#bury(error, ctx.context, letter);
      return false;
    }
  }

  #contextOf(
    item: InboxItem,
    calls: Calls,
    isRepeated: boolean,
  ): { context: Context<S>; session: OpenSession<S> } {
    const { client, clock, api, sessions, signal } = this.#ports;
    const session = client.read((view) => sessions.open(view, chatOf(item)));
    const track = <Value>(call: Promise<Value>): Promise<Value> => calls.track(call);
    const scope = `${item.from} ${item.id}`;
    const parts = { item, session, clock, signal, isRepeated };
    return { session, context: new Context({ ...parts, api: new BotApi(api, scope, track) }) };
  }

  async #bury(error: unknown, ctx: Context<S>, letter: DeadLetter | undefined): Promise<void> {
    const { signal, clock, onDead } = this.#ports;
    // The bot is stopping and could not wait for it: that is no fault of the handler, which runs again
    if (signal.aborted || isStop(error)) return;
    const { item } = ctx;
    const attempts = (letter?.attempts ?? 0) + 1;
    const isNoted = await this.#note((unit) => {
      this.#finish(unit, item, undefined);
      writeLetter(unit, { item, attempts, failedAt: clock.now() }, error);
    });
    if (isNoted) onDead(error, ctx);
  }

  #finish(unit: ClientUnit, item: InboxItem, letter: DeadLetter | undefined): void {
    if (letter) removeLetter(unit, letterId(item));
    unit.acknowledge(item);
    if (item.order < this.#ports.firstNew) unit.delete(begunKey(item));
  }

  /** How often an item was begun before: noted only for what an earlier process left, as it costs a commit. */
  async #begin(item: InboxItem): Promise<number> {
    const before = this.#ports.client.read((view) => readBegun(view, item));
    const begun = before + 1;
    if (begun < MAX_BEGUN) {
      await this.#note((unit) => unit.set(begunKey(item), encodeRecord({ begun })));
    }
    return begun;
  }

  /** Makes something durable, however long the store takes. Answers whether it could, before the bot stopped. */
  async #note(work: (unit: ClientUnit) => void): Promise<boolean> {
    const { client, clock, onError, signal } = this.#ports;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await client.commit(work);
        return true;
      } catch (error) {
        if (isStop(error)) return false;
        onError(error);
        await pause(retryDelayMs(failures, RETRY, 0.5), clock, signal);
      }
    }
    return false;
  }
}

function pause(ms: number, clock: RunPorts["clock"], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    signal.addEventListener("abort", end);
  });
}

function isStop(error: unknown): boolean {
  return error instanceof LinkError && error.code === "stopped";
}

function readBegun(view: View, item: InboxItem): number {
  const bytes = view.get(begunKey(item));
  return bytes ? (decodeRecord(bytes) as { begun: number }).begun : 0;
}

function begunKey({ order }: InboxItem): string {
  return `bot/begun/${orderKey(order)}`;
}
