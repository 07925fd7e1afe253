import type { Clock } from "../../src/clock.js";
import type { MessageEntry, ReceiptEntry } from "../../src/mailbox-deliver.js";
import type { Sender } from "../capability.js";
import type { Log } from "../log.js";
import type { Metrics } from "../metrics.js";

/** A message without the place in the mailbox. */
export type MessageContent = Omit<MessageEntry, "seq" | "isRedelivery"> & {
  /** Under which resource of its number others are shown the device that sent it, where that is known. */
  readonly resource?: string | undefined;
};

/** An entry without the place in the mailbox. */
export type Content = MessageContent | Omit<ReceiptEntry, "seq" | "isRedelivery">;

/** An entry that may go to a device. */
export interface Offer {
  readonly device: number;
  readonly seq: number;
  readonly sizeBytes: number;
  readonly content: Content;
  /** The payload as frames carry it, when it is at hand. */
  readonly compact?: Uint8Array | undefined;
}

/** Reads the entries of a mailbox after a sequence number, in order. */
export type ReadMailbox = (
  device: number,
  after: number,
  maxEntries: number,
  maxBytes: number,
) => Promise<Offer[]>;

/** A device that has opened its mailbox. */
export interface Session {
  readonly device: number;
  readonly account: number;
  /** Bare JID of the account. */
  readonly accountJid: string;
  readonly fullJid: string;
  /** The number JID that the account speaks for, and the resource of it under which others are shown this device. */
  readonly numberJid: string;
  readonly resource: string;
  /** Whether it was agreed that entries and answers go in frames. */
  readonly isFramed?: boolean;
}

/** What the delivery needs from its surroundings. */
export interface DeliveryPorts {
  readonly domain: string;
  readonly link: Sender;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly windowEntries: number;
  readonly read: ReadMailbox;
  /** A session ended on the device's side with this entry as the first of those that went and were not acknowledged. */
  readonly onHeadInVain: (device: number, seq: number) => void;
  /** An entry was committed for a device that has not attached: nobody's business here. */
  readonly onUnattached: (offer: Offer) => void;
  /** A session ended: nothing is sent to this full JID until the device attaches again. */
  readonly onClosed: (device: number, fullJid: string) => void;
}
