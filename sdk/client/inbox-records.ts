import type { EpochMs } from "../../src/clock.js";
import type { DeviceId, MessageId } from "../../src/ids.js";
import type { OpenFailure, TrustLevel } from "../omemo/mod.js";
import type { Transaction, View } from "../storage/port.js";
import { decodeRecord, encodeRecord, orderKey } from "./codec.js";

/** What arrived and was not yet acknowledged by the app, in the order of arrival. Addresses are bare JIDs. */
export interface InboxRecord {
  readonly order: number;
  readonly kind: "message" | "sent-elsewhere" | "undecryptable";
  readonly id: MessageId;
  readonly from: string;
  readonly to: string;
  /** When the service accepted it. */
  readonly at: EpochMs;
  /** The sending device, as far as it is known. */
  readonly device?: DeviceId | undefined;
  readonly text?: string;
  readonly isEncrypted?: boolean;
  /** What the identity that it came with counted as when it was opened. */
  readonly trust?: TrustLevel | undefined;
  readonly reason?: OpenFailure;
}

const PREFIX = "inbox/";
const NEXT = "inbox-next";

/** Puts something at the end of the inbox. */
export function appendInbox(transaction: Transaction, content: Omit<InboxRecord, "order">): InboxRecord {
  const bytes = transaction.get(NEXT);
  const order = bytes ? (decodeRecord(bytes) as { order: number }).order : 1;
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

/** Removes what the app has acknowledged. */
export function removeFromInbox(transaction: Transaction, order: number): void {
  transaction.delete(PREFIX + orderKey(order));
}
