/**
 * How far a message has come for one device, in rising order. A state is never replaced by a lower one.
 *
 * - `accepted`: durable in the recipient's mailbox
 * - `expired`: it waited longer than the mailbox keeps entries, or was set aside
 * - `undecryptable`: it reached the device, which could not decrypt it
 * - `delivered`: durable on the device, decrypted
 * - `read`: the person has seen it (XEP-0333 displayed)
 */
export const RECEIPT_STATES = ["accepted", "expired", "undecryptable", "delivered", "read"] as const;

/** One of {@link RECEIPT_STATES}. */
export type ReceiptState = (typeof RECEIPT_STATES)[number];

/** The rank of a state: its index in {@link RECEIPT_STATES}. */
export function receiptRank(state: ReceiptState): number {
  return RECEIPT_STATES.indexOf(state);
}

/** The higher of two states: commutative, associative, idempotent, so that receipts may come in any order. */
export function joinReceipts(a: ReceiptState, b: ReceiptState): ReceiptState {
  return receiptRank(a) >= receiptRank(b) ? a : b;
}

/** Whether `text` names a state. */
export function isReceiptState(text: string | undefined): text is ReceiptState {
  return RECEIPT_STATES.includes(text as ReceiptState);
}
