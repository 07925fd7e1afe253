import type { Clock } from "../../src/clock.js";
import type { DeviceId, MessageId } from "../../src/ids.js";
import type { ClientEvents } from "../client/events.js";
import type { SendHandle } from "../client/handles.js";
import type { InboxItem } from "../client/inbox-item.js";
import type { ClientUnit } from "../client/unit.js";
import type { View } from "../storage/port.js";

/**
 * What a bot needs of a client; `Client` is one, and `botTest` drives another.
 *
 * - What `inbox` yields comes again, in the same order, with every run, until a committed unit has acknowledged it.
 * - What a unit does is durable together or not at all; a message that it sends goes once, whatever happens then.
 * - A message under an id that was used is not sent again.
 *
 * `test/contract/bot-client.ts` holds an implementation to it.
 */
export interface BotClient {
  /** The own number; missing until the mailbox was open for the first time. */
  readonly number: string | undefined;
  readonly device: DeviceId;
  /** Items of this order and above arrive from now on; those below were there before. */
  readonly nextOrder: number;
  /** Connects; nothing comes out of the inbox before. @throws {TwotickError} when it never can */
  start(): Promise<void>;
  /** Ends; what is durable stays. */
  stop(): Promise<void>;
  /** As `Client.inbox`; to be called once, before `start`. */
  inbox(): AsyncIterable<InboxItem>;
  /** As `Client.commit`. */
  commit<Result>(work: (unit: ClientUnit) => Result): Promise<Result>;
  /** As `Client.read`. */
  read<Result>(work: (view: View) => Result): Result;
  /** As `Client.sent`. */
  sent(id: MessageId): SendHandle | undefined;
  /** As `Client.on`. */
  on<Name extends keyof BotClientEvents>(
    name: Name,
    listener: (detail: BotClientEvents[Name]) => void,
  ): () => void;
}

/** The events of a client that a bot passes on. */
export type BotClientEvents = Pick<
  ClientEvents,
  | "connection"
  | "accepted"
  | "receipt"
  | "failed"
  | "identity-changed"
  | "device-added"
  | "trust-changed"
  | "device-skipped"
  | "error"
  | "fatal"
>;

/** What a run of a bot works with. */
export interface RunPorts {
  readonly client: BotClient;
  readonly clock: Clock;
  /** Something went wrong that no message is to blame for, and the bot goes on. */
  readonly onError: (error: unknown) => void;
}
