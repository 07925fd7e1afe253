import { type MessageId, newId } from "../../src/ids.js";
import type { ControlMessage } from "../omemo/mod.js";
import type { Storage, Transaction } from "../storage/port.js";
import { appendOutbox, type OutboxRecord, readOutbox } from "./outbox-records.js";

/** With it the ids of control messages begin, so that receipts for them are told apart on all own devices. */
const PREFIX = "omemo-";

/** Makes the id of a message that the encryption wants sent. */
export function newControlId(): MessageId {
  return (PREFIX + newId()) as MessageId;
}

/** Whether an id is that of a control message; one that an app chose may look the same. */
export function isControlId(id: MessageId): boolean {
  return id.startsWith(PREFIX);
}

/**
 * Writes a control message into the outbox in the transaction in which the need for it arose.
 *
 * @param add takes the record once it is durable; never, when the transaction is rolled back
 */
export function enqueueControl(
  storage: Storage,
  transaction: Transaction,
  control: ControlMessage,
  add: (record: OutboxRecord) => void,
): void {
  const id = newControlId();
  const record = appendOutbox(transaction, { kind: "control", id, to: control.to, control });
  queueMicrotask(() => {
    // Rolled back, its place may be another's
    if (storage.read((view) => readOutbox(view, record.order))?.id === id) add(record);
  });
}
