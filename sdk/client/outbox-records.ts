import type { EpochMs } from "../../src/clock.js";
import type { MessageId } from "../../src/ids.js";
import type { ControlMessage } from "../omemo/mod.js";
import type { Transaction, View } from "../storage/port.js";
import { decodeRecord, encodeRecord, orderKey } from "./codec.js";

/** What waits to be accepted. It holds the text until it is sealed, then the payload, which never changes again. */
export interface OutboxRecord {
  readonly order: number;
  readonly kind: "message" | "displayed" | "control";
  readonly id: MessageId;
  /** Bare number JID. */
  readonly to: string;
  readonly text?: string | undefined;
  /** What stands beside the text in the envelope, each as XML with its own `xmlns`. */
  readonly elements?: readonly string[] | undefined;
  /** What the encryption wants sent; nobody is told how it ends. */
  readonly control?: ControlMessage;
  /** Until when it is tried again whenever the mailbox is opened; what has none ends with its first attempts. */
  readonly keepUntil?: EpochMs | undefined;
  /** XML as it is submitted; a retry carries the same bytes. */
  readonly payload?: string;
}

const PREFIX = "outbox/";
const NEXT = "outbox-next";
const PAGE = 500;

/** Puts something at the end of the outbox. */
export function appendOutbox(transaction: Transaction, content: Omit<OutboxRecord, "order">): OutboxRecord {
  const bytes = transaction.get(NEXT);
  const order = bytes ? (decodeRecord(bytes) as { order: number }).order : 1;
  transaction.set(NEXT, encodeRecord({ order: order + 1 }));
  const record = { order, ...content };
  writeOutbox(transaction, record);
  return record;
}

/** Stores a record where it stands. */
export function writeOutbox(transaction: Transaction, record: OutboxRecord): void {
  transaction.set(PREFIX + orderKey(record.order), encodeRecord(record));
}

/** One record; `undefined` when it has ended, or never was. */
export function readOutbox(view: View, order: number | undefined): OutboxRecord | undefined {
  const bytes = order !== undefined && view.get(PREFIX + orderKey(order));
  return bytes ? (decodeRecord(bytes) as OutboxRecord) : undefined;
}

/** Removes what has ended. */
export function removeFromOutbox(transaction: Transaction, order: number): void {
  transaction.delete(PREFIX + orderKey(order));
}

/** Everything that waits, in order. */
export function* outboxRecords(view: View): Generator<OutboxRecord> {
  let after: string | undefined;
  for (;;) {
    const page = view.scan(PREFIX, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const [, bytes] of page) yield decodeRecord(bytes) as OutboxRecord;
    after = page.at(-1)?.[0];
    if (page.length < PAGE) return;
  }
}
