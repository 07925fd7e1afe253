import type { Clock } from "../../src/clock.js";
import { type MessageId, newId } from "../../src/ids.js";
import type { ControlMessage } from "../omemo/mod.js";
import type { Storage, Transaction } from "../storage/port.js";
import { appendOutbox, type OutboxRecord, readOutbox } from "./outbox-records.js";

/** With it the ids of control messages begin, so that receipts for them are told apart on all own devices. */
const PREFIX = "omemo-";

/** For how long one that says something of trust is tried: nobody would say it again. As long as a mailbox keeps a message. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/** What control messages are written down with. */
export interface ControlPorts {
  readonly storage: Storage;
  readonly clock: Clock;
  /** Takes the record once it is durable; never, when the transaction is rolled back. */
  readonly add: (record: OutboxRecord) => void;
}

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
 * An empty one ends with its first attempts, as the need arises again; one that says something is kept.
 */
export function enqueueControl(
  { storage, clock, add }: ControlPorts,
  transaction: Transaction,
  control: ControlMessage,
): void {
  const id = newControlId();
  const keepUntil = control.elements && clock.now() + KEPT_MS;
  const record = appendOutbox(transaction, { kind: "control", id, to: control.to, control, keepUntil });
  queueMicrotask(() => {
    // Rolled back, its place may be another's
    if (storage.read((view) => readOutbox(view, record.order))?.id === id) add(record);
  });
}
