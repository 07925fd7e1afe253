import type { Context } from "../capability.js";
import type { NewReceiptEntry } from "../receipts/store.js";
import type { NewMessageEntry } from "./accept-store.js";
import type { MessageContent, Offer } from "./delivery-ports.js";

/** Bytes that a receipt counts for in a window, beside its ids. */
const RECEIPT_BYTES = 200;
const RECEIPT_ID_BYTES = 40;

/** Receipts that were committed, as they go to the senders' devices; they are counted. */
export function receiptOffers(
  { metrics, numbers }: Pick<Context, "metrics" | "numbers">,
  entries: readonly NewReceiptEntry[],
): Offer[] {
  for (const { state, ids } of entries) metrics.receipts.inc({ state }, ids.length);
  return entries.map(({ device, seq, state, deviceId, at, ids, from }) => ({
    device,
    seq,
    sizeBytes: RECEIPT_BYTES + ids.length * RECEIPT_ID_BYTES,
    content: { kind: "receipt", state, from: numbers.jidOf(from), device: deviceId ?? undefined, at, ids },
  }));
}

/** A message that was committed, as it goes to the devices in whose mailboxes it is. */
export function messageOffers(
  message: Omit<MessageContent, "kind">,
  entries: readonly NewMessageEntry[],
  compact?: Uint8Array,
): Offer[] {
  const content = { kind: "message", ...message } as const;
  const sizeBytes = Buffer.byteLength(message.payload);
  return entries.map(({ device, seq }) => ({ device, seq, sizeBytes, content, compact }));
}
