import type { EpochMs } from "../../src/clock.js";
import type { DeviceId, MessageId } from "../../src/ids.js";
import type { Quote } from "../../src/message-content.js";
import type { OpenFailure, TrustLevel } from "../omemo/mod.js";
import type { Transaction, View } from "../storage/port.js";
import { decodeRecord, encodeRecord, orderKey } from "./codec.js";

/** What arrived and was not yet acknowledged by the app, in the order of arrival. Addresses are bare JIDs. */
export interface InboxRecord {
  readonly order: number;
  readonly kind:
    | "message"
    | "reaction"
    | "retraction"
    | "sent-elsewhere"
    | "reacted-elsewhere"
    | "retracted-elsewhere"
    | "undecryptable";
  readonly id: MessageId;
  readonly from: string;
  readonly to: string;
  /** When the service accepted it. */
  readonly at: EpochMs;
  /** The sending device, as far as it is known. */
  readonly device?: DeviceId | undefined;
  readonly text?: string;
  readonly quote?: Quote | undefined;
  /** The earlier message that it stands in place of. */
  readonly replaces?: MessageId | undefined;
  /** The earlier message that a reaction or a retraction is about. */
  readonly of?: MessageId;
  readonly emojis?: readonly string[];
  readonly isEncrypted?: boolean;
  /** What the identity that it came with counted as when it was opened. */
  readonly trust?: TrustLevel | undefined;
  readonly reason?: OpenFailure;
}

const PREFIX = "inbox/";
const NEXT = "inbox-next";

/** Puts something at the end of the inbox. */
export function appendInbox(transaction: Transaction, content: Omit<InboxRecord, "order">): InboxRecord {
  const order = nextInboxOrder(transaction);
  transaction.set(NEXT, encodeRecord({ order: order + 1 }));
  const record = { order, ...content };
  transaction.set(PREFIX + orderKey(order), encodeRecord(record));
  return record;
}

/** The first records after a place. */
export function readInbox(view: View, after: number, limit: number): InboxRecord[] {
  return view
    .scan(PREFIX, { after: PREFIX + orderKey(after), limit })
    .map(([, bytes]) => decodeRecord(bytes) as InboxRecord);
}

/** How many records wait. */
export function countInbox(view: View): number {
  return view.scan(PREFIX).length;
}

/** The order of the next record. */
export function nextInboxOrder(view: View): number {
  const bytes = view.get(NEXT);
  return bytes ? (decodeRecord(bytes) as { order: number }).order : 1;
}

/** Removes what the app has acknowledged. Answers whether it was there. */
export function removeFromInbox(transaction: Transaction, order: number): boolean {
  const key = PREFIX + orderKey(order);
  if (!transaction.get(key)) return false;
  transaction.delete(key);
  return true;
}
