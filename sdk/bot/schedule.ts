import type { EpochMs } from "../../src/clock.js";
import { InvalidInput } from "../../src/errors.js";
import type { MessageId } from "../../src/ids.js";
import type { MessageContent } from "../../src/message-content.js";
import type { PhoneNumber } from "../../src/phone-number.js";
import { decodeRecord, encodeRecord, orderKey } from "../client/codec.js";
import type { SendHandle } from "../client/handles.js";
import { checkContent, type ClientUnit } from "../client/unit.js";
import type { View } from "../storage/port.js";
import type { RunPorts } from "./port.js";

/** How often the time of day is looked at: it may be set, and a machine may have slept. */
const LOOK_EVERY_MS = 60_000;
/** Sent in one transaction. */
const MAX_AT_ONCE = 100;
/** When the store could not keep that they went. */
const RETRY_MS = 5_000;

const BY_TIME = "bot/later/";
const BY_ID = "bot/later-id/";

interface Later {
  readonly id: MessageId;
  /** When it is to go. */
  readonly at: EpochMs;
  readonly to: PhoneNumber;
  readonly content: MessageContent;
}

/** A message that is to go later. */
export interface ScheduledSend {
  readonly id: MessageId;
  readonly at: EpochMs;
  readonly to: PhoneNumber;
  readonly text: string;
  /** Takes it back. @returns whether it had not gone yet; @throws {StorageError} */
  cancel(): Promise<boolean>;
}

/** Sends messages at their time: each leaves the schedule in the transaction that puts it into the outbox. */
export class Scheduler {
  readonly #ports: RunPorts;
  readonly #onSent: (handle: SendHandle) => void;
  #cancelTimer: () => void = () => {};
  #isRunning = false;
  #firing: Promise<void> | undefined;

  constructor(ports: RunPorts, onSent: (handle: SendHandle) => void) {
    this.#ports = ports;
    this.#onSent = onSent;
  }

  /** Begins: what fell due in the meantime goes now. */
  start(): void {
    this.#isRunning = true;
    this.#look();
  }

  /** Ends; the rest waits in the store. Resolves when what is being sent is durable. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancelTimer();
    await this.#firing;
  }

  /** Whether something is being sent. */
  get isBusy(): boolean {
    return this.#firing !== undefined;
  }

  /** Writes a message down; one of the same id that waits is answered in its place. @throws {InvalidInput} */
  async add(later: Later): Promise<ScheduledSend> {
    if (!(later.at >= 0 && later.at < 1e15)) throw new InvalidInput("a message is scheduled for a time");
    checkContent(later.content);
    const at = Math.round(later.at);
    const kept = await this.#ports.client.commit((unit) => {
      const earlier = find(unit, later.id);
      if (earlier) return earlier;
      unit.set(timeKey({ at, id: later.id }), encodeRecord({ ...later, at }));
      unit.set(BY_ID + later.id, encodeRecord({ at }));
      return { ...later, at };
    });
    this.#look();
    return this.#told(kept);
  }

  /** Everything that waits, the next first. */
  list(): ScheduledSend[] {
    const all = this.#ports.client.read((view) => view.scan(BY_TIME));
    return all.map(([, bytes]) => this.#told(decodeRecord(bytes) as Later));
  }

  #told(later: Later): ScheduledSend {
    const { id, at, to, content } = later;
    const text = content.kind === "text" ? content.text : "";
    return { id, at, to, text, cancel: () => this.#cancel(id) };
  }

  #cancel(id: MessageId): Promise<boolean> {
    return this.#ports.client.commit((unit) => {
      const later = find(unit, id);
      if (later) remove(unit, later);
      return later !== undefined;
    });
  }

  #look(): void {
    if (!this.#isRunning || this.#firing) return;
    this.#cancelTimer();
    const { client, clock } = this.#ports;
    const [next] = client.read((view) => view.scan(BY_TIME, { limit: 1 }));
    if (!next) return;
    const waitMs = (decodeRecord(next[1]) as Later).at - clock.now();
    if (waitMs <= 0) this.#fireSoon();
    else this.#cancelTimer = clock.after(Math.min(waitMs, LOOK_EVERY_MS), () => this.#look());
  }

  #fireSoon(): void {
    this.#firing = this.#fire()
      .then(
        () => true,
        (error: unknown) => {
          this.#ports.onError(error);
          return false;
        },
      )
      .then((isDone) => {
        this.#firing = undefined;
        if (isDone) this.#look();
        else if (this.#isRunning) this.#cancelTimer = this.#ports.clock.after(RETRY_MS, () => this.#look());
      });
  }

  async #fire(): Promise<void> {
    const { client, clock, onError } = this.#ports;
    const now = clock.now();
    const { handles, faults } = await client.commit((unit) => {
      const result = { handles: [] as SendHandle[], faults: [] as unknown[] };
      for (const [, bytes] of unit.scan(BY_TIME, { limit: MAX_AT_ONCE })) {
        const later = decodeRecord(bytes) as Later;
        if (later.at > now) break;
        remove(unit, later);
        try {
          result.handles.push(unit.send(later.to, later.content, { id: later.id, isFirstKept: true }));
        } catch (error) {
          // It will never be any good, and holds up no other
          if (!(error instanceof InvalidInput)) throw error;
          result.faults.push(error);
        }
      }
      return result;
    });
    for (const handle of handles) this.#onSent(handle);
    for (const fault of faults) onError(fault);
  }
}

function find(view: View, id: MessageId): Later | undefined {
  const bytes = view.get(BY_ID + id);
  const later = bytes && view.get(timeKey({ id, ...(decodeRecord(bytes) as { at: EpochMs }) }));
  return later && (decodeRecord(later) as Later);
}

function remove(unit: ClientUnit, later: Pick<Later, "id" | "at">): void {
  unit.delete(timeKey(later));
  unit.delete(BY_ID + later.id);
}

function timeKey({ at, id }: Pick<Later, "id" | "at">): string {
  return `${BY_TIME}${orderKey(at)}/${id}`;
}
