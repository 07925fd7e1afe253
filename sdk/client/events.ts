import type { EpochMs } from "../../src/clock.js";
import type { TwotickError } from "../../src/errors.js";
import type { DeviceId, MessageId } from "../../src/ids.js";
import type { Quote } from "../../src/message-content.js";
import type { ReceiptState } from "../../src/receipt-state.js";
import type { OmemoEvent, OpenFailure, TrustLevel } from "../omemo/mod.js";
import type { InboxItemOf } from "./inbox-item.js";
import type { IncomingMessage } from "./incoming-message.js";
import type { SendHandle } from "./handles.js";

/** What a client is doing: it sends and receives when it is `attached`; `refused` is for good. */
export type ClientState = "stopped" | "connecting" | "attaching" | "attached" | "refused";

/** A message that arrived and could not be opened. */
export interface UndecryptableMessage {
  readonly id: MessageId;
  /** The number that it came from. */
  readonly from: string;
  readonly at: EpochMs;
  readonly device: DeviceId | undefined;
  readonly reason: OpenFailure;
}

/** A message that another device of the same account sent. */
export interface SentElsewhere {
  readonly id: MessageId;
  /** The number that it was sent to. */
  readonly to: string;
  readonly at: EpochMs;
  readonly device: DeviceId | undefined;
  /** What the identity that it came with counted as then; missing when it was not encrypted. */
  readonly trust: TrustLevel | undefined;
  readonly text: string;
  /** What it answers. */
  readonly quote: Quote | undefined;
  /** The earlier message that it stands in place of. */
  readonly replaces: MessageId | undefined;
}

/** How far a message has come on one device of the recipient. */
export interface Receipt {
  readonly id: MessageId;
  /** The number that it was sent to. */
  readonly to: string;
  /** Missing when no device ever took the message. */
  readonly device: DeviceId | undefined;
  readonly state: ReceiptState;
  readonly at: EpochMs;
}

/** What a client tells. Everything told is durable before. */
export interface ClientEvents {
  state: ClientState;
  /** The same with the reason, where there is one: why the connection or the mailbox was lost, or it was refused. */
  connection: { readonly state: ClientState; readonly reason: TwotickError | undefined };
  /** A message; it is told again after a restart until `acknowledge` was called. */
  message: IncomingMessage;
  /** What a person now says to a message with emojis. Told at least once: once more when the process ended in between. */
  reaction: InboxItemOf<"reaction">;
  /** A person takes a message back. Told at least once: once more when the process ended in between. */
  retraction: InboxItemOf<"retraction">;
  /** Told at least once: once more when the process ended in between. */
  "sent-elsewhere": SentElsewhere;
  /** What another own device now says to a message with emojis. Told at least once, as `sent-elsewhere`. */
  "reacted-elsewhere": InboxItemOf<"reacted-elsewhere">;
  /** Another own device takes a message back. Told at least once, as `sent-elsewhere`. */
  "retracted-elsewhere": InboxItemOf<"retracted-elsewhere">;
  /** Told at least once: once more when the process ended in between. */
  undecryptable: UndecryptableMessage;
  /** A message has been accepted: it is durable in the recipient's mailboxes. */
  accepted: { handle: SendHandle; at: EpochMs };
  /** A message has come further on a device; also one that another own device sent. */
  receipt: Receipt;
  /** A send ended without having been accepted. */
  failed: { handle: SendHandle; error: TwotickError };
  /** A device shows another identity than before; whether anything goes to it, `trust` says. */
  "identity-changed": Extract<OmemoEvent, { kind: "identity-changed" }>;
  /** A person of whom devices were known has one more. */
  "device-added": Extract<OmemoEvent, { kind: "device-added" }>;
  /** An identity got another level, here or on the word of another device that is verified. */
  "trust-changed": Extract<OmemoEvent, { kind: "trust-changed" }>;
  /** A message went to fewer devices than the person has. */
  "device-skipped": Extract<OmemoEvent, { kind: "device-skipped" }>;
  /** The mailbox was closed by the service, which says why; the client opens it again by itself. */
  detached: { reason: string };
  /** Something went wrong and the client goes on. */
  error: unknown;
  /** The client has stopped by itself: credentials, the device was unlinked, or its store is an old one (`store-outdated`). */
  fatal: TwotickError;
}

/** Tells an event. */
export type Tell = <Name extends keyof ClientEvents>(name: Name, detail: ClientEvents[Name]) => void;
